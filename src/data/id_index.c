/* id_index.c - a sorted array: filled once, so nothing cleverer pays. */
#include <stdlib.h>

#include "data/id_index.h"

mmofl_status mmofl_id_index_add(mmofl_id_index *index, int64_t id, size_t place,
                                mmofl_error *err)
{
    if (index->n == index->capacity) {
        size_t capacity = index->capacity ? 2 * index->capacity : 256;
        mmofl_id_entry *grown = capacity <= SIZE_MAX / sizeof *grown
                                    ? realloc(index->entry, capacity * sizeof *grown)
                                    : NULL;
        if (!grown)
            return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %zu numbers",
                              capacity);
        index->entry = grown;
        index->capacity = capacity;
    }
    index->entry[index->n++] = (mmofl_id_entry){id, place};
    return MMOFL_OK;
}

static int by_id(const void *a, const void *b)
{
    const mmofl_id_entry *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

const mmofl_id_entry *mmofl_id_index_sort(mmofl_id_index *index)
{
    if (index->n > 0)
        qsort(index->entry, index->n, sizeof *index->entry, by_id);
    for (size_t i = 1; i < index->n; i++)
        if (index->entry[i].id == index->entry[i - 1].id)
            return &index->entry[i - 1];
    return NULL;
}

bool mmofl_id_index_find(const mmofl_id_index *index, int64_t id, size_t *place)
{
    size_t low = 0, high = index->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (index->entry[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == index->n || index->entry[low].id != id)
        return false;
    *place = index->entry[low].place;
    return true;
}

void mmofl_id_index_free(mmofl_id_index *index)
{
    free(index->entry);
    *index = (mmofl_id_index){0};
}
