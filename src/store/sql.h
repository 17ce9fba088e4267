/* sql.h - SQLite files of ours: opened with care, asked with statuses and texts of
 * ours. Only src/store includes it. */
#ifndef MMOFL_STORE_SQL_H
#define MMOFL_STORE_SQL_H

#include <sqlite3.h>

#include "mmofl/status.h"

typedef struct mmofl_sql {
    sqlite3 *db;
    char *path;
    struct mmofl_sql_cached *cached; /* statements prepared so far */
    bool is_durable;                 /* synchronous = FULL now, else NORMAL */
} mmofl_sql;

/** What makes a file one of ours: SQLite's application_id and user_version, and the
 * tables of a new one. */
typedef struct mmofl_sql_format {
    const char *what; /* "run store" */
    int64_t application, version;
    const char *schema;
    int page_bytes; /* a power of two, at most 65536; 0: SQLite's own */
    int cache_kib;  /* memory for pages; 0: SQLite's own, 2000 */
} mmofl_sql_format;

/** Open a file, or make it where there is none (unless read_only), in WAL mode. Nothing
 * is written before it is known to be of that format, or empty; the pages of one that
 * is to be written are checked.  On success: mmofl_sql_close.
 * @retval E_CORRUPT  not of that format, or damaged
 * @retval E_VERSION  of another version of it
 * @retval E_NO_SPACE, E_STATE (another process is using it), E_IO, E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_sql_open(const char *path,
                                          const mmofl_sql_format *format,
                                          bool read_only, mmofl_sql **store,
                                          mmofl_error *err);

/** NULL is allowed. */
void mmofl_sql_close(mmofl_sql *store);

/** SQLite's last error as ours; the text is "path: doing: SQLite's text". */
mmofl_status mmofl_sql_fail(const mmofl_sql *store, const char *doing,
                            mmofl_error *err);

/** Run statements that give no rows and take no values. */
MMOFL_CHECKED mmofl_status mmofl_sql_exec(mmofl_sql *store, const char *sql,
                                          mmofl_error *err);

/** The one number that a statement gives. */
MMOFL_CHECKED mmofl_status mmofl_sql_number(mmofl_sql *store, const char *sql,
                                            int64_t *value, mmofl_error *err);

/** A prepared statement, ready to bind.  It is kept and given again for the same text:
 * `sql` must be a constant, which is compared by address.  Reset it after use
 * (mmofl_sql_run does). */
MMOFL_CHECKED mmofl_status mmofl_sql_prepare(mmofl_sql *store, const char *sql,
                                             sqlite3_stmt **statement,
                                             mmofl_error *err);

/** Step a statement that gives no rows, and reset it.
 * @param[in] bound  the results of its sqlite3_bind calls, or-ed */
MMOFL_CHECKED mmofl_status mmofl_sql_run(mmofl_sql *store, sqlite3_stmt *statement,
                                         int bound, mmofl_error *err);

/** Step to the next row.  False at the end and on failure, which *status tells apart;
 * the statement is then reset. */
bool mmofl_sql_next(mmofl_sql *store, sqlite3_stmt *statement, mmofl_status *status,
                    mmofl_error *err);

/** Begin a transaction that will be on the disk when committed, or not yet. */
MMOFL_CHECKED mmofl_status mmofl_sql_begin(mmofl_sql *store, bool is_durable,
                                           mmofl_error *err);

/** Commit if status is OK, else roll back; returns status, or why the commit failed. */
MMOFL_CHECKED mmofl_status mmofl_sql_end(mmofl_sql *store, mmofl_status status,
                                         mmofl_error *err);

#endif
