/* full.c - nothing missing, nothing disturbed: the line above all others. */
#include "learn/methods/methods.h"

const mmofl_method_kind mmofl_method_full = {
    .kind =
        {.name = "full",
         .help =
             "complete and clean streams whatever the experiment says: the upper line",
         .source = "FedAvg, McMahan et al. 2017"},
    .undisturbed = true};
