/* run_injected.c - the table of what an imbalance did: checked, written, read.
 *
 * A row holds three counts that belong together, so this is a table of its own and not
 * three measures. */
#include "store/run_sql.h"

static bool is_possible(const mmofl_injected_record *i)
{
    return i->device >= 0 && i->missing >= 0 && i->missing <= i->samples &&
           i->disturbed >= 0 && i->disturbed <= i->samples - i->missing;
}

mmofl_status mmofl_sql_check_injected(const mmofl_run_store *store,
                                      const mmofl_round_record *record,
                                      mmofl_error *err)
{
    for (size_t n = 0; n < record->n_injected; n++) {
        const mmofl_injected_record *i = &record->injected[n];
        if (!*i->modality || !mmofl_sql_is_modality(i->modality))
            return mmofl_fail(err, MMOFL_E_RANGE,
                              "%s: round %d: injected: modality \"%.80s\": wanted 1 to "
                              "%d bytes on one line, without comma and quote",
                              store->path, record->round, i->modality,
                              MMOFL_MEASURE_BYTES - 1);
        if (!is_possible(i))
            return mmofl_fail(err, MMOFL_E_RANGE,
                              "%s: round %d: injected: device %d, %s: %lld missing and "
                              "%lld disturbed of %lld samples",
                              store->path, record->round, i->device, i->modality,
                              (long long)i->missing, (long long)i->disturbed,
                              (long long)i->samples);
    }
    return MMOFL_OK;
}

mmofl_status mmofl_sql_write_injected(mmofl_run_store *store, int64_t run,
                                      const mmofl_round_record *record,
                                      mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = MMOFL_OK;
    if (record->n_injected > 0)
        st = mmofl_sql_prepare(store,
                               "INSERT INTO injected (run, round, device, modality,"
                               " samples, missing, disturbed) VALUES (?, ?, ?, ?, ?, ?,"
                               " ?)",
                               &s, err);
    for (size_t n = 0; !st && n < record->n_injected; n++) {
        const mmofl_injected_record *i = &record->injected[n];
        int bound = sqlite3_bind_int64(s, 1, run) |
                    sqlite3_bind_int(s, 2, record->round) |
                    sqlite3_bind_int(s, 3, i->device) |
                    sqlite3_bind_text(s, 4, i->modality, -1, SQLITE_TRANSIENT) |
                    sqlite3_bind_int64(s, 5, i->samples) |
                    sqlite3_bind_int64(s, 6, i->missing) |
                    sqlite3_bind_int64(s, 7, i->disturbed);
        st = mmofl_sql_run(store, s, bound, err);
    }
    return st;
}

mmofl_status mmofl_run_store_each_injected(mmofl_run_store *store, int64_t run,
                                           mmofl_injected_visit *visit, void *context,
                                           mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_prepare(
        store,
        "SELECT round, device, modality, samples, missing, disturbed FROM injected"
        " WHERE run = ? ORDER BY round, device, modality",
        &s, err);
    if (st)
        return st;
    sqlite3_bind_int64(s, 1, run);
    while (!st && mmofl_sql_next(store, s, &st, err)) {
        const char *modality = (const char *)sqlite3_column_text(s, 2);
        mmofl_injected_record i = {sqlite3_column_int(s, 1), modality ? modality : "",
                                   sqlite3_column_int64(s, 3),
                                   sqlite3_column_int64(s, 4),
                                   sqlite3_column_int64(s, 5)};
        st = visit(context, sqlite3_column_int(s, 0), &i);
    }
    sqlite3_reset(s);
    return st;
}
