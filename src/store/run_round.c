/* run_round.c - writing rounds to the run store, and taking them back.
 *
 * A round's rows are checked before the transaction begins and written inside it.  What
 * hangs on a round (evaluation, confusion, timing, checkpoint) goes with it by foreign
 * keys, so that rewinding is one DELETE. */
#include <math.h>
#include <string.h>

#include "store/run_sql.h"

/* A part's name becomes a column of CSV and a key of JSON: no text to be quoted. */
static bool is_part_name(const char *part)
{
    size_t n = strlen(part);
    return n > 0 && n < MMOFL_PART_BYTES &&
           strspn(part, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

static mmofl_status check_metrics(const mmofl_run_store *store,
                                  const mmofl_round_record *r, mmofl_error *err)
{
    const struct {
        const char *name;
        double value;
        bool may_lack;
    } reals[] = {
#define REAL_ROW(name, lack) {#name, r->name, lack},
#define NO_ROW(name)
        MMOFL_ROUND_METRIC_LIST(REAL_ROW, NO_ROW){"seconds", r->seconds, false},
#undef REAL_ROW
    };
    const struct {
        const char *name;
        int64_t value;
    } counts[] = {
#define NO_REAL_ROW(name, lack)
#define COUNT_ROW(name) {#name, r->name},
        MMOFL_ROUND_METRIC_LIST(NO_REAL_ROW, COUNT_ROW){"round", r->round},
#undef COUNT_ROW
#undef NO_ROW
#undef NO_REAL_ROW
    };
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        if (!isfinite(reals[i].value) && !(isnan(reals[i].value) && reals[i].may_lack))
            return mmofl_fail(err, MMOFL_E_NONFINITE, "%s: round %d: %s is %g",
                              store->path, r->round, reals[i].name, reals[i].value);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i].value < 0)
            return mmofl_fail(err, MMOFL_E_RANGE,
                              "%s: round %d: %s is %lld, wanted 0 or more", store->path,
                              r->round, counts[i].name, (long long)counts[i].value);
    return MMOFL_OK;
}

static mmofl_status check_evaluations(const mmofl_run_store *store,
                                      const mmofl_round_record *r, mmofl_error *err)
{
    if (r->n_evaluations < 0 || r->n_evaluations > MMOFL_ROUND_EVALUATIONS)
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "%s: round %d: %d evaluations, at most %d", store->path,
                          r->round, r->n_evaluations, MMOFL_ROUND_EVALUATIONS);
    for (int i = 0; i < r->n_evaluations; i++) {
        const mmofl_evaluation_record *e = &r->evaluations[i];
        if (!is_part_name(e->part))
            return mmofl_fail(err, MMOFL_E_RANGE,
                              "%s: part \"%s\": wanted 1 to %d of a-z, 0-9, _",
                              store->path, e->part, MMOFL_PART_BYTES - 1);
        if (!isfinite(e->loss) || !isfinite(e->accuracy) || !isfinite(e->macro_f1))
            return mmofl_fail(err, MMOFL_E_NONFINITE,
                              "%s: round %d, %s: loss %g, accuracy %g, macro F1 %g",
                              store->path, r->round, e->part, e->loss, e->accuracy,
                              e->macro_f1);
    }
    return MMOFL_OK;
}

static mmofl_status write_metrics(mmofl_run_store *store, int64_t run,
                                  const mmofl_round_record *r, mmofl_error *err)
{
#define REAL_MARK(name, lack) ", ?"
#define COUNT_MARK(name) ", ?"
    static const char sql[] =
        "INSERT INTO round (run, round" MMOFL_SQL_METRIC_COLUMNS
        ") VALUES (?, ?" MMOFL_ROUND_METRIC_LIST(REAL_MARK, COUNT_MARK) ")";
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_prepare(store, sql, &s, err);
    if (st)
        return st;
    int i = 2, bound = sqlite3_bind_int64(s, 1, run) | sqlite3_bind_int(s, 2, r->round);
    /* SQLite stores NaN as NULL. */
#define BIND_REAL(name, lack) bound |= sqlite3_bind_double(s, ++i, r->name);
#define BIND_COUNT(name) bound |= sqlite3_bind_int64(s, ++i, r->name);
    MMOFL_ROUND_METRIC_LIST(BIND_REAL, BIND_COUNT)
    return mmofl_sql_run(store, s, bound, err);
}

static mmofl_status write_timing(mmofl_run_store *store, int64_t run,
                                 const mmofl_round_record *r, mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_prepare(
        store, "INSERT INTO timing (run, round, seconds) VALUES (?, ?, ?)", &s, err);
    if (st)
        return st;
    int bound = sqlite3_bind_int64(s, 1, run) | sqlite3_bind_int(s, 2, r->round) |
                sqlite3_bind_double(s, 3, r->seconds);
    return mmofl_sql_run(store, s, bound, err);
}

