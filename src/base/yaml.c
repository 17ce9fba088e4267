/* yaml.c - from libfyaml's events to the tree.
 *
 * We take events and not libfyaml's documents: its documents check neither the size
 * that aliases grow to nor name the place of a duplicate key.  libfyaml itself has no
 * recursion over the input here, and the text is checked for UTF-8 before it sees it.
 */
#include <stdlib.h>
#include <string.h>

#include <libfyaml.h>

#include "base/yaml.h"

/* An anchor, known from where it stands; `open` while its value is still being read. */
typedef struct anchor {
    const char *name;
    mmofl_yaml_node *node;
    bool open;
    struct anchor *next;
} anchor;

typedef struct reading {
    struct fy_parser *parser;
    struct fy_diag *diag;
    mmofl_arena *arena;
    mmofl_error *err;
    mmofl_yaml_place place; /* of the last event */
    anchor *anchors;        /* newest first: a name may be used again */
    int nodes;
} reading;

/* One event with its texts copied, so that libfyaml's can be given back at once. */
typedef struct event {
    enum fy_event_type type;
    const char *text; /* SCALAR: its value; ALIAS: its name */
    bool plain;
    bool tagged;
    const char *anchor;
} event;

static mmofl_status no_memory(reading *r)
{
    return mmofl_fail(r->err, MMOFL_E_MEMORY, "%.200s: out of memory",
                      r->place.source->name);
}

/* ---- the text, before libfyaml ---- */

static bool is_allowed(unsigned code)
{
    bool control = code < 0x20 && code != '\t' && code != '\n' && code != '\r';
    bool broken = code == 0x7f || (code >= 0x80 && code < 0xa0) || code >= 0xfffe;
    return !control && (!broken || code > 0xffff);
}

static mmofl_status check_text(reading *r, const char *text, size_t size)
{
    r->place.line = r->place.column = 1;
    if (size >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 ||
                      memcmp(text, "\xfe\xff", 2) == 0 || memchr(text, 0, 2)))
        return mmofl_yaml_fail(&r->place, MMOFL_E_SYNTAX, r->err,
                               "UTF-16 or UTF-32 text; wanted UTF-8");
    for (size_t i = 0; i < size;) {
        unsigned code;
        int n = mmofl_yaml_character(text + i, size - i, &code);
        if (n == 0 || !is_allowed(code))
            return mmofl_yaml_fail(&r->place, MMOFL_E_SYNTAX, r->err,
                                   "byte 0x%02x does not belong in a text; wanted UTF-8"
                                   " without control characters",
                                   (unsigned char)text[i]);
        i += (size_t)n;
        r->place.column++;
        if (code == '\n')
            r->place = (mmofl_yaml_place){r->place.source, r->place.line + 1, 1};
    }
    return MMOFL_OK;
}

/* A scalar may hold what the text may not, by escapes such as "\0". */
static bool is_clean(const char *text, size_t size)
{
    unsigned code;
    for (size_t i = 0; i < size;) {
        int n = mmofl_yaml_character(text + i, size - i, &code);
        if (n == 0 || !is_allowed(code))
            return false;
        i += (size_t)n;
    }
    return true;
}

/* ---- events ---- */

/* What libfyaml complained about first. */
static mmofl_status parser_failed(reading *r)
{
    void *previous = NULL;
    struct fy_diag_error *e = fy_diag_errors_iterate(r->diag, &previous);
    if (!e)
        return mmofl_yaml_fail(&r->place, MMOFL_E_SYNTAX, r->err, "not YAML");
    if (e->line > 0) {
        r->place.line = e->line;
        r->place.column = e->column > 0 ? e->column : 1;
    }
    /* libfyaml limits the depth of flow collections by itself. */
    mmofl_status status = strstr(e->msg, "depth") ? MMOFL_E_LIMIT : MMOFL_E_SYNTAX;
    return mmofl_yaml_fail(&r->place, status, r->err, "not YAML: %.300s", e->msg);
}

/* Copy the token's text to `to` (NULL: only count); its bytes, or -1 when libfyaml is
 * out of memory.  We walk the chunks because fy_token_get_text (0.7.12) loses memory
 * when a text has many escapes. */
static ptrdiff_t copy_chunks(struct fy_token *token, char *to)
{
    struct fy_token_iter *iter = fy_token_iter_create(token);
    if (!iter)
        return -1;
    ptrdiff_t n = 0;
    int failed = 0;
    const struct fy_iter_chunk *chunk = NULL;
    while ((chunk = fy_token_iter_chunk_next(iter, chunk, &failed))) {
        if (to)
            memcpy(to + n, chunk->str, chunk->len);
        n += (ptrdiff_t)chunk->len;
    }
    fy_token_iter_destroy(iter);
    return failed ? -1 : n;
}

