/* run_measure.c - the table of named numbers: checked, written, read.
 *
 * A measure is a row and not a column, so that a new method or analysis needs no new
 * schema.  Names and modalities go unquoted into CSV, so what would need quoting is
 * refused on the way in. */
#include <math.h>
#include <string.h>

#include "store/run_sql.h"

static bool is_name(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n < MMOFL_MEASURE_BYTES &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

bool mmofl_sql_is_modality(const char *text)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == ',' || *c == '"')
            return false;
    return strlen(text) < MMOFL_MEASURE_BYTES;
}

mmofl_status mmofl_sql_check_measures(const mmofl_run_store *store, int round,
                                      const mmofl_measure *measures, size_t n,
                                      mmofl_error *err)
{
    for (size_t i = 0; i < n; i++) {
        const mmofl_measure *m = &measures[i];
        if (!is_name(m->name))
            return mmofl_fail(err, MMOFL_E_RANGE,
                              "%s: measure \"%.80s\": wanted 1 to %d of a-z, 0-9, _",
                              store->path, m->name, MMOFL_MEASURE_BYTES - 1);
        if (!mmofl_sql_is_modality(m->modality))
            return mmofl_fail(err, MMOFL_E_RANGE,
                              "%s: measure %s: modality \"%.80s\": wanted at most %d "
                              "bytes on one line, without comma and quote",
                              store->path, m->name, m->modality,
                              MMOFL_MEASURE_BYTES - 1);
        if (m->device < -1)
            return mmofl_fail(err, MMOFL_E_RANGE,
                              "%s: measure %s: device %d, wanted -1 (all) or more",
                              store->path, m->name, m->device);
        if (!isfinite(m->value))
            return mmofl_fail(err, MMOFL_E_NONFINITE, "%s: round %d: %s is %g",
                              store->path, round, m->name, m->value);
    }
    return MMOFL_OK;
}

mmofl_status mmofl_sql_write_measures(mmofl_run_store *store, int64_t run, int round,
                                      const mmofl_measure *measures, size_t n,
                                      mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = MMOFL_OK;
    if (n > 0)
        st = mmofl_sql_prepare(store,
                               "INSERT INTO measure (run, round, name, modality,"
                               " device, value) VALUES (?, ?, ?, ?, ?, ?)",
                               &s, err);
    for (size_t i = 0; !st && i < n; i++) {
        const mmofl_measure *m = &measures[i];
        int bound = sqlite3_bind_int64(s, 1, run) | sqlite3_bind_int(s, 2, round) |
                    sqlite3_bind_text(s, 3, m->name, -1, SQLITE_TRANSIENT) |
                    sqlite3_bind_text(s, 4, m->modality, -1, SQLITE_TRANSIENT) |
                    sqlite3_bind_int(s, 5, m->device) |
                    sqlite3_bind_double(s, 6, m->value);
        st = mmofl_sql_run(store, s, bound, err);
    }
    return st;
}

mmofl_status mmofl_run_store_add_measures(mmofl_run_store *store, int64_t run,
                                          int round, const mmofl_measure *measures,
                                          size_t n, mmofl_error *err)
{
    mmofl_status st = mmofl_sql_check_measures(store, round, measures, n, err);
    if (!st)
        st = mmofl_sql_begin(store, false, err);
    if (st)
        return st;
    st = mmofl_sql_write_measures(store, run, round, measures, n, err);
    return mmofl_sql_end(store, st, err);
}

mmofl_status mmofl_run_store_drop_measures(mmofl_run_store *store, int64_t run,
                                           const char *name, mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_begin(store, false, err);
    if (st)
        return st;
    st = mmofl_sql_prepare(store, "DELETE FROM measure WHERE run = ? AND name = ?", &s,
                           err);
    if (!st)
        st = mmofl_sql_run(store, s,
                           sqlite3_bind_int64(s, 1, run) |
                               sqlite3_bind_text(s, 2, name, -1, SQLITE_TRANSIENT),
                           err);
    return mmofl_sql_end(store, st, err);
}

mmofl_status mmofl_run_store_each_measure(mmofl_run_store *store, int64_t run,
                                          mmofl_measure_visit *visit, void *context,
                                          mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_prepare(
        store,
        "SELECT round, name, modality, device, value FROM measure WHERE run = ?"
        " ORDER BY round, name, modality, device",
        &s, err);
    if (st)
        return st;
    sqlite3_bind_int64(s, 1, run);
    while (!st && mmofl_sql_next(store, s, &st, err)) {
        const char *name = (const char *)sqlite3_column_text(s, 1);
        const char *modality = (const char *)sqlite3_column_text(s, 2);
        mmofl_measure m = {name ? name : "", sqlite3_column_int(s, 3),
                           modality ? modality : "", sqlite3_column_double(s, 4)};
        st = visit(context, sqlite3_column_int(s, 0), &m);
    }
    sqlite3_reset(s);
    return st;
}
