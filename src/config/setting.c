/* setting.c - walk to the parent of the value, then put the new node in its place. */
#include <stdio.h>
#include <string.h>

#include "config/setting.h"

typedef struct change {
    mmofl_arena *arena;
    mmofl_error *err;
    mmofl_status status;    /* why a function below returned nothing */
    mmofl_yaml_node *value; /* its place is that of every node made on the way */
} change;

static bool no_memory(change *c)
{
    c->status =
        mmofl_yaml_fail(&c->value->place, MMOFL_E_MEMORY, c->err, "out of memory");
    return false;
}

/* Where the pointer to child `key` of a map stands: the child's own, or the end. */
static mmofl_yaml_node **slot_in_map(mmofl_yaml_node *map, const char *key)
{
    mmofl_yaml_node **slot = &map->first;
    while (*slot && strcmp((*slot)->key, key) != 0)
        slot = &(*slot)->next;
    return slot;
}

/* The pointer to element number `step` of a list, NULL when there is none. */
static mmofl_yaml_node **slot_in_list(mmofl_yaml_node *list, const char *step)
{
    int index = 0;
    for (const char *digit = step; *digit; digit++) {
        if (*digit < '0' || *digit > '9' || index > MMOFL_YAML_NODES)
            return NULL;
        index = 10 * index + (*digit - '0');
    }
    mmofl_yaml_node **slot = &list->first;
    while (*slot && index-- > 0)
        slot = &(*slot)->next;
    return *slot ? slot : NULL;
}

/* The pointer that `step` names in parent: to a child, to where a map ends, or NULL. */
static mmofl_yaml_node **find_slot(change *c, mmofl_yaml_node *parent, const char *step)
{
    const mmofl_yaml_place *place = &c->value->place;
    mmofl_yaml_node **slot = NULL;
    if (!*step)
        c->status = mmofl_yaml_fail(place, MMOFL_E_SYNTAX, c->err,
                                    "an empty name in the path; wanted key.key=value");
    else if (parent->type == MMOFL_YAML_MAP)
        slot = slot_in_map(parent, step);
    else if (parent->type != MMOFL_YAML_LIST)
        c->status = mmofl_yaml_fail(
            place, MMOFL_E_TYPE, c->err, "'%.100s' cannot be set inside %s '%.100s'",
            step, mmofl_yaml_type_text(parent->type), parent->text ? parent->text : "");
    else if (!(slot = slot_in_list(parent, step)))
        c->status = mmofl_yaml_fail(
            place, MMOFL_E_RANGE, c->err,
            "'%.100s' is no element; the list has %d, the first is 0", step, parent->n);
    return slot;
}

/* Put node into the slot of parent under the name step. */
static bool put(change *c, mmofl_yaml_node *parent, mmofl_yaml_node **slot,
                const char *step, mmofl_yaml_node *node)
{
    if (parent->type == MMOFL_YAML_MAP) {
        node->key = mmofl_arena_text(c->arena, step);
        if (!node->key)
            return no_memory(c);
    }
    node->key_place = c->value->place;
    node->next = *slot ? (*slot)->next : NULL;
    parent->n += !*slot;
    *slot = node;
    return true;
}

static bool put_map(change *c, mmofl_yaml_node *parent, mmofl_yaml_node **slot,
                    const char *step)
{
    mmofl_yaml_node *map = MMOFL_ARENA_NEW(c->arena, 1, mmofl_yaml_node);
    if (!map)
        return no_memory(c);
    map->type = MMOFL_YAML_MAP;
    map->place = c->value->place;
    return put(c, parent, slot, step, map);
}

/* path is cut at its dots. */
static mmofl_status apply(change *c, char *path, mmofl_yaml_node *root)
{
    mmofl_yaml_node *parent = root, **slot;
    for (char *dot; (dot = strchr(path, '.')); path = dot + 1) {
        *dot = 0;
        slot = find_slot(c, parent, path);
        if (!slot)
            return c->status;
        bool is_absent = !*slot || (*slot)->type == MMOFL_YAML_NULL;
        if (is_absent && !put_map(c, parent, slot, path))
            return c->status;
        parent = *slot;
    }
    slot = find_slot(c, parent, path);
    return slot && put(c, parent, slot, path, c->value) ? MMOFL_OK : c->status;
}

mmofl_status mmofl_setting_apply(const char *setting, mmofl_arena *arena,
                                 mmofl_yaml_node **root, mmofl_error *err)
{
    const char *equals = strchr(setting, '=');
    if (!equals)
        return mmofl_fail(err, MMOFL_E_SYNTAX, "--set %.100s: wanted key.key=value",
                          setting);
    char name[160];
    snprintf(name, sizeof name, "--set %.140s", setting);
    char *path = mmofl_arena_text(arena, setting);
    if (!path)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: out of memory", name);
    path[equals - setting] = 0;
    change c = {.arena = arena, .err = err};
    mmofl_status st = mmofl_yaml_parse_value(equals + 1, name, arena, &c.value, err);
    return st ? st : apply(&c, path, *root);
}

mmofl_status mmofl_setting_put(const char *path, mmofl_yaml_node *value,
                               mmofl_arena *arena, mmofl_yaml_node *root,
                               mmofl_error *err)
{
    change c = {.arena = arena, .err = err, .value = value};
    char *own = mmofl_arena_text(arena, path);
    if (!own) {
        no_memory(&c);
        return c.status;
    }
    return apply(&c, own, root);
}
