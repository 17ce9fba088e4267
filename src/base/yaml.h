/* yaml.h - one YAML document as a plain tree that remembers where each value stood.
 *
 * libfyaml reads the text; the tree is ours, so that limits, duplicate keys, aliases
 * and changes (settings.h) have one place.  Strict: one document, UTF-8, no tags, keys
 * are plain names, a key stands once in its map.  An alias is replaced by a copy of
 * what it names, so a tree has no sharing and no cycles, and the limit on nodes is a
 * limit on memory. */
#ifndef MMOFL_BASE_YAML_H
#define MMOFL_BASE_YAML_H

#include <stdio.h>

#include "base/arena.h"

enum {
    MMOFL_YAML_BYTES = 1000000, /* most bytes of text */
    MMOFL_YAML_NODES = 10000,   /* most nodes, aliases expanded */
    MMOFL_YAML_DEPTH = 64,      /* most maps and lists inside each other */
};

/** Where a text came from: a file, or a value on the command line. */
typedef struct mmofl_yaml_source {
    const char *name; /* "demo.yaml" or "--set train.lr=1" */
    const char *text; /* the file's text for quoting; NULL: command line, where places
                         are not counted */
} mmofl_yaml_source;

typedef struct mmofl_yaml_place {
    const mmofl_yaml_source *source;
    int line, column; /* counted from 1, columns in characters */
} mmofl_yaml_place;

typedef enum mmofl_yaml_type {
    MMOFL_YAML_NULL, /* nothing, ~ or null */
    MMOFL_YAML_SCALAR,
    MMOFL_YAML_LIST,
    MMOFL_YAML_MAP
} mmofl_yaml_type;

typedef struct mmofl_yaml_node mmofl_yaml_node;
struct mmofl_yaml_node {
    mmofl_yaml_type type;
    const char *text; /* SCALAR */
    bool quoted;      /* SCALAR: was in quotes or a block, so it is no number */
    mmofl_yaml_place place;
    const char *key; /* in a map: the key, with its place */
    mmofl_yaml_place key_place;
    mmofl_yaml_node *first, *next; /* children of LIST and MAP, in the text's order */
    int n;                         /* children */
};

/** Read size bytes of text; name stands for the file in messages.
 * Everything is made in the arena; the text itself is not needed afterwards.
 * @retval MMOFL_E_SYNTAX     not YAML, not UTF-8, tags, more than one document
 * @retval MMOFL_E_DUPLICATE  a key twice in one map
 * @retval MMOFL_E_UNKNOWN    an alias whose anchor does not stand before it
 * @retval MMOFL_E_LIMIT      beyond one of the limits above
 * @retval MMOFL_E_MISSING    nothing in it
 * @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_yaml_parse(const char *text, size_t size,
                                            const char *name, mmofl_arena *arena,
                                            mmofl_yaml_node **root, mmofl_error *err);

/** The same for one value of a command line; a value that is empty is a NULL node. */
MMOFL_CHECKED mmofl_status mmofl_yaml_parse_value(const char *text, const char *name,
                                                  mmofl_arena *arena,
                                                  mmofl_yaml_node **root,
                                                  mmofl_error *err);

/** The child of a map under key, or NULL. */
mmofl_yaml_node *mmofl_yaml_get(const mmofl_yaml_node *map, const char *key);

/** The place of section.key, or of what is nearest to it when it was not written;
 * section NULL: of a key of root itself. */
const mmofl_yaml_place *mmofl_yaml_place_of(const mmofl_yaml_node *root,
                                            const char *section, const char *key);

/** Write a tree as YAML that reads as the same tree: a document, or one value on one
 * line in flow style.  Whether that worked, the stream knows.  (yaml_write.c) */
void mmofl_yaml_write(FILE *to, const mmofl_yaml_node *root);
void mmofl_yaml_write_flow(FILE *to, const mmofl_yaml_node *node);

/** Write a text as a YAML value that reads as this text, in quotes where it must be. */
void mmofl_yaml_write_text(FILE *to, const char *text);

/** "a map", "a list" ... for messages. */
const char *mmofl_yaml_type_text(mmofl_yaml_type type);

/** mmofl_fail with "name:line:column: " in front and the line with a caret behind. */
mmofl_status mmofl_yaml_fail(const mmofl_yaml_place *place, mmofl_status status,
                             mmofl_error *err, const char *format, ...)
    MMOFL_PRINTF(4, 5);

/** Size in bytes of the UTF-8 character at text, *code its number; 0 when the bytes are
 * not UTF-8 (cut short, overlong, surrogate, beyond 0x10ffff) or n is 0. */
int mmofl_yaml_character(const char *text, size_t n, unsigned *code);

#endif