/* The token's text in the arena; "" when there is no token. */
static mmofl_status token_text(reading *r, struct fy_token *token, const char **out)
{
    ptrdiff_t n = token ? copy_chunks(token, NULL) : 0;
    char *copy = n < 0 ? NULL : mmofl_arena_take(r->arena, (size_t)n + 1, 1);
    if (!copy || (token && copy_chunks(token, copy) != n))
        return no_memory(r);
    if (!is_clean(copy, (size_t)n))
        return mmofl_yaml_fail(&r->place, MMOFL_E_SYNTAX, r->err,
                               "an escape makes a control character or a broken one");
    *out = copy;
    return MMOFL_OK;
}

static mmofl_status copy_event(reading *r, struct fy_event *from, event *out)
{
    const struct fy_mark *mark = fy_event_start_mark(from);
    if (mark) {
        r->place.line = mark->line + 1;
        r->place.column = mark->column + 1;
    }
    *out = (event){.type = from->type, .text = "", .plain = true};
    struct fy_token *anchor_token = NULL;
    mmofl_status st = MMOFL_OK;
    switch (from->type) {
    case FYET_SCALAR:
        out->plain = !from->scalar.value ||
                     fy_scalar_token_get_style(from->scalar.value) == FYSS_PLAIN;
        out->tagged = from->scalar.tag != NULL;
        anchor_token = from->scalar.anchor;
        st = token_text(r, from->scalar.value, &out->text);
        break;
    case FYET_ALIAS:
        r->place.column -= r->place.column > 1; /* libfyaml's mark is behind the '*' */
        st = token_text(r, from->alias.anchor, &out->text);
        break;
    case FYET_SEQUENCE_START:
        out->tagged = from->sequence_start.tag != NULL;
        anchor_token = from->sequence_start.anchor;
        break;
    case FYET_MAPPING_START:
        out->tagged = from->mapping_start.tag != NULL;
        anchor_token = from->mapping_start.anchor;
        break;
    default:
        break;
    }
    if (st == MMOFL_OK && anchor_token)
        st = token_text(r, anchor_token, &out->anchor);
    return st;
}

static mmofl_status next_event(reading *r, event *out)
{
    struct fy_event *e = fy_parser_parse(r->parser);
    if (!e)
        return parser_failed(r);
    mmofl_status st = copy_event(r, e, out);
    fy_parser_event_free(r->parser, e);
    if (st == MMOFL_OK && out->tagged)
        return mmofl_yaml_fail(&r->place, MMOFL_E_SYNTAX, r->err,
                               "tags (!name) have no meaning here");
    return st;
}

/* ---- the tree ---- */

static mmofl_status new_node(reading *r, mmofl_yaml_type type, mmofl_yaml_node **out)
{
    if (++r->nodes > MMOFL_YAML_NODES)
        return mmofl_yaml_fail(&r->place, MMOFL_E_LIMIT, r->err,
                               "more than %d values, those of aliases counted",
                               MMOFL_YAML_NODES);
    mmofl_yaml_node *node = MMOFL_ARENA_NEW(r->arena, 1, mmofl_yaml_node);
    if (!node)
        return no_memory(r);
    node->type = type;
    node->place = node->key_place = r->place;
    *out = node;
    return MMOFL_OK;
}

static mmofl_status check_depth(reading *r, int depth)
{
    if (depth <= MMOFL_YAML_DEPTH)
        return MMOFL_OK;
    return mmofl_yaml_fail(&r->place, MMOFL_E_LIMIT, r->err,
                           "more than %d maps and lists inside each other",
                           MMOFL_YAML_DEPTH);
}

/* A deep copy; keys and places are those of the original. */
static mmofl_status copy_node(reading *r, const mmofl_yaml_node *from, int depth,
                              mmofl_yaml_node **out)
{
    mmofl_yaml_node *node = NULL;
    mmofl_status st = check_depth(r, depth);
    if (st == MMOFL_OK)
        st = new_node(r, from->type, &node);
    if (!node)
        return st;
    *node = *from;
    mmofl_yaml_node **end = &node->first;
    *end = NULL;
    for (const mmofl_yaml_node *child = from->first; child; child = child->next) {
        mmofl_yaml_node *copy = NULL;
        st = copy_node(r, child, depth + 1, &copy);
        if (!copy)
            return st;
        *end = copy;
        end = &copy->next;
    }
    node->next = NULL;
    *out = node;
    return MMOFL_OK;
}

