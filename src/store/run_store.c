/* run_store.c - opening, the schema, and the rows of runs.
 *
 * Seeds are texts: SQLite's integers end at 2^63 - 1. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/run_sql.h"

enum { SEED_BYTES = 24 };

#define REAL_COLUMN(name, may_lack) #name " REAL, "
#define COUNT_COLUMN(name) #name " INTEGER NOT NULL, "

static const char schema[] =
    "CREATE TABLE run (id INTEGER PRIMARY KEY, name TEXT NOT NULL,"
    " seed TEXT NOT NULL UNIQUE, config TEXT NOT NULL, version TEXT NOT NULL,"
    " status TEXT NOT NULL"
    "  CHECK (status IN ('running', 'interrupted', 'done', 'failed')),"
    " started TEXT NOT NULL, finished TEXT, host TEXT NOT NULL) STRICT;"

    "CREATE TABLE round (run INTEGER NOT NULL REFERENCES run (id),"
    " round INTEGER NOT NULL, " MMOFL_ROUND_METRIC_LIST(
        REAL_COLUMN,
        COUNT_COLUMN) " PRIMARY KEY (run, round)) STRICT, WITHOUT ROWID;"

                      "CREATE TABLE evaluation (run INTEGER NOT NULL, round INTEGER "
                      "NOT NULL,"
                      " part TEXT NOT NULL, loss REAL NOT NULL, accuracy REAL NOT NULL,"
                      " macro_f1 REAL NOT NULL, PRIMARY KEY (run, round, part),"
                      " FOREIGN KEY (run, round) REFERENCES round ON DELETE CASCADE)"
                      " STRICT, WITHOUT ROWID;"

                      "CREATE TABLE confusion (run INTEGER NOT NULL, round INTEGER NOT "
                      "NULL,"
                      " part TEXT NOT NULL, true_class INTEGER NOT NULL,"
                      " predicted_class INTEGER NOT NULL, count INTEGER NOT NULL,"
                      " PRIMARY KEY (run, round, part, true_class, predicted_class),"
                      " FOREIGN KEY (run, round, part) REFERENCES evaluation ON DELETE "
                      "CASCADE)"
                      " STRICT, WITHOUT ROWID;"

                      "CREATE TABLE measure (run INTEGER NOT NULL, round INTEGER NOT "
                      "NULL,"
                      " name TEXT NOT NULL, modality TEXT NOT NULL,"
                      " device INTEGER NOT NULL, value REAL NOT NULL,"
                      " PRIMARY KEY (run, round, name, modality, device),"
                      " FOREIGN KEY (run, round) REFERENCES round ON DELETE CASCADE)"
                      " STRICT, WITHOUT ROWID;"

                      "CREATE TABLE injected (run INTEGER NOT NULL, round INTEGER NOT "
                      "NULL,"
                      " device INTEGER NOT NULL, modality TEXT NOT NULL,"
                      " samples INTEGER NOT NULL, missing INTEGER NOT NULL,"
                      " disturbed INTEGER NOT NULL,"
                      " PRIMARY KEY (run, round, device, modality),"
                      " FOREIGN KEY (run, round) REFERENCES round ON DELETE CASCADE)"
                      " STRICT, WITHOUT ROWID;"

                      "CREATE TABLE prototype (run INTEGER NOT NULL, round INTEGER NOT "
                      "NULL,"
                      " modality TEXT NOT NULL, class INTEGER NOT NULL,"
                      " seen INTEGER NOT NULL, mean BLOB NOT NULL,"
                      " PRIMARY KEY (run, round, modality, class),"
                      " FOREIGN KEY (run, round) REFERENCES round ON DELETE CASCADE)"
                      " STRICT;"

                      "CREATE TABLE timing (run INTEGER NOT NULL, round INTEGER NOT "
                      "NULL,"
                      " seconds REAL NOT NULL, PRIMARY KEY (run, round),"
                      " FOREIGN KEY (run, round) REFERENCES round ON DELETE CASCADE)"
                      " STRICT, WITHOUT ROWID;"

                      "CREATE TABLE checkpoint (run INTEGER NOT NULL, round INTEGER "
                      "NOT NULL,"
                      " file TEXT NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (run, "
                      "round),"
                      " FOREIGN KEY (run, round) REFERENCES round ON DELETE CASCADE)"
                      " STRICT, WITHOUT ROWID";

static const char *const status_names[] = {
#define ROW(name, text) text,
    MMOFL_RUN_STATUS_LIST(ROW)
#undef ROW
};

const char *mmofl_run_status_name(mmofl_run_status status)
{
    return (unsigned)status < MMOFL_RUN_STATUS_COUNT ? status_names[status] : "?";
}

/* Rows are added at the end: few pages are looked at again. */
static const mmofl_sql_format format = {.what = "run store",
                                        .application = 1296909900, /* "MMFL" */
                                        .version = 4,
                                        .schema = schema,
                                        .cache_kib = 512};

