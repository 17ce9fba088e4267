/* number_list.c - twice over the same ranges: once to count, once to fill. */
#include <string.h>

#include "base/number.h"
#include "config/number_list.h"

typedef struct range {
    uint64_t first, last;
} range;

static mmofl_status refuse(const mmofl_yaml_node *node, const char *what,
                           mmofl_status status, const char *why, mmofl_error *err)
{
    return mmofl_yaml_fail(
        &node->place, status, err,
        "%s: %s%.100s%s%s; wanted whole numbers, such as 7, 1..5 or [1, 2, 10..12]",
        what, node->text ? "'" : "",
        node->text ? node->text : mmofl_yaml_type_text(node->type),
        node->text ? "'" : "", why);
}

static mmofl_status read_range(const mmofl_yaml_node *node, const char *what,
                               range *out, mmofl_error *err)
{
    if (node->type != MMOFL_YAML_SCALAR || node->quoted)
        return refuse(node, what, MMOFL_E_TYPE,
                      node->quoted ? " is text in quotes" : "", err);
    const char *at = node->text;
    mmofl_status st = mmofl_number_whole(&at, &out->first);
    out->last = out->first;
    if (st == MMOFL_OK && strncmp(at, "..", 2) == 0) {
        at += 2;
        st = mmofl_number_whole(&at, &out->last);
    }
    if (st == MMOFL_OK && *at)
        st = MMOFL_E_TYPE;
    if (st)
        return refuse(node, what, st,
                      st == MMOFL_E_RANGE ? " is too large" : " is not that", err);
    if (out->last < out->first)
        return refuse(node, what, MMOFL_E_RANGE, " runs backwards", err);
    return MMOFL_OK;
}

mmofl_status mmofl_number_list_read(const mmofl_yaml_node *node, const char *what,
                                    int most, mmofl_arena *arena, uint64_t **out,
                                    int *n, mmofl_error *err)
{
    bool is_list = node->type == MMOFL_YAML_LIST;
    const mmofl_yaml_node *first = is_list ? node->first : node;
    int count = 0;
    range r = {0, 0};
    for (const mmofl_yaml_node *item = first; item;
         item = is_list ? item->next : NULL) {
        mmofl_status st = read_range(item, what, &r, err);
        if (st)
            return st;
        if (r.last - r.first >= (uint64_t)(most - count))
            return mmofl_yaml_fail(&item->place, MMOFL_E_LIMIT, err,
                                   "%s: more than %d numbers", what, most);
        count += (int)(r.last - r.first) + 1;
    }
    uint64_t *numbers = MMOFL_ARENA_NEW(arena, (size_t)count, uint64_t);
    if (!numbers)
        return mmofl_yaml_fail(&node->place, MMOFL_E_MEMORY, err, "out of memory");
    int filled = 0;
    for (const mmofl_yaml_node *item = first; item;
         item = is_list ? item->next : NULL) {
        mmofl_status st = read_range(item, what, &r, err);
        if (st)
            return st;
        for (uint64_t i = 0; i <= r.last - r.first; i++)
            numbers[filled++] = r.first + i;
    }
    *out = numbers;
    *n = count;
    return MMOFL_OK;
}