static mmofl_status read_alias(reading *r, const char *name, int depth,
                               mmofl_yaml_node **out)
{
    for (const anchor *a = r->anchors; a; a = a->next) {
        if (strcmp(a->name, name) != 0)
            continue;
        if (a->open)
            return mmofl_yaml_fail(&r->place, MMOFL_E_SYNTAX, r->err,
                                   "'*%.100s' stands inside what it names", name);
        return copy_node(r, a->node, depth, out);
    }
    return mmofl_yaml_fail(&r->place, MMOFL_E_UNKNOWN, r->err,
                           "no '&%.100s' stands before '*%.100s'", name, name);
}

static mmofl_status read_value(reading *r, const event *e, int depth,
                               mmofl_yaml_node **out);

static mmofl_status read_list(reading *r, int depth, mmofl_yaml_node *list)
{
    for (mmofl_yaml_node **end = &list->first;; end = &(*end)->next, list->n++) {
        event e;
        mmofl_status st = next_event(r, &e);
        if (st || e.type == FYET_SEQUENCE_END)
            return st;
        st = read_value(r, &e, depth + 1, end);
        if (st)
            return st;
    }
}

static mmofl_status check_key(reading *r, const mmofl_yaml_node *map, const event *e)
{
    if (e->type != FYET_SCALAR || !*e->text)
        return mmofl_yaml_fail(&r->place, MMOFL_E_SYNTAX, r->err,
                               "a key must be a name");
    const mmofl_yaml_node *before = mmofl_yaml_get(map, e->text);
    if (before)
        return mmofl_yaml_fail(&r->place, MMOFL_E_DUPLICATE, r->err,
                               "key '%.100s' stands twice, first in line %d", e->text,
                               before->key_place.line);
    return MMOFL_OK;
}

static mmofl_status read_map(reading *r, int depth, mmofl_yaml_node *map)
{
    for (mmofl_yaml_node **end = &map->first;; end = &(*end)->next, map->n++) {
        event key, value;
        mmofl_status st = next_event(r, &key);
        if (st || key.type == FYET_MAPPING_END)
            return st;
        st = check_key(r, map, &key);
        mmofl_yaml_place key_place = r->place;
        if (st == MMOFL_OK)
            st = next_event(r, &value);
        mmofl_yaml_node *child = NULL;
        if (st == MMOFL_OK)
            st = read_value(r, &value, depth + 1, &child);
        if (st)
            return st;
        child->key = key.text;
        child->key_place = key_place;
        if (child->type == MMOFL_YAML_NULL) /* nothing has no place of its own */
            child->place = key_place;
        *end = child;
    }
}

static bool is_null(const event *e)
{
    return e->plain &&
           (!*e->text || strcmp(e->text, "~") == 0 || strcmp(e->text, "null") == 0);
}

/* The value that starts with e, up to its end. */
static mmofl_status read_value(reading *r, const event *e, int depth,
                               mmofl_yaml_node **out)
{
    if (e->type == FYET_ALIAS)
        return read_alias(r, e->text, depth, out);
    mmofl_yaml_type type = e->type == FYET_MAPPING_START    ? MMOFL_YAML_MAP
                           : e->type == FYET_SEQUENCE_START ? MMOFL_YAML_LIST
                           : is_null(e)                     ? MMOFL_YAML_NULL
                                                            : MMOFL_YAML_SCALAR;
    mmofl_yaml_node *node = NULL;
    mmofl_status st = check_depth(r, depth);
    if (st == MMOFL_OK)
        st = new_node(r, type, &node);
    if (!node)
        return st;
    node->text = type == MMOFL_YAML_SCALAR ? e->text : NULL;
    node->quoted = !e->plain;
    anchor *named = NULL;
    if (e->anchor) {
        named = MMOFL_ARENA_NEW(r->arena, 1, anchor);
        if (!named)
            return no_memory(r);
        *named = (anchor){e->anchor, node, true, r->anchors};
        r->anchors = named;
    }
    if (type == MMOFL_YAML_MAP)
        st = read_map(r, depth, node);
    else if (type == MMOFL_YAML_LIST)
        st = read_list(r, depth, node);
    if (named)
        named->open = false;
    *out = node;
    return st;
}

