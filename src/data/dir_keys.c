/* dir_keys.c - a map, its table of keys, and the kinds of text that are values.
 *
 * A key's row says for which kinds of modality it is, so one reader serves the
 * document, its modalities and their parts: it refuses what is in no row, and fills in
 * what is absent. */
#include <string.h>

#include "base/nearest.h"
#include "base/yaml_option.h"
#include "data/archive_parts.h"
#include "data/dir_parts.h"

/* --- maps of keys ----------------------------------------------------------------- */

static mmofl_status refuse_key(mmofl_dir_reading *r, const mmofl_yaml_node *node,
                               const mmofl_dir_key *keys, size_t n, unsigned fits,
                               const char *what)
{
    mmofl_nearest nearest = {.text = node->key};
    char names[256] = "", hint[MMOFL_NEAREST_HINT];
    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(names);
        if (!(keys[i].fits & fits))
            continue;
        mmofl_nearest_offer(&nearest, keys[i].option.name);
        snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "",
                 keys[i].option.name);
    }
    mmofl_nearest_hint(&nearest, hint);
    return mmofl_yaml_fail(&node->key_place, MMOFL_E_UNKNOWN, r->err,
                           "%s has no key '%.100s'; it has %s%s", what, node->key,
                           names, hint);
}

static const mmofl_dir_key *find_key(const mmofl_dir_key *keys, size_t n, unsigned fits,
                                     const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (keys[i].fits & fits && strcmp(keys[i].option.name, name) == 0)
            return &keys[i];
    return NULL;
}

/* Read the map's keys that fit into the struct that the table's offsets count from. */
mmofl_status mmofl_dir_read_keys(mmofl_dir_reading *r, const mmofl_yaml_node *map,
                                 const mmofl_dir_key *keys, size_t n, unsigned fits,
                                 const char *what, void *into)
{
    if (map->type != MMOFL_YAML_MAP)
        return mmofl_yaml_refuse_type(map, what, "a map of its keys", r->err);
    for (const mmofl_yaml_node *c = map->first; c; c = c->next)
        if (!find_key(keys, n, fits, c->key))
            return refuse_key(r, c, keys, n, fits, what);
    for (size_t i = 0; i < n; i++) {
        const mmofl_option *option = &keys[i].option;
        const mmofl_yaml_node *node = mmofl_yaml_get(map, option->name);
        mmofl_status st = MMOFL_OK;
        if (!(keys[i].fits & fits))
            continue;
        if (!node && !option->fallback)
            return mmofl_yaml_fail(&map->place, MMOFL_E_MISSING, r->err,
                                   "%s has no '%s': %s", what, option->name,
                                   option->help);
        if (node && keys[i].read)
            st = keys[i].read(r, node, into);
        else if (node)
            st = mmofl_yaml_read_option(option, node, r->arena, into, r->err);
        else if (!node && *option->fallback)
            st = mmofl_option_set(option, into, option->fallback, r->err);
        if (st)
            return st;
    }
    return MMOFL_OK;
}

/* --- texts and paths -------------------------------------------------------------- */

/* A name as data sets have them: of some length, nothing but visible characters. */
mmofl_status mmofl_dir_check_name(mmofl_dir_reading *r, const mmofl_yaml_place *place,
                                  const char *what, const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n >= MMOFL_NAME_BYTES)
        return mmofl_yaml_fail(place, MMOFL_E_LIMIT, r->err,
                               "%s of %zu bytes; wanted 1 to %d", what, n,
                               MMOFL_NAME_BYTES - 1);
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return mmofl_yaml_fail(place, MMOFL_E_SYNTAX, r->err,
                                   "%s has a control character in it", what);
    return MMOFL_OK;
}

/* The texts of a list, 1 to `most` of them, all different, in *out. */
mmofl_status mmofl_dir_read_names(mmofl_dir_reading *r, const mmofl_yaml_node *list,
                                  const char *what, int least, int most,
                                  const char *const **out)
{
    if (list->type != MMOFL_YAML_LIST)
        return mmofl_yaml_refuse_type(list, what, "a list such as [one, two]", r->err);
    if (list->n < least || list->n > most)
        return mmofl_yaml_fail(&list->place, MMOFL_E_COUNT, r->err,
                               "%s has %d entries; wanted %d to %d", what, list->n,
                               least, most);
    const char **names = MMOFL_ARENA_NEW(r->arena, (size_t)list->n, const char *);
    if (!names)
        return mmofl_yaml_refuse_memory(list, r->err);
    int n = 0;
    for (const mmofl_yaml_node *c = list->first; c; c = c->next, n++) {
        if (c->type != MMOFL_YAML_SCALAR)
            return mmofl_yaml_refuse_type(c, what, "names", r->err);
        mmofl_status st = mmofl_dir_check_name(r, &c->place, "a name", c->text);
        if (st)
            return st;
        for (int i = 0; i < n; i++)
            if (strcmp(names[i], c->text) == 0)
                return mmofl_yaml_fail(&c->place, MMOFL_E_DUPLICATE, r->err,
                                       "%s has '%.100s' twice", what, c->text);
        names[n] = c->text;
    }
    *out = names;
    return MMOFL_OK;
}

/* Is there "{id}" in the path, and is it one that stays in the folder? */
mmofl_status mmofl_dir_check_path(mmofl_dir_reading *r, const mmofl_yaml_node *node,
                                  bool *has_id)
{
    const char *path = node->text, *brace = path;
    mmofl_error why = {0};
    *has_id = false;
    mmofl_status st = mmofl_archive_check_path(path, &why);
    if (st)
        return mmofl_yaml_fail(&node->place, st, r->err, "%s", why.text);
    while ((brace = strpbrk(brace, "{}"))) {
        if (strncmp(brace, "{id}", 4) != 0)
            return mmofl_yaml_fail(&node->place, MMOFL_E_SYNTAX, r->err,
                                   "'%.200s': only {id} stands for something", path);
        *has_id = true;
        brace += 4;
    }
    return *path ? MMOFL_OK
                 : mmofl_yaml_fail(&node->place, MMOFL_E_MISSING, r->err,
                                   "an empty path; wanted the name of a file");
}
