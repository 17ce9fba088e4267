/* schema.h - everything an experiment file may say, as one tree of tables.
 *
 * The tables read (schema_read.c), print (schema_text.c) and document
 * (schema_manual.c); adding a key is one row here and one field in its struct.  The
 * options of kinds (layers, partitions, data sets, ...) stand in the kinds' own tables,
 * next to their code; a row only says which list to choose from.
 *
 * A default is written as a user would write it, in YAML, and read by the same code. */
#ifndef MMOFL_CONFIG_SCHEMA_H
#define MMOFL_CONFIG_SCHEMA_H

#include <stdio.h>

#include "base/yaml.h"
#include "config/experiment.h"

typedef enum mmofl_schema_shape {
    MMOFL_SCHEMA_VALUE,    /* one value: `option` says all */
    MMOFL_SCHEMA_SECTION,  /* a map of the keys of `section`; field: its struct */
    MMOFL_SCHEMA_PICK,     /* a kind of `kinds` with its options; field: mmofl_pick */
    MMOFL_SCHEMA_SEEDS,    /* different whole numbers; field: uint64_t *, count: int */
    MMOFL_SCHEMA_ROUNDS,   /* ascending whole numbers; field: int *, count: int */
    MMOFL_SCHEMA_CHAIN,    /* a list of layers; field: mmofl_chain_spec */
    MMOFL_SCHEMA_ENCODERS, /* a map from modality to layers; field:
                              mmofl_encoder_spec *, count: int */
    MMOFL_SCHEMA_DEVICES,  /* whole numbers from 0; field: int *, count: int */
    MMOFL_SCHEMA_MAP,      /* a map from names to maps of the keys of `section`; field:
                              array of structs that begin with the name, count: int */
    MMOFL_SCHEMA_LIST      /* a list of maps of the keys of `section`; field: array of
                              structs, count: int */
} mmofl_schema_shape;

enum {
    MMOFL_SCHEMA_MOST_SEEDS = 1000,
    MMOFL_SCHEMA_MOST_ROUNDS = 10000,    /* in a list of rounds */
    MMOFL_SCHEMA_MOST_LAYERS = 1000,     /* in one chain */
    MMOFL_SCHEMA_MOST_DEVICES = 1000000, /* in a list of devices */
};

typedef struct mmofl_schema_section mmofl_schema_section;

typedef struct mmofl_schema_key {
    mmofl_option option; /* VALUE: all of it; others: name, offset, fallback (NULL =
                            required), help */
    size_t count;        /* offset of the count */
    size_t size;         /* MAP, LIST: bytes of an element */
    const char *element; /* MAP, LIST: what an element is called in the manual */
    const mmofl_schema_section *section;
    mmofl_kind_list (*kinds)(void);
    const char *bare; /* PICK: the kind that a number alone stands for, as its first
                         option; SECTION: the map that `true` alone stands for, `false`
                         being {} */
    const char *fits; /* "a|b": the data sets that the fallback fits; NULL = all */
    mmofl_schema_shape shape;
    bool spread; /* PICK: the kind's options stand beside the section's other keys, and
                    the value is the kind's name alone */
} mmofl_schema_key;

struct mmofl_schema_section {
    const mmofl_schema_key *keys;
    int n;
};

/** The whole file; offsets of its keys count from a mmofl_experiment. */
const mmofl_schema_section *mmofl_schema(void);

/** The part of it that devices must know: stream, model, train, method, aggregation. */
const mmofl_schema_section *mmofl_schema_learning(void);

/** Fill *out from a document of these keys.  Lists and texts are made in arena;
 * out->arena is not touched.  Checks what one key can tell by itself; experiment.c
 * checks the rest.
 * @retval those of mmofl_experiment_parse; then *out is undefined */
MMOFL_CHECKED mmofl_status mmofl_schema_read(const mmofl_schema_section *section,
                                             const mmofl_yaml_node *root,
                                             mmofl_arena *arena, mmofl_experiment *out,
                                             mmofl_error *err);

/** Write these keys of the experiment as YAML, malloc; the caller frees.  NULL when
 * memory is short. */
char *mmofl_schema_text(const mmofl_schema_section *section,
                        const mmofl_experiment *experiment);

/** Close a memory stream; its text, or NULL when memory was short. */
char *mmofl_schema_close_text(FILE *stream, char **text);

#endif
