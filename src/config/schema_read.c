/* schema_read.c - from a document to structs, as the tables say.
 *
 * One function for each shape of a key.  A key that is absent is read from its default,
 * so nothing is filled in any other way. */
#include <assert.h>
#include <string.h>

#include "base/nearest.h"
#include "base/yaml_option.h"
#include "config/schema.h"
#include "config/schema_numbers.h"
#include "nn/layer.h"

typedef struct reading {
    mmofl_arena *arena;
    mmofl_error *err;
    const mmofl_experiment *experiment; /* what was read so far */
} reading;

static mmofl_status read_section(reading *r, const mmofl_schema_section *section,
                                 const mmofl_yaml_node *map, void *into);

/* ---- one value, and what it is not ---- */

static mmofl_status no_memory(reading *r, const mmofl_yaml_node *node)
{
    return mmofl_yaml_refuse_memory(node, r->err);
}

static mmofl_status refuse_type(reading *r, const mmofl_yaml_node *node,
                                const char *name, const char *wanted)
{
    return mmofl_yaml_refuse_type(node, name, wanted, r->err);
}

static mmofl_status read_value(reading *r, const mmofl_option *option,
                               const mmofl_yaml_node *node, void *into)
{
    return mmofl_yaml_read_option(option, node, r->arena, into, r->err);
}

/* ---- a kind and its options ---- */

static const mmofl_option *find_option(const mmofl_kind *kind, const char *name)
{
    for (int i = 0; i < kind->n_options; i++)
        if (strcmp(kind->options[i].name, name) == 0)
            return &kind->options[i];
    return NULL;
}

/* No kind of that name; `what` it would have been, and what was `wanted` before the
 * list of the known ones. */
static mmofl_status refuse_kind(reading *r, const mmofl_yaml_place *place,
                                mmofl_kind_list kinds, const char *what,
                                const char *name, const char *wanted)
{
    mmofl_nearest nearest = {.text = name};
    char names[400] = "", hint[MMOFL_NEAREST_HINT];
    for (int i = 0; i < kinds.n; i++) {
        mmofl_nearest_offer(&nearest, kinds.kinds[i]->name);
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "",
                 kinds.kinds[i]->name);
    }
    mmofl_nearest_hint(&nearest, hint);
    return mmofl_yaml_fail(place, MMOFL_E_UNKNOWN, r->err,
                           "no %s '%.100s'; wanted %s %s%s", what, name, wanted, names,
                           hint);
}

/* Options must all be there in the end; `map` NULL: none was given. */
static mmofl_status read_options(reading *r, const mmofl_yaml_node *map,
                                 const mmofl_yaml_node *at, bool inherited,
                                 mmofl_pick *pick)
{
    for (int i = 0; i < pick->kind->n_options; i++) {
        const mmofl_option *option = &pick->kind->options[i];
        const mmofl_yaml_node *node = map ? mmofl_yaml_get(map, option->name) : NULL;
        mmofl_status st = MMOFL_OK;
        if (node)
            st = read_value(r, option, node, pick->options.bytes);
        else if (!option->fallback && !inherited)
            st = mmofl_yaml_fail(&at->place, MMOFL_E_MISSING, r->err,
                                 "%s wants '%s': %s", pick->kind->name, option->name,
                                 option->help);
        if (st)
            return st;
    }
    return MMOFL_OK;
}

/* Refuse keys of map that are no options of the kind; `also` (may be NULL) is allowed.
 */
static mmofl_status check_options(reading *r, const mmofl_yaml_node *map,
                                  const mmofl_kind *kind, const char *also)
{
    for (const mmofl_yaml_node *c = map->first; c; c = c->next) {
        if (find_option(kind, c->key) || (also && strcmp(c->key, also) == 0))
            continue;
        mmofl_nearest nearest = {.text = c->key};
        char hint[MMOFL_NEAREST_HINT];
        for (int i = 0; i < kind->n_options; i++)
            mmofl_nearest_offer(&nearest, kind->options[i].name);
        mmofl_nearest_hint(&nearest, hint);
        return mmofl_yaml_fail(&c->key_place, MMOFL_E_UNKNOWN, r->err,
                               "%s has no option '%.100s'%s", kind->name, c->key, hint);
    }
    return MMOFL_OK;
}

static mmofl_status find_kind(reading *r, const mmofl_schema_key *key,
                              const mmofl_yaml_node *node, const mmofl_kind **kind)
{
    const char *what = key->option.name;
    if (node->type != MMOFL_YAML_SCALAR)
        return refuse_type(r, node, what, "the name of one");
    *kind = mmofl_kind_find(key->kinds(), node->text);
    if (*kind)
        return MMOFL_OK;
    return refuse_kind(r, &node->place, key->kinds(), what, node->text,
                       key->bare ? "a number or one of" : "one of");
}

