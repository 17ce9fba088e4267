/* data_summary.h - what can be counted in a data set, whatever it is made of. */
#ifndef MMOFL_CLI_DATA_SUMMARY_H
#define MMOFL_CLI_DATA_SUMMARY_H

#include "mmofl/dataset.h"

enum { MMOFL_CLI_TRAIN, MMOFL_CLI_TEST, MMOFL_CLI_PARTS };

/** One channel of a modality of numbers. */
typedef struct mmofl_cli_channel {
    int m, channel;
    double mean, sd; /* of the training part */
    double min, max; /* of everything recorded */
} mmofl_cli_channel;

/** A modality of tokens.  A text's length counts up to its last token; what follows is
 * padding. */
typedef struct mmofl_cli_tokens {
    int m;
    size_t used;                      /* different ids, padding not counted */
    size_t empty, full;               /* samples of length 0, of the whole length */
    double padding;                   /* share of all positions */
    int median, nine_tenths, longest; /* of the lengths */
} mmofl_cli_tokens;

typedef struct mmofl_cli_owner {
    int32_t owner;
    size_t n[MMOFL_CLI_PARTS];
} mmofl_cli_owner;

typedef struct mmofl_cli_summary {
    size_t recorded[MMOFL_MAX_MODALITIES]; /* samples that have the modality */
    mmofl_cli_channel *channel;
    size_t n_channels;
    mmofl_cli_tokens tokens[MMOFL_MAX_MODALITIES];
    size_t n_tokens;
    size_t (*classes)[MMOFL_CLI_PARTS]; /* (K) */
    mmofl_cli_owner *owner;             /* by rising number */
    size_t n_owners;
} mmofl_cli_summary;

/** Count everything.  @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_cli_summarize(const mmofl_dataset *set,
                                               mmofl_cli_summary *summary,
                                               mmofl_error *err);

void mmofl_cli_summary_free(mmofl_cli_summary *summary);

#endif
