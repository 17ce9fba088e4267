/* sql.c - files opened, statements prepared once, SQLite's result codes as statuses.
 *
 * WAL mode: a page or a person may read while the owner writes.  application_id marks a
 * file as ours before anything in it is changed; user_version is the format's. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/sql.h"

struct mmofl_sql_cached {
    const char *sql;
    sqlite3_stmt *statement;
    struct mmofl_sql_cached *next;
};

/* SQLITE_IOERR also stands for a full disk where SQLite grows its shared memory. */
static mmofl_status status_of(const mmofl_sql *store)
{
    int os = sqlite3_system_errno(store->db);
    switch (sqlite3_errcode(store->db) & 0xff) {
    case SQLITE_FULL:
        return MMOFL_E_NO_SPACE;
    case SQLITE_IOERR:
        return os == ENOSPC || os == EDQUOT ? MMOFL_E_NO_SPACE : MMOFL_E_IO;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return MMOFL_E_STATE;
    case SQLITE_CONSTRAINT:
        return MMOFL_E_DUPLICATE;
    case SQLITE_NOMEM:
        return MMOFL_E_MEMORY;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return MMOFL_E_IO;
    default: /* CORRUPT, NOTADB; and ERROR, for a table or column that is not there */
        return MMOFL_E_CORRUPT;
    }
}

mmofl_status mmofl_sql_fail(const mmofl_sql *store, const char *doing, mmofl_error *err)
{
    mmofl_status st = status_of(store);
    if (st == MMOFL_E_NO_SPACE) /* as of every other file */
        return mmofl_fail_errno(err, ENOSPC, "%s: %s", store->path, doing);
    return mmofl_fail(err, st, "%s: %s: %s%s", store->path, doing,
                      st == MMOFL_E_STATE ? "another process is using it: " : "",
                      sqlite3_errmsg(store->db));
}

mmofl_status mmofl_sql_exec(mmofl_sql *store, const char *sql, mmofl_error *err)
{
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return mmofl_sql_fail(store, "not done", err);
    return MMOFL_OK;
}

mmofl_status mmofl_sql_number(mmofl_sql *store, const char *sql, int64_t *value,
                              mmofl_error *err)
{
    sqlite3_stmt *statement = NULL;
    mmofl_status st = mmofl_sql_prepare(store, sql, &statement, err);
    if (st)
        return st;
    if (mmofl_sql_next(store, statement, &st, err))
        *value = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return st;
}

mmofl_status mmofl_sql_prepare(mmofl_sql *store, const char *sql,
                               sqlite3_stmt **statement, mmofl_error *err)
{
    for (struct mmofl_sql_cached *c = store->cached; c; c = c->next) {
        if (c->sql == sql) {
            *statement = c->statement;
            return MMOFL_OK;
        }
    }
    struct mmofl_sql_cached *c = malloc(sizeof *c);
    if (!c)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", store->path);
    *c = (struct mmofl_sql_cached){sql, NULL, store->cached};
    if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &c->statement,
                           NULL) != SQLITE_OK) {
        free(c);
        return mmofl_sql_fail(store, "not readable", err);
    }
    store->cached = c;
    *statement = c->statement;
    return MMOFL_OK;
}

mmofl_status mmofl_sql_run(mmofl_sql *store, sqlite3_stmt *statement, int bound,
                           mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    if (bound != SQLITE_OK)
        st = mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory for a value", store->path);
    else if (sqlite3_step(statement) != SQLITE_DONE)
        st = mmofl_sql_fail(store, "not written", err);
    sqlite3_reset(statement);
    return st;
}

bool mmofl_sql_next(mmofl_sql *store, sqlite3_stmt *statement, mmofl_status *status,
                    mmofl_error *err)
{
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        return true;
    if (rc != SQLITE_DONE)
        *status = mmofl_sql_fail(store, "not readable", err);
    sqlite3_reset(statement);
    return false;
}

/* A statement without values that is run again and again. */
static mmofl_status repeat(mmofl_sql *store, const char *sql, mmofl_error *err)
{
    sqlite3_stmt *statement = NULL;
    mmofl_status st = mmofl_sql_prepare(store, sql, &statement, err);
    return st ? st : mmofl_sql_run(store, statement, SQLITE_OK, err);
}

mmofl_status mmofl_sql_begin(mmofl_sql *store, bool is_durable, mmofl_error *err)
{
    /* In WAL mode NORMAL leaves commits in the kernel's hands and FULL syncs the log
     * at each; neither ever tears one. */
    mmofl_status st = MMOFL_OK;
    if (store->is_durable != is_durable)
        st = mmofl_sql_exec(store,
                            is_durable ? "PRAGMA synchronous = FULL"
                                       : "PRAGMA synchronous = NORMAL",
                            err);
    if (st)
        return st;
    store->is_durable = is_durable;
    return repeat(store, "BEGIN IMMEDIATE", err);
}