static mmofl_status write_confusion(mmofl_run_store *store, int64_t run, int round,
                                    const mmofl_evaluation_record *e, mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_prepare(
        store, "INSERT INTO confusion VALUES (?, ?, ?, ?, ?, ?)", &s, err);
    if (st || !e->confusion)
        return st;
    for (int y = 0; y < e->n_classes && !st; y++) {
        for (int p = 0; p < e->n_classes && !st; p++) {
            uint64_t count = e->confusion[(size_t)y * (size_t)e->n_classes + (size_t)p];
            if (count == 0)
                continue;
            int bound = sqlite3_bind_int64(s, 1, run) | sqlite3_bind_int(s, 2, round) |
                        sqlite3_bind_text(s, 3, e->part, -1, SQLITE_TRANSIENT) |
                        sqlite3_bind_int(s, 4, y) | sqlite3_bind_int(s, 5, p) |
                        sqlite3_bind_int64(s, 6, (sqlite3_int64)count);
            st = mmofl_sql_run(store, s, bound, err);
        }
    }
    return st;
}

static mmofl_status write_evaluation(mmofl_run_store *store, int64_t run, int round,
                                     const mmofl_evaluation_record *e, mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_prepare(
        store, "INSERT INTO evaluation VALUES (?, ?, ?, ?, ?, ?)", &s, err);
    if (st)
        return st;
    int bound = sqlite3_bind_int64(s, 1, run) | sqlite3_bind_int(s, 2, round) |
                sqlite3_bind_text(s, 3, e->part, -1, SQLITE_TRANSIENT) |
                sqlite3_bind_double(s, 4, e->loss) |
                sqlite3_bind_double(s, 5, e->accuracy) |
                sqlite3_bind_double(s, 6, e->macro_f1);
    st = mmofl_sql_run(store, s, bound, err);
    return st ? st : write_confusion(store, run, round, e, err);
}

static mmofl_status drop_checkpoints(mmofl_run_store *store, int64_t run, int keep,
                                     int keep_too, mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_prepare(
        store, "DELETE FROM checkpoint WHERE run = ? AND round NOT IN (?, ?)", &s, err);
    if (st)
        return st;
    int bound = sqlite3_bind_int64(s, 1, run) | sqlite3_bind_int(s, 2, keep) |
                sqlite3_bind_int(s, 3, keep_too);
    return mmofl_sql_run(store, s, bound, err);
}

static mmofl_status write_checkpoint(mmofl_run_store *store, int64_t run,
                                     const mmofl_checkpoint_record *c, int keep_round,
                                     mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_prepare(
        store, "INSERT INTO checkpoint (run, round, file, digest) VALUES (?, ?, ?, ?)",
        &s, err);
    if (st)
        return st;
    int bound = sqlite3_bind_int64(s, 1, run) | sqlite3_bind_int(s, 2, c->round) |
                sqlite3_bind_text(s, 3, c->file, -1, SQLITE_TRANSIENT) |
                sqlite3_bind_blob(s, 4, c->digest, MMOFL_CHECKPOINT_DIGEST_BYTES,
                                  SQLITE_TRANSIENT);
    st = mmofl_sql_run(store, s, bound, err);
    return st ? st : drop_checkpoints(store, run, c->round, keep_round, err);
}

mmofl_status mmofl_run_store_add_round(mmofl_run_store *store, int64_t run,
                                       const mmofl_round_record *record,
                                       const mmofl_checkpoint_record *checkpoint,
                                       int keep_round, bool is_durable,
                                       mmofl_error *err)
{
    mmofl_status st = check_metrics(store, record, err);
    if (!st)
        st = check_evaluations(store, record, err);
    if (!st)
        st = mmofl_sql_check_measures(store, record->round, record->measures,
                                      record->n_measures, err);
    if (!st)
        st = mmofl_sql_check_injected(store, record, err);
    if (!st)
        st = mmofl_sql_check_prototypes(store, record, err);
    if (!st)
        st = mmofl_sql_begin(store, is_durable, err);
    if (st)
        return st;
    st = write_metrics(store, run, record, err);
    if (!st)
        st = write_timing(store, run, record, err);
    for (int i = 0; i < record->n_evaluations && !st; i++)
        st = write_evaluation(store, run, record->round, &record->evaluations[i], err);
    if (!st)
        st = mmofl_sql_write_measures(store, run, record->round, record->measures,
                                      record->n_measures, err);
    if (!st)
        st = mmofl_sql_write_injected(store, run, record, err);
    if (!st)
        st = mmofl_sql_write_prototypes(store, run, record, err);
    if (checkpoint && !st)
        st = write_checkpoint(store, run, checkpoint, keep_round, err);
    return mmofl_sql_end(store, st, err);
}

mmofl_status mmofl_run_store_rewind(mmofl_run_store *store, int64_t run, int round,
                                    mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_prepare(
        store, "DELETE FROM round WHERE run = ? AND round > ?", &s, err);
    if (!st)
        st = mmofl_sql_begin(store, true, err);
    if (st)
        return st;
    int bound = sqlite3_bind_int64(s, 1, run) | sqlite3_bind_int(s, 2, round);
    return mmofl_sql_end(store, mmofl_sql_run(store, s, bound, err), err);
}

mmofl_status mmofl_run_store_keep_checkpoint(mmofl_run_store *store, int64_t run,
                                             int round, mmofl_error *err)
{
    mmofl_status st = mmofl_sql_begin(store, false, err);
    if (st)
        return st;
    return mmofl_sql_end(store, drop_checkpoints(store, run, round, round, err), err);
}
