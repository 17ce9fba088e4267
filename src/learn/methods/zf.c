/* zf.c - zero filling: a missing modality is a sample of zeros; its encoder runs and
 * trains. */
#include "learn/methods/methods.h"

const mmofl_method_kind mmofl_method_zf = {
    .kind =
        {.name = "zf",
         .help =
             "zero filling: a missing modality is zeros, its encoder runs and trains",
         .source = "PMM, arXiv 2505.16138"},
    .zeros = true};