/* The one document of the stream; *root stays NULL when there is none. */
static mmofl_status read_stream(reading *r, mmofl_yaml_node **root)
{
    event e = {.type = FYET_NONE};
    for (bool done = false; e.type != FYET_STREAM_END;) {
        mmofl_status st = next_event(r, &e);
        if (st)
            return st;
        bool is_frame = e.type == FYET_STREAM_START || e.type == FYET_STREAM_END ||
                        e.type == FYET_DOCUMENT_START || e.type == FYET_DOCUMENT_END;
        if (is_frame)
            continue;
        if (done)
            return mmofl_yaml_fail(&r->place, MMOFL_E_SYNTAX, r->err,
                                   "a second document; wanted one");
        st = read_value(r, &e, 1, root);
        if (st)
            return st;
        done = true;
    }
    return MMOFL_OK;
}

static mmofl_status read_text(reading *r, const char *text, size_t size,
                              mmofl_yaml_node **root)
{
    struct fy_diag_cfg diag;
    fy_diag_cfg_default(&diag);
    diag.fp = NULL; /* never to stderr */
    diag.colorize = false;
    r->diag = fy_diag_create(&diag);
    mmofl_status st = r->diag ? MMOFL_OK : no_memory(r);
    if (st == MMOFL_OK) {
        fy_diag_set_collect_errors(r->diag, true);
        struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG |
                                               FYPCF_DEFAULT_VERSION_1_2 |
                                               FYPCF_JSON_NONE,
                                      .diag = r->diag};
        r->parser = fy_parser_create(&config);
        st = r->parser && fy_parser_set_string(r->parser, text, size) == 0
                 ? MMOFL_OK
                 : no_memory(r);
    }
    if (st == MMOFL_OK)
        st = read_stream(r, root);
    if (r->parser)
        fy_parser_destroy(r->parser);
    if (r->diag)
        fy_diag_destroy(r->diag);
    return st;
}

static mmofl_status parse(const char *text, size_t size, const char *name, bool counted,
                          mmofl_arena *arena, mmofl_yaml_node **root, mmofl_error *err)
{
    reading r = {.arena = arena, .err = err};
    mmofl_yaml_source *source = MMOFL_ARENA_NEW(arena, 1, mmofl_yaml_source);
    char *own_name = mmofl_arena_text(arena, name);
    if (!source || !own_name)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%.200s: out of memory", name);
    source->name = own_name;
    r.place = (mmofl_yaml_place){source, 1, 1};
    if (size > MMOFL_YAML_BYTES)
        return mmofl_yaml_fail(&r.place, MMOFL_E_LIMIT, err,
                               "%zu bytes; wanted at most %d", size, MMOFL_YAML_BYTES);
    char *own = mmofl_arena_take(arena, size + 1, 1);
    if (!own)
        return no_memory(&r);
    memcpy(own, text, size);
    source->text = counted ? own : NULL;
    mmofl_status st = check_text(&r, own, size);
    r.place = (mmofl_yaml_place){source, 1, 1};
    mmofl_yaml_node *tree = NULL;
    if (st == MMOFL_OK)
        st = read_text(&r, own, size, &tree);
    r.place = (mmofl_yaml_place){source, 1, 1};
    if (st == MMOFL_OK && !tree && !counted)
        st = new_node(&r, MMOFL_YAML_NULL, &tree);
    if (st == MMOFL_OK && !tree)
        st = mmofl_yaml_fail(&r.place, MMOFL_E_MISSING, err, "nothing in it");
    if (st == MMOFL_OK)
        *root = tree;
    return st;
}

mmofl_status mmofl_yaml_parse(const char *text, size_t size, const char *name,
                              mmofl_arena *arena, mmofl_yaml_node **root,
                              mmofl_error *err)
{
    return parse(text, size, name, true, arena, root, err);
}

mmofl_status mmofl_yaml_parse_value(const char *text, const char *name,
                                    mmofl_arena *arena, mmofl_yaml_node **root,
                                    mmofl_error *err)
{
    return parse(text, strlen(text), name, false, arena, root, err);
}

mmofl_yaml_node *mmofl_yaml_get(const mmofl_yaml_node *map, const char *key)
{
    for (mmofl_yaml_node *child = map->first; child; child = child->next)
        if (strcmp(child->key, key) == 0)
            return child;
    return NULL;
}

const char *mmofl_yaml_type_text(mmofl_yaml_type type)
{
    switch (type) {
    case MMOFL_YAML_NULL:
        return "nothing";
    case MMOFL_YAML_SCALAR:
        return "a single value";
    case MMOFL_YAML_LIST:
        return "a list";
    case MMOFL_YAML_MAP:
        return "a map";
    }
    return "?";
}