mmofl_status mmofl_sql_end(mmofl_sql *store, mmofl_status status, mmofl_error *err)
{
    if (!status)
        status = repeat(store, "COMMIT", err);
    /* Some failures, a full disk among them, have ended the transaction already. */
    if (status && !sqlite3_get_autocommit(store->db))
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

/* ---- opening ---- */

/* LOG_BYTES: what the log may grow to before its pages go to the file. */
enum { BUSY_MS = 2000, LOG_BYTES = 16 << 20 };

/* The tables and the marks, in the transaction that is open. */
static mmofl_status write_schema(mmofl_sql *store, const mmofl_sql_format *format,
                                 mmofl_error *err)
{
    char marks[128];
    snprintf(marks, sizeof marks,
             "PRAGMA application_id = %" PRId64 "; PRAGMA user_version = %" PRId64,
             format->application, format->version);
    mmofl_status st = mmofl_sql_exec(store, format->schema, err);
    return st ? st : mmofl_sql_exec(store, marks, err);
}

/* A new file is not synced before its tables are there, and then once, with the log
 * that they come from: a power loss on the way takes nothing but an empty store, and
 * SQLite's own way there is seven syncs. */
static mmofl_status make_schema(mmofl_sql *store, const mmofl_sql_format *format,
                                mmofl_error *err)
{
    mmofl_status st = mmofl_sql_exec(store, "BEGIN IMMEDIATE", err);
    if (!st)
        st = mmofl_sql_end(store, write_schema(store, format, err), err);
    if (!st)
        st = mmofl_sql_exec(
            store, "PRAGMA synchronous = NORMAL; PRAGMA wal_checkpoint(FULL)", err);
    return st;
}

/* Is it a new file, ours, or another's?  Nothing is written before that is known. */
static mmofl_status check_identity(mmofl_sql *store, const mmofl_sql_format *format,
                                   bool read_only, bool *is_new, mmofl_error *err)
{
    int64_t id = 0, version = 0, tables = 0;
    mmofl_status st = mmofl_sql_number(store, "PRAGMA application_id", &id, err);
    if (!st)
        st = mmofl_sql_number(store, "PRAGMA user_version", &version, err);
    if (!st)
        st =
            mmofl_sql_number(store, "SELECT count(*) FROM sqlite_schema", &tables, err);
    if (st)
        return st;
    *is_new = id == 0 && version == 0 && tables == 0;
    if (*is_new && !read_only)
        return MMOFL_OK;
    if (id != format->application)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "%s: not a %s of mmofl", store->path,
                          format->what);
    if (version != format->version)
        return mmofl_fail(err, MMOFL_E_VERSION,
                          "%s: schema version %" PRId64
                          ", this program reads version %" PRId64,
                          store->path, version, format->version);
    return MMOFL_OK;
}

/* Nobody must go on from a damaged file, so the pages are walked once. */
static mmofl_status check_pages(mmofl_sql *store, mmofl_error *err)
{
    sqlite3_stmt *check = NULL;
    mmofl_status st = mmofl_sql_prepare(store, "PRAGMA quick_check(1)", &check, err);
    if (st)
        return st;
    if (mmofl_sql_next(store, check, &st, err)) {
        const char *text = (const char *)sqlite3_column_text(check, 0);
        if (!text || strcmp(text, "ok") != 0)
            st = mmofl_fail(err, MMOFL_E_CORRUPT, "%s: damaged: %s", store->path,
                            text ? text : "?");
    }
    sqlite3_reset(check);
    return st;
}

/* A pragma with a number; 0: SQLite's own. */
static mmofl_status set_number(mmofl_sql *store, const char *pragma, int number,
                               mmofl_error *err)
{
    char text[64];
    if (number == 0)
        return MMOFL_OK;
    snprintf(text, sizeof text, "PRAGMA %s = %d", pragma, number);
    return mmofl_sql_exec(store, text, err);
}

static mmofl_status set_up(mmofl_sql *store, const mmofl_sql_format *format,
                           bool read_only, mmofl_error *err)
{
    bool is_new = false;
    sqlite3_busy_timeout(store->db, BUSY_MS);
    /* The file may come from elsewhere: no function runs because its schema says so. */
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    mmofl_status st = check_identity(store, format, read_only, &is_new, err);
    if (st || read_only)
        return st;
    if (is_new)
        st = set_number(store, "page_size", format->page_bytes, err);
    if (!st) /* negative: KiB, not pages */
        st = set_number(store, "cache_size", -format->cache_kib, err);
    if (!st)
        st = mmofl_sql_exec(
            store, is_new ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = NORMAL",
            err);
    /* Debian's library writes zeros over what is deleted, unless told that it is no
     * secret. */
    if (!st)
        st = mmofl_sql_exec(store,
                            "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;"
                            "PRAGMA secure_delete = OFF",
                            err);
    if (!st && format->page_bytes) /* SQLite counts pages, whatever their size */
        st = set_number(store, "wal_autocheckpoint", LOG_BYTES / format->page_bytes,
                        err);
    if (!st)
        st = is_new ? make_schema(store, format, err) : check_pages(store, err);
    return st;
}

static void forget(mmofl_sql *store)
{
    for (struct mmofl_sql_cached *c = store->cached, *next; c; c = next) {
        next = c->next;
        sqlite3_finalize(c->statement);
        free(c);
    }
    store->cached = NULL;
}

mmofl_status mmofl_sql_open(const char *path, const mmofl_sql_format *format,
                            bool read_only, mmofl_sql **out, mmofl_error *err)
{
    mmofl_sql *store = calloc(1, sizeof *store);
    if (store)
        store->path = strdup(path);
    if (!store || !store->path) {
        free(store);
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path);
    }
    int flags =
        read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    mmofl_status st = MMOFL_OK;
    if (sqlite3_open_v2(path, &store->db, flags, NULL) != SQLITE_OK)
        st = store->db ? mmofl_sql_fail(store, "not opened", err)
                       : mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path);
    if (!st)
        st = set_up(store, format, read_only, err);
    if (st) {
        mmofl_sql_close(store);
        return st;
    }
    *out = store;
    return MMOFL_OK;
}

void mmofl_sql_close(mmofl_sql *store)
{
    if (!store)
        return;
    forget(store);
    sqlite3_close(store->db);
    free(store->path);
    free(store);
}
