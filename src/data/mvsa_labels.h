/* mvsa_labels.h - which samples of MVSA-Single have one sentiment, and which are for
 * training.
 *
 * Two tables are read, told apart by their header lines:
 *   labelResultAll.txt, the authors':  "ID", "text,image"; a row "1",
 * "neutral,positive" has the sentiments of text and picture.  They are merged as
 * everybody does (N. Xu, W. Mao, "MultiSentiNet", CIKM 2017): equal ones are the
 * sample's; one neutral gives way to the other; positive against negative leaves it
 * out. labels.tsv, prepared:  "id", "label" (a class, or "-": left out), and "train",
 * "dev", "test", or "-" in columns split811 and split_course, where there are any. */
#ifndef MMOFL_DATA_MVSA_LABELS_H
#define MMOFL_DATA_MVSA_LABELS_H

#include "data/text_table.h"

enum { MMOFL_MVSA_CLASSES = 3, MMOFL_MVSA_LEFT_OUT = -1 };

/** positive, neutral, negative */
extern const char *const mmofl_mvsa_class_name[MMOFL_MVSA_CLASSES];

typedef enum mmofl_mvsa_split {
    MMOFL_MVSA_AUTO,         /* split811 where the table has it, else drawn */
    MMOFL_MVSA_SPLIT811,     /* the table's column */
    MMOFL_MVSA_SPLIT_COURSE, /* the table's column */
    MMOFL_MVSA_DRAWN /* of each class, by rising id, every tenth is for the test */
} mmofl_mvsa_split;
#define MMOFL_MVSA_SPLIT_CHOICES "auto|split811|split_course|drawn"

typedef enum mmofl_mvsa_part {
    MMOFL_MVSA_TRAIN,
    MMOFL_MVSA_DEV,
    MMOFL_MVSA_TEST
} mmofl_mvsa_part;

/** A sample that has one sentiment. */
typedef struct mmofl_mvsa_sample {
    int32_t id, label;
    mmofl_mvsa_part part;
    size_t row; /* of the table, from 0 */
} mmofl_mvsa_sample;

typedef struct mmofl_mvsa_labels {
    mmofl_mvsa_sample *sample; /* (n) by rising id, malloc'ed */
    size_t n;
    size_t rows; /* of the table, those left out counted */
} mmofl_mvsa_labels;

/** Read either table; takes text.data over (free()), also when it fails.
 * @retval MMOFL_E_MISSING    a column (of the split, too), or no sample with a
 * sentiment
 * @retval MMOFL_E_UNKNOWN    a class or part that is none
 * @retval MMOFL_E_DUPLICATE  an id in two rows
 * @retval MMOFL_E_SYNTAX, MMOFL_E_TYPE, MMOFL_E_RANGE  an id that is no number from 0
 * @retval MMOFL_E_MEMORY, and whatever mmofl_delimited_open refuses
 * Errors say file:line:column. */
MMOFL_CHECKED mmofl_status mmofl_mvsa_labels_read(mmofl_text text,
                                                  mmofl_mvsa_split split,
                                                  mmofl_mvsa_labels *labels,
                                                  mmofl_error *err);

void mmofl_mvsa_labels_free(mmofl_mvsa_labels *labels);

#endif