static mmofl_status read_fallback(reading *r, const mmofl_schema_key *key,
                                  const mmofl_yaml_node *section, void *into);

/* {kind: name, option: value ...}; without kind: the default with these options
 * changed. */
static mmofl_status read_pick_map(reading *r, const mmofl_schema_key *key,
                                  const mmofl_yaml_node *map, mmofl_pick *pick)
{
    const mmofl_yaml_node *name = mmofl_yaml_get(map, "kind");
    const mmofl_kind *kind;
    mmofl_status st;
    if (name) {
        st = find_kind(r, key, name, &kind);
        if (st == MMOFL_OK)
            *pick = mmofl_pick_default(kind);
    } else {
        st = read_fallback(r, key, map, (char *)pick - key->option.offset);
    }
    if (st == MMOFL_OK)
        st = check_options(r, map, pick->kind, "kind");
    return st ? st : read_options(r, map, map, !name, pick);
}

static mmofl_status read_pick(reading *r, const mmofl_schema_key *key,
                              const mmofl_yaml_node *node, mmofl_pick *pick)
{
    if (node->type == MMOFL_YAML_MAP && !key->spread)
        return read_pick_map(r, key, node, pick);
    if (node->type != MMOFL_YAML_SCALAR)
        return refuse_type(r, node, key->option.name,
                           key->spread ? "a name" : "a name or {kind: name, ...}");
    bool is_number = strspn(node->text, "+-.0123456789eE") == strlen(node->text);
    if (key->bare && is_number) {
        *pick = mmofl_pick_default(mmofl_kind_find(key->kinds(), key->bare));
        mmofl_option start = pick->kind->options[0];
        start.name = key->option.name; /* errors name what was written */
        return read_value(r, &start, node, pick->options.bytes);
    }
    const mmofl_kind *kind;
    mmofl_status st = find_kind(r, key, node, &kind);
    if (st)
        return st;
    *pick = mmofl_pick_default(kind);
    return key->spread ? MMOFL_OK : read_options(r, NULL, node, false, pick);
}

/* ---- layers ---- */

static mmofl_status read_layer(reading *r, const mmofl_yaml_node *node,
                               mmofl_pick *pick)
{
    const char *wanted = "relu, or {linear: {out: 64}}";
    const mmofl_yaml_node *options = node->type == MMOFL_YAML_MAP ? node->first : NULL;
    if (node->type == MMOFL_YAML_MAP && node->n != 1)
        return mmofl_yaml_fail(&node->place, MMOFL_E_TYPE, r->err,
                               "a layer has one name, not %d; wanted such as %s",
                               node->n, wanted);
    if (node->type != MMOFL_YAML_SCALAR && !options)
        return refuse_type(r, node, "a layer", wanted);
    const char *name = options ? options->key : node->text;
    const mmofl_kind *kind = mmofl_kind_find(mmofl_layer_kinds(), name);
    if (!kind)
        return refuse_kind(r, options ? &options->key_place : &node->place,
                           mmofl_layer_kinds(), "layer", name, "one of");
    *pick = mmofl_pick_default(kind);
    if (!options)
        return read_options(r, NULL, node, false, pick);
    if (options->type != MMOFL_YAML_MAP)
        return refuse_type(r, options, kind->name, "its options, such as {out: 64}");
    mmofl_status st = check_options(r, options, kind, NULL);
    return st ? st : read_options(r, options, options, false, pick);
}

static mmofl_status read_chain(reading *r, const char *name,
                               const mmofl_yaml_node *node, mmofl_chain_spec *chain)
{
    if (node->type != MMOFL_YAML_LIST)
        return refuse_type(r, node, name, "a list of layers");
    if (node->n == 0)
        return mmofl_yaml_fail(&node->place, MMOFL_E_MISSING, r->err,
                               "%s has no layers; wanted at least one", name);
    if (node->n > MMOFL_SCHEMA_MOST_LAYERS)
        return mmofl_yaml_fail(&node->place, MMOFL_E_LIMIT, r->err,
                               "%s has %d layers; wanted at most %d", name, node->n,
                               MMOFL_SCHEMA_MOST_LAYERS);
    chain->n = node->n;
    chain->layer = MMOFL_ARENA_NEW(r->arena, (size_t)node->n, mmofl_pick);
    if (!chain->layer)
        return no_memory(r, node);
    mmofl_pick *layer = chain->layer;
    for (const mmofl_yaml_node *c = node->first; c; c = c->next) {
        mmofl_status st = read_layer(r, c, layer++);
        if (st)
            return st;
    }
    return MMOFL_OK;
}

