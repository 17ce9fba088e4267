/* sql.c - statements prepared once, and SQLite's result codes as statuses. */
#include <errno.h>
#include <stdlib.h>

#include "store/sql.h"

struct mmofl_sql_cached {
    const char *sql;
    sqlite3_stmt *statement;
    struct mmofl_sql_cached *next;
};

/* SQLITE_IOERR also stands for a full disk where SQLite grows its shared memory. */
static mmofl_status status_of(const mmofl_run_store *store)
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

mmofl_status mmofl_sql_fail(const mmofl_run_store *store, const char *doing,
                            mmofl_error *err)
{
    mmofl_status st = status_of(store);
    return mmofl_fail(err, st, "%s: %s: %s%s", store->path, doing,
                      st == MMOFL_E_STATE ? "another process is using it: " : "",
                      sqlite3_errmsg(store->db));
}

mmofl_status mmofl_sql_exec(mmofl_run_store *store, const char *sql, mmofl_error *err)
{
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return mmofl_sql_fail(store, "not done", err);
    return MMOFL_OK;
}

mmofl_status mmofl_sql_number(mmofl_run_store *store, const char *sql, int64_t *value,
                              mmofl_error *err)
{
    sqlite3_stmt *statement;
    mmofl_status st = mmofl_sql_prepare(store, sql, &statement, err);
    if (st)
        return st;
    if (mmofl_sql_next(store, statement, &st, err))
        *value = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return st;
}

mmofl_status mmofl_sql_prepare(mmofl_run_store *store, const char *sql,
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

mmofl_status mmofl_sql_run(mmofl_run_store *store, sqlite3_stmt *statement, int bound,
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

bool mmofl_sql_next(mmofl_run_store *store, sqlite3_stmt *statement,
                    mmofl_status *status, mmofl_error *err)
{
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        return true;
    if (rc != SQLITE_DONE)
        *status = mmofl_sql_fail(store, "not readable", err);
    sqlite3_reset(statement);
    return false;
}

mmofl_status mmofl_sql_begin(mmofl_run_store *store, bool is_durable, mmofl_error *err)
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
    return mmofl_sql_exec(store, "BEGIN IMMEDIATE", err);
}

mmofl_status mmofl_sql_end(mmofl_run_store *store, mmofl_status status,
                           mmofl_error *err)
{
    if (!status)
        status = mmofl_sql_exec(store, "COMMIT", err);
    /* Some failures, a full disk among them, have ended the transaction already. */
    if (status && !sqlite3_get_autocommit(store->db))
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

void mmofl_sql_forget(mmofl_run_store *store)
{
    for (struct mmofl_sql_cached *c = store->cached, *next; c; c = next) {
        next = c->next;
        sqlite3_finalize(c->statement);
        free(c);
    }
    store->cached = NULL;
}
