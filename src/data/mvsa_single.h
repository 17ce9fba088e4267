/* mvsa_single.h - MVSA-Single: tweets of one photograph and one text, three sentiments.
 *
 * T. Niu, S. Zhu, L. Pang, A. El Saddik, "Sentiment Analysis on Multi-View Social
 * Data", MMM 2016. */
#ifndef MMOFL_DATA_MVSA_SINGLE_H
#define MMOFL_DATA_MVSA_SINGLE_H

#include "data/archive.h"
#include "data/source.h"

typedef struct mmofl_mvsa_single_options {
    int image_size;  /* side of the square in pixels */
    int text_length; /* tokens kept of a text */
    int vocabulary;  /* token ids, padding counted */
    int split;       /* mmofl_mvsa_split */
    int dev;         /* mmofl_mvsa_dev */
} mmofl_mvsa_single_options;

/** What becomes of a split's "dev" samples. */
typedef enum mmofl_mvsa_dev {
    MMOFL_MVSA_DEV_TRAIN,
    MMOFL_MVSA_DEV_TEST,
    MMOFL_MVSA_DEV_LEAVE
} mmofl_mvsa_dev;

/** Modalities image (side, side, 3) from 0 to 255, R G B, and text (length) of hashed
 * token ids (text_tokens.h); owner = time = the sample's id, for nothing is known of
 * who wrote it or when.  The path may be the official layout: labelResultAll.txt, and
 * ID.jpg and ID.txt in a folder `data`; a prepared folder: labels.tsv, texts.tsv, and
 * images_rgbSIDE.npy, whose row k is of row k of labels.tsv; a zip beside them stands
 * for its files. Prepared files win over official ones, where both are there;
 * labels.tsv may stand beside official data, and a size that no .npy has is made from
 * the photographs. Takes any cut of the set whose files agree with each other. */
extern const mmofl_data_source mmofl_mvsa_single;

/** The same from open archives: tables are looked for in `tables` first, then in
 * `files` (both may be one archive).
 * @retval MMOFL_E_MISSING  no label table; or a sample without text or photograph,
 * which err names
 * @retval MMOFL_E_DUPLICATE  two files, or two rows, for one id
 * @retval MMOFL_E_COUNT, MMOFL_E_SHAPE, MMOFL_E_TYPE  an .npy that does not fit
 * @retval MMOFL_E_RANGE    no sample to train on
 * and whatever reading an archive, labels, a text, or an image refuses */
MMOFL_CHECKED mmofl_status mmofl_mvsa_single_read(
    const mmofl_mvsa_single_options *options, const mmofl_archive *tables,
    const mmofl_archive *files, const mmofl_log_sink *log, mmofl_dataset **out,
    mmofl_error *err);

#endif
