/* dir_parts.h - what the files that read dataset.yaml share.  Only they include it. */
#ifndef MMOFL_DATA_DIR_PARTS_H
#define MMOFL_DATA_DIR_PARTS_H

#include "base/option.h"
#include "data/dir_description.h"

typedef struct mmofl_dir_reading {
    mmofl_arena *arena;
    mmofl_error *err;
} mmofl_dir_reading;

/** One key of a map. */
typedef struct mmofl_dir_key {
    mmofl_option option; /* fallback NULL = required, "" = left as it is if absent */
    unsigned fits;       /* bit of each mmofl_dir_kind that has this key */
    /** Reads lists and maps; NULL: the option says all. */
    mmofl_status (*read)(mmofl_dir_reading *r, const mmofl_yaml_node *node, void *into);
} mmofl_dir_key;

#define MMOFL_DIR_BIT(kind) (1u << (kind))
#define MMOFL_DIR_ANY ((1u << MMOFL_DIR_KINDS) - 1)
/** The option of a key that has a function to read it. */
#define MMOFL_DIR_LISTED(its_name, its_fallback, its_help)                             \
    {                                                                                  \
        .name = (its_name), .fallback = (its_fallback), .help = (its_help)             \
    }

/** Read the keys of map that fit into the struct that the table's offsets count from;
 * `what` has them, for errors. */
MMOFL_CHECKED mmofl_status mmofl_dir_read_keys(mmofl_dir_reading *r,
                                               const mmofl_yaml_node *map,
                                               const mmofl_dir_key *keys, size_t n,
                                               unsigned fits, const char *what,
                                               void *into);

/** The texts of a list, least ... most of them, all different, in *out. */
MMOFL_CHECKED mmofl_status mmofl_dir_read_names(mmofl_dir_reading *r,
                                                const mmofl_yaml_node *list,
                                                const char *what, int least, int most,
                                                const char *const **out);

/** Is it a name as data sets have them: short, with no control characters? */
MMOFL_CHECKED mmofl_status mmofl_dir_check_name(mmofl_dir_reading *r,
                                                const mmofl_yaml_place *place,
                                                const char *what, const char *name);

/** Is it a path that stays in the folder?  *has_id: with "{id}" in it. */
MMOFL_CHECKED mmofl_status mmofl_dir_check_path(mmofl_dir_reading *r,
                                                const mmofl_yaml_node *node,
                                                bool *has_id);

/** One entry of `modalities`. */
MMOFL_CHECKED mmofl_status mmofl_dir_read_modality(mmofl_dir_reading *r,
                                                   const mmofl_yaml_node *map,
                                                   mmofl_dir_modality *m);

#endif
