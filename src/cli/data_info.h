/* data_info.h - what a person wants to know about a data set, as tables or as JSON. */
#ifndef MMOFL_CLI_DATA_INFO_H
#define MMOFL_CLI_DATA_INFO_H

#include <stdio.h>

#include "mmofl/dataset.h"

/** Modalities, value ranges per channel, lengths of texts, samples per class and owner,
 * citation.
 * @retval MMOFL_E_MEMORY
 * @retval MMOFL_E_IO  out took no more */
MMOFL_CHECKED mmofl_status mmofl_cli_data_info(const mmofl_dataset *set, bool json,
                                               FILE *out, mmofl_error *err);

#endif