static mmofl_status read_encoders(reading *r, const char *name,
                                  const mmofl_yaml_node *node, int *count,
                                  mmofl_encoder_spec **out)
{
    if (node->type != MMOFL_YAML_MAP)
        return refuse_type(r, node, name, "a map from modality to its list of layers");
    if (node->n == 0)
        return mmofl_yaml_fail(&node->place, MMOFL_E_MISSING, r->err,
                               "%s is empty; wanted at least one modality", name);
    if (node->n > MMOFL_MAX_MODALITIES)
        return mmofl_yaml_fail(&node->place, MMOFL_E_LIMIT, r->err,
                               "%d modalities; wanted at most %d", node->n,
                               MMOFL_MAX_MODALITIES);
    mmofl_encoder_spec *encoder =
        MMOFL_ARENA_NEW(r->arena, (size_t)node->n, mmofl_encoder_spec);
    if (!encoder)
        return no_memory(r, node);
    *count = node->n;
    *out = encoder;
    for (const mmofl_yaml_node *c = node->first; c; c = c->next, encoder++) {
        encoder->modality = mmofl_arena_text(r->arena, c->key);
        if (!encoder->modality)
            return no_memory(r, c);
        mmofl_status st = read_chain(r, encoder->modality, c, &encoder->chain);
        if (st)
            return st;
    }
    return MMOFL_OK;
}

/* ---- maps and lists of sections ---- */

/* Room for `most` structs of the key at most, in *out. */
static mmofl_status make_elements(reading *r, const mmofl_schema_key *key,
                                  const mmofl_yaml_node *node, int most, char **out)
{
    if (node->n > most)
        return mmofl_yaml_fail(&node->place, MMOFL_E_LIMIT, r->err,
                               "%s has %d entries; wanted at most %d", key->option.name,
                               node->n, most);
    *out = mmofl_arena_take(r->arena, (size_t)node->n, key->size);
    return *out ? MMOFL_OK : no_memory(r, node);
}

/* The elements of a MAP, which begin with their name, or of a LIST. */
static mmofl_status read_elements(reading *r, const mmofl_schema_key *key,
                                  const mmofl_yaml_node *node, int *count, void *field)
{
    bool is_map = key->shape == MMOFL_SCHEMA_MAP;
    if (node->type != (is_map ? MMOFL_YAML_MAP : MMOFL_YAML_LIST))
        return refuse_type(r, node, key->option.name,
                           is_map ? "a map from names to maps of keys"
                                  : "a list of maps of keys");
    char *element = NULL;
    mmofl_status st = make_elements(
        r, key, node, is_map ? MMOFL_MAX_MODALITIES : MMOFL_SCHEMA_MOST_SEEDS,
        &element);
    if (st)
        return st;
    *count = node->n;
    *(void **)field = element;
    assert(element || !node->first);
    for (const mmofl_yaml_node *c = node->first; c; c = c->next, element += key->size) {
        if (is_map && !(*(char **)(void *)element = mmofl_arena_text(r->arena, c->key)))
            return no_memory(r, c);
        st = c->type == MMOFL_YAML_MAP
                 ? read_section(r, key->section, c, element)
                 : refuse_type(r, c, is_map ? c->key : key->element, "a map of keys");
        if (st)
            return st;
    }
    return MMOFL_OK;
}

/* ---- keys and sections ---- */

/* A section written as true or false. */
static mmofl_status read_switch(reading *r, const mmofl_schema_key *key,
                                const mmofl_yaml_node *node, void *into)
{
    bool is_scalar = node->type == MMOFL_YAML_SCALAR && key->bare;
    bool on = is_scalar && strcmp(node->text, "true") == 0;
    if (!on && !(is_scalar && strcmp(node->text, "false") == 0))
        return refuse_type(r, node, key->option.name,
                           key->bare ? "true, false or a map of its keys"
                                     : "a map of its keys");
    mmofl_yaml_node *map;
    mmofl_status st = mmofl_yaml_parse_value(on ? key->bare : "{}", "default", r->arena,
                                             &map, r->err);
    if (st)
        return st;
    map->place = node->place;
    return read_section(r, key->section, map, into);
}

static mmofl_status read_key(reading *r, const mmofl_schema_key *key,
                             const mmofl_yaml_node *node, void *into)
{
    const char *name = key->option.name;
    void *field = (char *)into + key->option.offset;
    int *count = (int *)(void *)((char *)into + key->count);
    switch (key->shape) {
    case MMOFL_SCHEMA_VALUE:
        return read_value(r, &key->option, node, into);
    case MMOFL_SCHEMA_SECTION:
        if (node->type != MMOFL_YAML_MAP)
            return read_switch(r, key, node, field);
        return read_section(r, key->section, node, field);
    case MMOFL_SCHEMA_PICK:
        return read_pick(r, key, node, field);
    case MMOFL_SCHEMA_SEEDS:
        return mmofl_schema_read_seeds(node, name, r->arena, field, count, r->err);
    case MMOFL_SCHEMA_ROUNDS:
        return mmofl_schema_read_rounds(node, name, r->experiment->rounds, r->arena,
                                        field, count, r->err);
    case MMOFL_SCHEMA_DEVICES:
        return mmofl_schema_read_devices(node, name, r->arena, field, count, r->err);
    case MMOFL_SCHEMA_CHAIN:
        return read_chain(r, name, node, field);
    case MMOFL_SCHEMA_ENCODERS:
        return read_encoders(r, name, node, count, field);
    case MMOFL_SCHEMA_MAP:
    case MMOFL_SCHEMA_LIST:
        return read_elements(r, key, node, count, field);
    }
    return MMOFL_E_TYPE;
}

