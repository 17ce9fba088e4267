/* option.h - options described once: the same table validates a config, gives its
 * defaults, prints the resolved settings and writes docs/config.md.
 *
 * A *kind* is one choice among several (a layer, a partition, a method ...) with
 * options of its own; a *pick* is a kind chosen, with its options filled in.  A kind's
 * options live in a plain struct of its own, declared next to its code. */
#ifndef MMOFL_BASE_OPTION_H
#define MMOFL_BASE_OPTION_H

#include "mmofl/status.h"

typedef enum mmofl_option_type {
    MMOFL_OPTION_INT,    /* field: int */
    MMOFL_OPTION_REAL,   /* field: double */
    MMOFL_OPTION_BOOL,   /* field: bool */
    MMOFL_OPTION_CHOICE, /* field: int, the index among `choices` */
    MMOFL_OPTION_TEXT /* field: const char *, never NULL, owned by whoever owns the pick
                       */
} mmofl_option_type;

typedef struct mmofl_option {
    const char *name; /* key in the experiment file, lower_case */
    mmofl_option_type type;
    size_t offset;   /* of the field in its struct */
    double min, max; /* INT, REAL: both ends included; MMOFL_POSITIVE as min = "> 0" */
    const char *choices;  /* CHOICE: "sgd|adam" */
    const char *fallback; /* default as a user would write it; NULL = required */
    const char *help;     /* one line, with the unit where there is one */
} mmofl_option;

/** The smallest min that excludes zero. */
#define MMOFL_POSITIVE 2.2250738585072014e-308
#define MMOFL_NO_LIMIT 1e300

enum { MMOFL_KIND_OPTION_BYTES = 96 };

typedef struct mmofl_kind {
    const char *name; /* as in the experiment file */
    const char *help; /* one line */
    const char
        *source; /* paper and equation, "PyTorch's ...", or "our reconstruction" */
    const mmofl_option *options;
    int n_options;
    size_t options_size; /* sizeof its struct, <= MMOFL_KIND_OPTION_BYTES; 0 = none */
} mmofl_kind;

typedef struct mmofl_pick {
    const mmofl_kind *kind;
    union {
        unsigned char bytes[MMOFL_KIND_OPTION_BYTES];
        double align_double;
        void *align_pointer;
    } options;
} mmofl_pick;

/** The kinds that one place may choose from, e.g. all layers. */
typedef struct mmofl_kind_list {
    const mmofl_kind *const *kinds;
    int n;
} mmofl_kind_list;

/** The kind of that name, or NULL. */
const mmofl_kind *mmofl_kind_find(mmofl_kind_list list, const char *name);

/** Set one field of `into` (the struct that option.offset counts from) from text as a
 * user writes it.  Numbers are read in the C locale, whole: "1e-3", "42"; booleans are
 * true or false; a TEXT field is pointed at `text` itself.
 * @retval MMOFL_E_TYPE   not a number / boolean
 * @retval MMOFL_E_RANGE  outside min ... max, or NaN
 * @retval MMOFL_E_UNKNOWN  not one of the choices
 * err says what was wanted; it does not name the option. */
MMOFL_CHECKED mmofl_status mmofl_option_set(const mmofl_option *option, void *into,
                                            const char *text, mmofl_error *err);

/** Write the field's value as a user would write it, so that reading it back gives the
 * same bits (reals: shortest of %.15g, %.16g, %.17g that does). */
void mmofl_option_get(const mmofl_option *option, const void *from, char *text,
                      size_t size);

/** Fill every option that has a fallback with it. */
void mmofl_options_default(const mmofl_option *options, int n, void *into);

/** A pick of the kind with its defaults (required options are zero). */
mmofl_pick mmofl_pick_default(const mmofl_kind *kind);

/** "an integer from 1 to 100", "a number > 0", "one of sgd, adam" ... */
void mmofl_option_wanted(const mmofl_option *option, char *text, size_t size);

/** Shorthands for tables:  INT_OPTION(struct conv1d, out, 1, 65536, NULL, "output
 * channels") */
#define MMOFL_INT_OPTION(type, field, min, max, fallback, help)                        \
    {                                                                                  \
#field, MMOFL_OPTION_INT, offsetof(type, field), min, max, NULL, fallback,     \
            help                                                                       \
    }
#define MMOFL_REAL_OPTION(type, field, min, max, fallback, help)                       \
    {                                                                                  \
#field, MMOFL_OPTION_REAL, offsetof(type, field), min, max, NULL, fallback,    \
            help                                                                       \
    }
#define MMOFL_BOOL_OPTION(type, field, fallback, help)                                 \
    {                                                                                  \
#field, MMOFL_OPTION_BOOL, offsetof(type, field), 0, 1, NULL, fallback, help   \
    }
#define MMOFL_CHOICE_OPTION(type, field, choices, fallback, help)                      \
    {                                                                                  \
#field, MMOFL_OPTION_CHOICE, offsetof(type, field), 0, 0, choices, fallback,   \
            help                                                                       \
    }
#define MMOFL_TEXT_OPTION(type, field, fallback, help)                                 \
    {                                                                                  \
#field, MMOFL_OPTION_TEXT, offsetof(type, field), 0, 0, NULL, fallback, help   \
    }

#endif
