/* dir_description.h - dataset.yaml: what a user's own data set is made of.
 *
 * docs/datasets.md ("Your own data") is the manual of the format.  Reading it opens no
 * other file, so every shape is known, and checked, before any data are. */
#ifndef MMOFL_DATA_DIR_DESCRIPTION_H
#define MMOFL_DATA_DIR_DESCRIPTION_H

#include "base/yaml.h"
#include "data/log_mel.h"
#include "data/text_table.h"
#include "mmofl/dataset.h"

/** What a modality is read from; each is the key that names the file (or column). */
typedef enum mmofl_dir_kind {
    MMOFL_DIR_NPY,
    MMOFL_DIR_CSV,
    MMOFL_DIR_SOUND,
    MMOFL_DIR_IMAGE,
    MMOFL_DIR_TEXT,
    MMOFL_DIR_TEXT_COLUMN,
    MMOFL_DIR_TOKENS,
    MMOFL_DIR_KINDS
} mmofl_dir_kind;

enum {
    MMOFL_DIR_VALUES = 1 << 24, /* most values of a sample of one modality */
    MMOFL_DIR_ID_BYTES = 255
};

typedef struct mmofl_dir_modality {
    mmofl_modality modality;
    mmofl_dir_kind kind;
    const char *from;       /* path below the folder of dataset.yaml, or a column */
    mmofl_yaml_place place; /* of `from` */
    bool per_sample;        /* "{id}" in the path: a file for each sample */
    bool optional;          /* a sample may lack it */
    const char *unit;
    double rate_hz;
    int n_columns; /* CSV */
    const char *const *column;
    int side;               /* IMAGE */
    int length, vocabulary; /* TEXT, TEXT_COLUMN, TOKENS */
    double seconds;         /* SOUND */
    int sample_rate;
    size_t sound_samples;          /* seconds * sample_rate */
    mmofl_log_mel_options log_mel; /* bands 0: the sound itself */
} mmofl_dir_modality;

typedef struct mmofl_dir_description {
    const char *citation; /* "title. citation" */
    int n_classes;
    const char *const *class_name;
    const char *samples;                /* the table's path */
    const mmofl_yaml_node *test_owners; /* a list of texts; NULL: none */
    double test_share;                  /* 0: none */
    int n_modalities;
    mmofl_dir_modality modality[MMOFL_MAX_MODALITIES];
} mmofl_dir_description;

/** Read dataset.yaml.  All texts live in the arena.
 * @retval MMOFL_E_UNKNOWN      a key that is not known, or not for this kind
 * @retval MMOFL_E_MISSING      a key that is required; "{id}" where there must be one
 * @retval MMOFL_E_DUPLICATE    a class or owner twice; both test_owners and test_share;
 *                              a modality with two sources
 * @retval MMOFL_E_UNSAFE_PATH  a path that leaves the folder
 * @retval MMOFL_E_TYPE, MMOFL_E_RANGE, MMOFL_E_SHAPE, MMOFL_E_LIMIT, MMOFL_E_SYNTAX
 * and what mmofl_yaml_parse and mmofl_log_mel_new refuse; err tells file, line, column
 * and what was wanted */
MMOFL_CHECKED mmofl_status mmofl_dir_describe(mmofl_text text, mmofl_arena *arena,
                                              mmofl_dir_description *out,
                                              mmofl_error *err);

#endif
