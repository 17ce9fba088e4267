/* run_read.c - walking through the rows of a run store.
 *
 * Rounds and their evaluations are two queries in the same order, read in lockstep. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "store/run_sql.h"

static double real_at(sqlite3_stmt *s, int column)
{
    if (sqlite3_column_type(s, column) == SQLITE_NULL)
        return (double)NAN;
    return sqlite3_column_double(s, column);
}

/* Never NULL: a column that cannot be had (no memory) reads as an empty text. */
static const char *text_at(sqlite3_stmt *s, int column)
{
    const char *text = (const char *)sqlite3_column_text(s, column);
    return text ? text : "";
}

/* Prepare a statement whose one value is the run. */
static mmofl_status prepare_for_run(mmofl_run_store *store, const char *sql,
                                    int64_t run, sqlite3_stmt **s, mmofl_error *err)
{
    mmofl_status st = mmofl_sql_prepare(store, sql, s, err);
    if (!st)
        sqlite3_bind_int64(*s, 1, run);
    return st;
}

/* The evaluations of one round, and the query they come from. */
typedef struct evaluation_reader {
    sqlite3_stmt *statement;
    bool has_row; /* the statement stands on a row not yet taken */
    mmofl_evaluation_record records[MMOFL_ROUND_EVALUATIONS];
    char parts[MMOFL_ROUND_EVALUATIONS][MMOFL_PART_BYTES];
} evaluation_reader;

static mmofl_status read_evaluations(mmofl_run_store *store, evaluation_reader *r,
                                     int round, int *n, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    *n = 0;
    while (r->has_row && sqlite3_column_int(r->statement, 0) == round) {
        if (*n == MMOFL_ROUND_EVALUATIONS)
            return mmofl_fail(err, MMOFL_E_CORRUPT, "%s: round %d: over %d evaluations",
                              store->path, round, MMOFL_ROUND_EVALUATIONS);
        mmofl_evaluation_record *e = &r->records[*n];
        *e = (mmofl_evaluation_record){.part = r->parts[*n],
                                       .loss = real_at(r->statement, 2),
                                       .accuracy = real_at(r->statement, 3),
                                       .macro_f1 = real_at(r->statement, 4)};
        snprintf(r->parts[*n], MMOFL_PART_BYTES, "%s", text_at(r->statement, 1));
        r->has_row = mmofl_sql_next(store, r->statement, &st, err);
        if (st)
            return st;
        ++*n;
    }
    return MMOFL_OK;
}

static void read_metrics(sqlite3_stmt *s, mmofl_round_record *record)
{
    int i = 2;
    *record = (mmofl_round_record){.round = sqlite3_column_int(s, 0),
                                   .seconds = real_at(s, 1)};
#define TAKE_REAL(name, lack) record->name = real_at(s, i++);
#define TAKE_COUNT(name) record->name = sqlite3_column_int64(s, i++);
    MMOFL_ROUND_METRIC_LIST(TAKE_REAL, TAKE_COUNT)
}

mmofl_status mmofl_run_store_each_round(mmofl_run_store *store, int64_t run,
                                        mmofl_round_visit *visit, void *context,
                                        mmofl_error *err)
{
    static const char rounds_sql[] =
        "SELECT round, seconds" MMOFL_SQL_METRIC_COLUMNS
        " FROM round LEFT JOIN timing USING (run, round) WHERE run = ? ORDER BY round";
    evaluation_reader reader = {0};
    sqlite3_stmt *rounds;
    mmofl_status st = prepare_for_run(
        store,
        "SELECT round, part, loss, accuracy, macro_f1 FROM evaluation WHERE run = ?"
        " ORDER BY round, part",
        run, &reader.statement, err);
    if (!st)
        st = prepare_for_run(store, rounds_sql, run, &rounds, err);
    if (st)
        return st;
    reader.has_row = mmofl_sql_next(store, reader.statement, &st, err);
    while (!st && mmofl_sql_next(store, rounds, &st, err)) {
        mmofl_round_record record;
        read_metrics(rounds, &record);
        record.evaluations = reader.records;
        st = read_evaluations(store, &reader, record.round, &record.n_evaluations, err);
        if (!st)
            st = visit(context, &record);
    }
    sqlite3_reset(reader.statement);
    sqlite3_reset(rounds);
    return st;
}

mmofl_status mmofl_run_store_each_confusion(mmofl_run_store *store, int64_t run,
                                            mmofl_confusion_visit *visit, void *context,
                                            mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = prepare_for_run(
        store,
        "SELECT round, part, true_class, predicted_class, count FROM confusion"
        " WHERE run = ? ORDER BY round, part, true_class, predicted_class",
        run, &s, err);
    if (st)
        return st;
    while (!st && mmofl_sql_next(store, s, &st, err)) {
        mmofl_confusion_cell cell = {sqlite3_column_int(s, 0), text_at(s, 1),
                                     sqlite3_column_int(s, 2), sqlite3_column_int(s, 3),
                                     (uint64_t)sqlite3_column_int64(s, 4)};
        st = visit(context, &cell);
    }
    sqlite3_reset(s);
    return st;
}

mmofl_status mmofl_run_store_each_part(mmofl_run_store *store, int64_t run,
                                       mmofl_part_visit *visit, void *context,
                                       mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = prepare_for_run(
        store, "SELECT DISTINCT part FROM evaluation WHERE run = ? ORDER BY part", run,
        &s, err);
    if (st)
        return st;
    while (!st && mmofl_sql_next(store, s, &st, err))
        st = visit(context, text_at(s, 0));
    sqlite3_reset(s);
    return st;
}

mmofl_status mmofl_run_store_each_checkpoint(mmofl_run_store *store, int64_t run,
                                             mmofl_checkpoint_visit *visit,
                                             void *context, mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = prepare_for_run(
        store,
        "SELECT round, file, digest FROM checkpoint WHERE run = ? ORDER BY round DESC",
        run, &s, err);
    if (st)
        return st;
    while (!st && mmofl_sql_next(store, s, &st, err)) {
        mmofl_checkpoint_record c = {.round = sqlite3_column_int(s, 0),
                                     .file = text_at(s, 1)};
        /* A digest of another size stays zero and fits no file. */
        if (sqlite3_column_bytes(s, 2) == MMOFL_CHECKPOINT_DIGEST_BYTES)
            memcpy(c.digest, sqlite3_column_blob(s, 2), MMOFL_CHECKPOINT_DIGEST_BYTES);
        st = visit(context, &c);
    }
    sqlite3_reset(s);
    return st;
}
