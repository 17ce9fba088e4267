/* sql.h - what the run store asks of SQLite, with statuses and texts of ours.  Only
 * run_*.c here include it. */
#ifndef MMOFL_STORE_SQL_H
#define MMOFL_STORE_SQL_H

#include <sqlite3.h>

#include "store/run_store.h"

struct mmofl_run_store {
    sqlite3 *db;
    char *path;
    struct mmofl_sql_cached *cached; /* statements prepared so far */
    bool is_durable;                 /* synchronous = FULL now, else NORMAL */
};

/** ", step_size, participants, ..." for SQL text. */
#define MMOFL_SQL_REAL_COLUMN(name, may_lack) ", " #name
#define MMOFL_SQL_COUNT_COLUMN(name) ", " #name
#define MMOFL_SQL_METRIC_COLUMNS                                                       \
    MMOFL_ROUND_METRIC_LIST(MMOFL_SQL_REAL_COLUMN, MMOFL_SQL_COUNT_COLUMN)

/** SQLite's last error as ours; the text is "path: doing: SQLite's text". */
mmofl_status mmofl_sql_fail(const mmofl_run_store *store, const char *doing,
                            mmofl_error *err);

/** Run statements that give no rows and take no values. */
MMOFL_CHECKED mmofl_status mmofl_sql_exec(mmofl_run_store *store, const char *sql,
                                          mmofl_error *err);

/** The one number that a statement gives. */
MMOFL_CHECKED mmofl_status mmofl_sql_number(mmofl_run_store *store, const char *sql,
                                            int64_t *value, mmofl_error *err);

/** A prepared statement, ready to bind.  It is kept and given again for the same text:
 * `sql` must be a constant, which is compared by address.  Reset it after use
 * (mmofl_sql_run does). */
MMOFL_CHECKED mmofl_status mmofl_sql_prepare(mmofl_run_store *store, const char *sql,
                                             sqlite3_stmt **statement,
                                             mmofl_error *err);

/** Step a statement that gives no rows, and reset it.
 * @param[in] bound  the results of its sqlite3_bind calls, or-ed */
MMOFL_CHECKED mmofl_status mmofl_sql_run(mmofl_run_store *store,
                                         sqlite3_stmt *statement, int bound,
                                         mmofl_error *err);

/** Step to the next row.  False at the end and on failure, which *status tells apart;
 * the statement is then reset. */
bool mmofl_sql_next(mmofl_run_store *store, sqlite3_stmt *statement,
                    mmofl_status *status, mmofl_error *err);

/** Begin a transaction that will be on the disk when committed, or not yet. */
MMOFL_CHECKED mmofl_status mmofl_sql_begin(mmofl_run_store *store, bool is_durable,
                                           mmofl_error *err);

/** Commit if status is OK, else roll back; returns status, or why the commit failed. */
MMOFL_CHECKED mmofl_status mmofl_sql_end(mmofl_run_store *store, mmofl_status status,
                                         mmofl_error *err);

/** Are all n measures finite and well named? (run_measure.c) */
MMOFL_CHECKED mmofl_status mmofl_sql_check_measures(const mmofl_run_store *store,
                                                    int round,
                                                    const mmofl_measure *measures,
                                                    size_t n, mmofl_error *err);

/** Write measures that were checked, inside a transaction. (run_measure.c) */
MMOFL_CHECKED mmofl_status mmofl_sql_write_measures(mmofl_run_store *store, int64_t run,
                                                    int round,
                                                    const mmofl_measure *measures,
                                                    size_t n, mmofl_error *err);

/** May this text stand for a modality: on one line, without comma and quote?
 * (run_measure.c) */
bool mmofl_sql_is_modality(const char *text);

/** The same two for what was injected. (run_injected.c) */
MMOFL_CHECKED mmofl_status mmofl_sql_check_injected(const mmofl_run_store *store,
                                                    const mmofl_round_record *record,
                                                    mmofl_error *err);
MMOFL_CHECKED mmofl_status mmofl_sql_write_injected(mmofl_run_store *store, int64_t run,
                                                    const mmofl_round_record *record,
                                                    mmofl_error *err);

/** The same two for prototypes. (run_prototype.c) */
MMOFL_CHECKED mmofl_status mmofl_sql_check_prototypes(const mmofl_run_store *store,
                                                      const mmofl_round_record *record,
                                                      mmofl_error *err);
MMOFL_CHECKED mmofl_status mmofl_sql_write_prototypes(mmofl_run_store *store,
                                                      int64_t run,
                                                      const mmofl_round_record *record,
                                                      mmofl_error *err);

/** Finalize what mmofl_sql_prepare keeps. */
void mmofl_sql_forget(mmofl_run_store *store);

#endif