static bool is_among(const char *choices, const char *name)
{
    size_t n = strlen(name);
    for (const char *c = choices; *c; c += strspn(c, "|")) {
        size_t length = strcspn(c, "|");
        if (length == n && memcmp(c, name, n) == 0)
            return true;
        c += length;
    }
    return false;
}

/* Read an absent key's default; `section` is where it is absent from. */
static mmofl_status read_fallback(reading *r, const mmofl_schema_key *key,
                                  const mmofl_yaml_node *section, void *into)
{
    const mmofl_option *option = &key->option;
    if (!option->fallback)
        return mmofl_yaml_fail(&section->place, MMOFL_E_MISSING, r->err,
                               "'%s' is missing: %s", option->name, option->help);
    const mmofl_kind *set = r->experiment->data.set.kind;
    if (key->fits && !(set && is_among(key->fits, set->name)))
        return mmofl_yaml_fail(&section->place, MMOFL_E_MISSING, r->err,
                               "'%s' is missing, and has no default for %s%s: %s",
                               option->name, set ? "the data set " : "a device",
                               set ? set->name : "", option->help);
    if (key->shape == MMOFL_SCHEMA_VALUE)
        return mmofl_option_set(option, into, option->fallback, r->err);
    mmofl_yaml_node *node;
    mmofl_status st =
        mmofl_yaml_parse_value(option->fallback, "default", r->arena, &node, r->err);
    if (st)
        return st;
    if (key->shape == MMOFL_SCHEMA_SECTION)
        node->place = section->place; /* what it lacks in turn is lacking there */
    return read_key(r, key, node, into);
}

/* The pick whose options stand beside the section's keys, or NULL. */
static const mmofl_schema_key *spread_key(const mmofl_schema_section *section)
{
    for (int i = 0; i < section->n; i++)
        if (section->keys[i].spread)
            return &section->keys[i];
    return NULL;
}

static mmofl_status check_known(reading *r, const mmofl_schema_section *section,
                                const mmofl_kind *spread, const mmofl_yaml_node *map)
{
    for (const mmofl_yaml_node *c = map->first; c; c = c->next) {
        mmofl_nearest nearest = {.text = c->key};
        for (int i = 0; i < section->n; i++)
            mmofl_nearest_offer(&nearest, section->keys[i].option.name);
        for (int i = 0; spread && i < spread->n_options; i++)
            mmofl_nearest_offer(&nearest, spread->options[i].name);
        if (nearest.name && strcmp(nearest.name, c->key) == 0)
            continue;
        char hint[MMOFL_NEAREST_HINT];
        mmofl_nearest_hint(&nearest, hint);
        return mmofl_yaml_fail(&c->key_place, MMOFL_E_UNKNOWN, r->err,
                               "unknown key '%.100s'%s", c->key, hint);
    }
    return MMOFL_OK;
}

static mmofl_status read_section(reading *r, const mmofl_schema_section *section,
                                 const mmofl_yaml_node *map, void *into)
{
    const mmofl_schema_key *spread = spread_key(section);
    mmofl_pick *pick = spread ? (void *)((char *)into + spread->option.offset) : NULL;
    mmofl_status st = spread ? MMOFL_OK : check_known(r, section, NULL, map);
    for (int i = 0; i < section->n && st == MMOFL_OK; i++) {
        const mmofl_schema_key *key = &section->keys[i];
        const mmofl_yaml_node *node = mmofl_yaml_get(map, key->option.name);
        st = node ? read_key(r, key, node, into) : read_fallback(r, key, map, into);
        if (st == MMOFL_OK && pick && key == spread) {
            st = check_known(r, section, pick->kind, map);
            if (st == MMOFL_OK)
                st = read_options(r, map, map, false, pick);
        }
    }
    return st;
}

mmofl_status mmofl_schema_read(const mmofl_schema_section *section,
                               const mmofl_yaml_node *root, mmofl_arena *arena,
                               mmofl_experiment *out, mmofl_error *err)
{
    reading r = {.arena = arena, .err = err, .experiment = out};
    if (root->type != MMOFL_YAML_MAP)
        return refuse_type(&r, root, "the file", "a map of keys, such as name: demo");
    return read_section(&r, section, root, out);
}
