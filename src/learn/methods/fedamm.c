/* fedamm.c - each encoder averaged with weights by the samples that recorded its
 * modality.
 *
 * Devices do as in pm; the difference is in the coordinator's mean, where encoder m of
 * a device weighs as many samples of its buffer as have modality m, and the head as
 * usual. */
#include "learn/methods/methods.h"

const mmofl_method_kind mmofl_method_fedamm = {
    .kind = {.name = "fedamm",
             .help = "encoders averaged with weights by their recorded samples",
             .source =
                 "literature on asymmetric missing modalities; our reconstruction"},
    .by_modality = true};
