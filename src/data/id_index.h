/* id_index.h - from the numbers that a data set's authors gave its samples to where we
 * keep them: filled, sorted once, then searched. */
#ifndef MMOFL_DATA_ID_INDEX_H
#define MMOFL_DATA_ID_INDEX_H

#include "mmofl/status.h"

typedef struct mmofl_id_entry {
    int64_t id;
    size_t place; /* what the caller wants to find by it: a row, an entry ... */
} mmofl_id_entry;

typedef struct mmofl_id_index {
    mmofl_id_entry *entry; /* malloc'ed */
    size_t n, capacity;
} mmofl_id_index; /* starts as zero */

/** @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_id_index_add(mmofl_id_index *index, int64_t id,
                                              size_t place, mmofl_error *err);

/** Sort by id, and by place within an id.  NULL when no id is there twice, else the
 * first of two neighbouring entries with the lowest such id. */
const mmofl_id_entry *mmofl_id_index_sort(mmofl_id_index *index);

/** Look an id up in a sorted index; false when it is not there.  Cost: O(log n). */
bool mmofl_id_index_find(const mmofl_id_index *index, int64_t id, size_t *place);

/** Give the memory back; the index is empty again. */
void mmofl_id_index_free(mmofl_id_index *index);

#endif
