/* run_prototype.c - the table of global prototypes: checked, written, read.
 *
 * A mean is one value of the database, little-endian floats, and not a row for each
 * entry: it is only ever of use as a whole.  Means are copied out of SQLite's pages,
 * where nothing is aligned for floats. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "store/run_sql.h"

static bool is_finite(const mmofl_prototype_record *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (!isfinite(p->mean[i]))
            return false;
    return true;
}

mmofl_status mmofl_sql_check_prototypes(const mmofl_run_store *store,
                                        const mmofl_round_record *record,
                                        mmofl_error *err)
{
    for (size_t i = 0; i < record->n_prototypes; i++) {
        const mmofl_prototype_record *p = &record->prototypes[i];
        if (!*p->modality || !mmofl_sql_is_modality(p->modality))
            return mmofl_fail(
                err, MMOFL_E_RANGE,
                "%s: round %d: prototype: modality \"%.80s\": wanted 1 to "
                "%d bytes on one line, without comma and quote",
                store->path, record->round, p->modality, MMOFL_MEASURE_BYTES - 1);
        if (p->class_number < 0 || p->n == 0 || p->n > MMOFL_PROTOTYPE_FEATURES)
            return mmofl_fail(err, MMOFL_E_RANGE,
                              "%s: round %d: prototype: class %d, %zu features: wanted "
                              "0 or more, and 1 to %d",
                              store->path, record->round, p->class_number, p->n,
                              MMOFL_PROTOTYPE_FEATURES);
        if (!is_finite(p))
            return mmofl_fail(err, MMOFL_E_NONFINITE,
                              "%s: round %d: prototype of %s, class %d is not finite",
                              store->path, record->round, p->modality, p->class_number);
    }
    return MMOFL_OK;
}

static mmofl_status write_one(mmofl_run_store *store, sqlite3_stmt *s, int64_t run,
                              int round, const mmofl_prototype_record *p,
                              mmofl_error *err)
{
    size_t size = p->n * sizeof(float);
    unsigned char *blob = malloc(size);
    if (!blob)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", store->path);
    mmofl_bytes to = mmofl_bytes_writer(blob, size);
    for (size_t i = 0; i < p->n; i++) {
        uint32_t bits;
        memcpy(&bits, &p->mean[i], sizeof bits);
        mmofl_bytes_u32(&to, &bits);
    }
    int bound = sqlite3_bind_int64(s, 1, run) | sqlite3_bind_int(s, 2, round) |
                sqlite3_bind_text(s, 3, p->modality, -1, SQLITE_TRANSIENT) |
                sqlite3_bind_int(s, 4, p->class_number) |
                sqlite3_bind_int64(s, 5, p->seen) |
                sqlite3_bind_blob(s, 6, blob, (int)size, free);
    return mmofl_sql_run(store, s, bound, err);
}

mmofl_status mmofl_sql_write_prototypes(mmofl_run_store *store, int64_t run,
                                        const mmofl_round_record *record,
                                        mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = MMOFL_OK;
    if (record->n_prototypes > 0)
        st = mmofl_sql_prepare(store,
                               "INSERT INTO prototype (run, round, modality, class,"
                               " seen, mean) VALUES (?, ?, ?, ?, ?, ?)",
                               &s, err);
    for (size_t i = 0; !st && i < record->n_prototypes; i++)
        st = write_one(store, s, run, record->round, &record->prototypes[i], err);
    return st;
}

/* The row a statement stands on; mean has room for MMOFL_PROTOTYPE_FEATURES. */
static mmofl_status read_one(const mmofl_run_store *store, sqlite3_stmt *s, float *mean,
                             mmofl_prototype_record *p, mmofl_error *err)
{
    const char *modality = (const char *)sqlite3_column_text(s, 1);
    const void *blob = sqlite3_column_blob(s, 4);
    size_t size = (size_t)sqlite3_column_bytes(s, 4);
    *p = (mmofl_prototype_record){modality ? modality : "", sqlite3_column_int(s, 2),
                                  (uint32_t)sqlite3_column_int64(s, 3),
                                  size / sizeof(float), mean};
    if (!blob || size % sizeof(float) != 0 || p->n > MMOFL_PROTOTYPE_FEATURES ||
        p->class_number < 0)
        return mmofl_fail(
            err, MMOFL_E_CORRUPT,
            "%s: round %d: prototype of %s, class %d: a mean of %zu bytes", store->path,
            sqlite3_column_int(s, 0), p->modality, p->class_number, size);
    mmofl_bytes from = mmofl_bytes_reader(blob, size);
    for (size_t i = 0; i < p->n; i++) {
        uint32_t bits;
        mmofl_bytes_u32(&from, &bits);
        memcpy(&mean[i], &bits, sizeof bits);
    }
    if (!is_finite(p))
        return mmofl_fail(err, MMOFL_E_CORRUPT,
                          "%s: round %d: prototype of %s, class %d is not finite",
                          store->path, sqlite3_column_int(s, 0), p->modality,
                          p->class_number);
    return MMOFL_OK;
}

mmofl_status mmofl_run_store_each_prototype(mmofl_run_store *store, int64_t run,
                                            mmofl_prototype_visit *visit, void *context,
                                            mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_prepare(
        store,
        "SELECT round, modality, class, seen, mean FROM prototype WHERE run = ?"
        " ORDER BY round, modality, class",
        &s, err);
    if (st)
        return st;
    float *mean = malloc(MMOFL_PROTOTYPE_FEATURES * sizeof *mean);
    if (!mean)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", store->path);
    sqlite3_bind_int64(s, 1, run);
    while (!st && mmofl_sql_next(store, s, &st, err)) {
        mmofl_prototype_record p;
        st = read_one(store, s, mean, &p, err);
        if (!st)
            st = visit(context, sqlite3_column_int(s, 0), &p);
    }
    sqlite3_reset(s);
    free(mean);
    return st;
}