mmofl_status mmofl_run_store_open(const char *path, mmofl_run_store_mode mode,
                                  mmofl_run_store **out, mmofl_error *err)
{
    return mmofl_sql_open(path, &format, mode == MMOFL_RUN_STORE_READ, out, err);
}

void mmofl_run_store_close(mmofl_run_store *store)
{
    mmofl_sql_close(store);
}

/* "2025-12-31T23:59:59Z" */
static void now_text(char text[32])
{
    time_t now = time(NULL);
    struct tm utc;
    if (!gmtime_r(&now, &utc) || !strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc))
        text[0] = '\0';
}

mmofl_status mmofl_run_store_add_run(mmofl_run_store *store,
                                     const mmofl_run_record *run, int64_t *id,
                                     mmofl_error *err)
{
    char seed[SEED_BYTES], started[32], host[256] = "";
    snprintf(seed, sizeof seed, "%" PRIu64, run->seed);
    now_text(started);
    gethostname(host, sizeof host - 1); /* an unknown host is an empty text */
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_prepare(
        store,
        "INSERT INTO run (name, seed, config, version, status, started, host)"
        " VALUES (?, ?, ?, ?, 'running', ?, ?)",
        &s, err);
    if (st)
        return st;
    const char *const values[] = {run->name,    seed,    run->config,
                                  run->version, started, host};
    int bound = SQLITE_OK;
    for (int i = 0; i < 6; i++)
        bound |= sqlite3_bind_text(s, i + 1, values[i], -1, SQLITE_TRANSIENT);
    st = mmofl_sql_begin(store, true, err);
    if (!st)
        st = mmofl_sql_end(store, mmofl_sql_run(store, s, bound, err), err);
    if (!st)
        *id = sqlite3_last_insert_rowid(store->db);
    return st;
}

mmofl_status mmofl_run_store_find_run(mmofl_run_store *store, uint64_t seed,
                                      const char *config, int64_t *id,
                                      mmofl_run_status *status, bool *same_config,
                                      mmofl_error *err)
{
    char text[SEED_BYTES];
    snprintf(text, sizeof text, "%" PRIu64, seed);
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_prepare(
        store, "SELECT id, status, config = ? FROM run WHERE seed = ?", &s, err);
    if (st)
        return st;
    sqlite3_bind_text(s, 1, config, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(s, 2, text, -1, SQLITE_TRANSIENT);
    if (!mmofl_sql_next(store, s, &st, err))
        return st ? st
                  : mmofl_fail(err, MMOFL_E_MISSING, "%s: no run with seed %s",
                               store->path, text);
    const char *name = (const char *)sqlite3_column_text(s, 1);
    int found = 0;
    while (found < MMOFL_RUN_STATUS_COUNT && name &&
           strcmp(name, status_names[found]) != 0)
        found++;
    if (!name || found == MMOFL_RUN_STATUS_COUNT) {
        st = mmofl_fail(err, MMOFL_E_CORRUPT, "%s: run with seed %s: status \"%s\"",
                        store->path, text, name ? name : "");
    } else {
        *id = sqlite3_column_int64(s, 0);
        *status = (mmofl_run_status)found;
        *same_config = sqlite3_column_int(s, 2) != 0;
    }
    sqlite3_reset(s);
    return st;
}

mmofl_status mmofl_run_store_set_status(mmofl_run_store *store, int64_t run,
                                        mmofl_run_status status, mmofl_error *err)
{
    char now[32];
    now_text(now);
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_prepare(
        store, "UPDATE run SET status = ?, finished = ? WHERE id = ?", &s, err);
    if (st)
        return st;
    int bound =
        sqlite3_bind_text(s, 1, mmofl_run_status_name(status), -1, SQLITE_STATIC) |
        sqlite3_bind_int64(s, 3, run);
    bound |= status == MMOFL_RUN_RUNNING
                 ? sqlite3_bind_null(s, 2)
                 : sqlite3_bind_text(s, 2, now, -1, SQLITE_TRANSIENT);
    st = mmofl_sql_begin(store, true, err);
    if (!st)
        st = mmofl_sql_end(store, mmofl_sql_run(store, s, bound, err), err);
    return st;
}
