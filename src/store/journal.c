/* journal.c - four small tables, and one transaction that stays open between commits.
 *
 * Messages lie in a file of their own, one behind the other from its beginning, and
 * again from there when another round has begun: its beginning is committed, so no row
 * names the old ones any more.  Their rows are made when they are committed, and again
 * where that failed: an answer that was added is not lost but with the process. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/journal.h"
#include "store/side_file.h"
#include "store/sql.h"

/* An answer whose row is still to be made. */
typedef struct new_answer {
    uint64_t device, round;
    mmofl_side_value message;
} new_answer;

struct mmofl_journal {
    mmofl_sql *sql;
    mmofl_side_file messages;
    uint64_t end; /* of the messages */
    new_answer *fresh;
    size_t n_fresh, room;
    bool is_dirty;     /* a transaction is open */
    mmofl_status lost; /* why a transaction ended before it was committed; OK: none */
};

static const char schema[] =
    "CREATE TABLE round (one INTEGER PRIMARY KEY CHECK (one = 1),"
    " number INTEGER NOT NULL, digest BLOB NOT NULL) STRICT;"
    "CREATE TABLE answer (device INTEGER NOT NULL, round INTEGER NOT NULL,"
    " at INTEGER, bytes INTEGER, digest INTEGER, PRIMARY KEY (device, round))"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE model (round INTEGER PRIMARY KEY, parameters BLOB NOT NULL) STRICT;"
    "CREATE TABLE session (device INTEGER PRIMARY KEY, session INTEGER NOT NULL)"
    " STRICT";

static const mmofl_sql_format format = {.what = "journal",
                                        .application = 1296909898, /* "MMFJ" */
                                        .version = 3,
                                        .schema = schema};

/* Where the messages end that rows name. */
static mmofl_status find_end(mmofl_journal *j, mmofl_error *err)
{
    int64_t end = 0;
    mmofl_status st = mmofl_sql_number(
        j->sql, "SELECT coalesce(max(at + bytes), 0) FROM answer", &end, err);
    j->end = (uint64_t)end;
    return st;
}

mmofl_status mmofl_journal_open(const char *path, mmofl_journal **out, mmofl_error *err)
{
    mmofl_journal *j = calloc(1, sizeof *j);
    if (!j)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path);
    j->messages.fd = -1;
    mmofl_status st = mmofl_sql_open(path, &format, false, &j->sql, err);
    if (!st)
        st = mmofl_side_file_open(&j->messages, path, "messages", err);
    if (!st)
        st = find_end(j, err);
    if (st)
        mmofl_journal_close(j);
    else
        *out = j;
    return st;
}

void mmofl_journal_close(mmofl_journal *j)
{
    if (!j)
        return;
    if (j->is_dirty)
        (void)!mmofl_sql_end(j->sql, MMOFL_E_INTERRUPTED, NULL);
    mmofl_sql_close(j->sql);
    mmofl_side_file_close(&j->messages);
    free(j->fresh);
    free(j);
}

static mmofl_status begin_change(mmofl_journal *j, mmofl_error *err)
{
    if (j->is_dirty)
        return MMOFL_OK;
    mmofl_status st = mmofl_sql_begin(j->sql, true, err);
    j->is_dirty = !st;
    return st;
}

/* A statement that failed may have taken the whole transaction with it, and what was
 * added before: whoever waits for the commit must hear of it. */
static mmofl_status after_change(mmofl_journal *j, mmofl_status st)
{
    if (st && j->is_dirty && sqlite3_get_autocommit(j->sql->db)) {
        j->is_dirty = false;
        j->lost = st;
    }
    return st;
}

/* SQLite knows 64 bits as a signed number only. */
static int64_t as_signed(uint64_t bits)
{
    int64_t number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static uint64_t as_unsigned(int64_t number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static mmofl_status insert_answer(mmofl_journal *j, const new_answer *a,
                                  mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st =
        mmofl_sql_prepare(j->sql,
                          "INSERT INTO answer (device, round, at, bytes, digest)"
                          " VALUES (?, ?, ?, ?, ?)",
                          &s, err);
    if (st)
        return st;
    int bound = sqlite3_bind_int64(s, 1, (sqlite3_int64)a->device);
    bound |= sqlite3_bind_int64(s, 2, (sqlite3_int64)a->round);
    bound |= sqlite3_bind_int64(s, 3, (sqlite3_int64)a->message.at);
    bound |= sqlite3_bind_int64(s, 4, (sqlite3_int64)a->message.size);
    bound |= sqlite3_bind_int64(s, 5, as_signed(a->message.check));
    return mmofl_sql_run(j->sql, s, bound, err);
}

mmofl_status mmofl_journal_commit(mmofl_journal *j, mmofl_error *err)
{
    mmofl_status lost = j->lost;
    j->lost = MMOFL_OK;
    if (lost && j->is_dirty) /* begun after the loss: it goes the same way */
        (void)!mmofl_sql_end(j->sql, lost, NULL);
    if (lost) {
        j->is_dirty = false;
        return mmofl_fail(err, lost, "%s: nothing kept: %s", j->sql->path,
                          mmofl_status_text(lost));
    }
    if (!mmofl_journal_is_dirty(j))
        return MMOFL_OK;
    mmofl_status st = begin_change(j, err);
    for (size_t i = 0; !st && i < j->n_fresh; i++)
        st = insert_answer(j, &j->fresh[i], err);
    if (!st && j->n_fresh > 0)
        st = mmofl_side_file_sync(&j->messages, err);
    st = mmofl_sql_end(j->sql, st, err);
    j->is_dirty = false;
    if (!st)
        j->n_fresh = 0;
    return st;
}

bool mmofl_journal_is_dirty(const mmofl_journal *j)
{
    return j->is_dirty || j->lost || j->n_fresh > 0;
}

/* ---- the round ---- */

/* Is the round that is there the one that is wanted? */
static mmofl_status find_round(mmofl_journal *j, uint64_t round,
                               const unsigned char *digest, bool *same,
                               mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_prepare(
        j->sql, "SELECT count(*) FROM round WHERE number = ? AND digest = ?", &s, err);
    if (st)
        return st;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)round);
    sqlite3_bind_blob(s, 2, digest, MMOFL_JOURNAL_DIGEST_BYTES, SQLITE_STATIC);
    if (mmofl_sql_next(j->sql, s, &st, err))
        *same = sqlite3_column_int(s, 0) > 0;
    sqlite3_reset(s);
    return st;
}

/* A statement that takes one or two rounds. */
static mmofl_status run_for_rounds(mmofl_journal *j, const char *sql, uint64_t a,
                                   uint64_t b, mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_prepare(j->sql, sql, &s, err);
    if (st)
        return st;
    int bound = sqlite3_bind_int64(s, 1, (sqlite3_int64)a);
    if (sqlite3_bind_parameter_count(s) > 1)
        bound |= sqlite3_bind_int64(s, 2, (sqlite3_int64)b);
    return mmofl_sql_run(j->sql, s, bound, err);
}

static mmofl_status replace_round(mmofl_journal *j, uint64_t round,
                                  const unsigned char *digest, uint64_t since,
                                  mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = run_for_rounds(
        j, "DELETE FROM answer WHERE round < ? OR round >= ?", since, round, err);
    if (!st)
        st = mmofl_sql_exec(j->sql,
                            "UPDATE answer SET at = NULL, bytes = NULL, digest = NULL"
                            " WHERE at IS NOT NULL",
                            err);
    if (!st)
        st = mmofl_sql_prepare(
            j->sql,
            "INSERT OR REPLACE INTO round (one, number, digest) VALUES (1, ?, ?)", &s,
            err);
    if (st)
        return st;
    int bound = sqlite3_bind_int64(s, 1, (sqlite3_int64)round);
    bound |= sqlite3_bind_blob(s, 2, digest, MMOFL_JOURNAL_DIGEST_BYTES, SQLITE_STATIC);
    return mmofl_sql_run(j->sql, s, bound, err);
}

static const char n_answers[] = "SELECT count(*) FROM answer WHERE at IS NOT NULL";

mmofl_status mmofl_journal_begin(mmofl_journal *j, uint64_t round,
                                 const unsigned char digest[MMOFL_JOURNAL_DIGEST_BYTES],
                                 uint64_t since, bool *goes_on, mmofl_error *err)
{
    bool same = false;
    int64_t answers = 0;
    mmofl_status st = mmofl_journal_commit(j, err);
    if (!st)
        st = find_round(j, round, digest, &same, err);
    if (!st && same)
        st = mmofl_sql_number(j->sql, n_answers, &answers, err);
    if (!st && !same) {
        st = begin_change(j, err);
        if (!st)
            st = after_change(j, replace_round(j, round, digest, since, err));
        mmofl_status ended = mmofl_journal_commit(j, st ? NULL : err);
        st = st ? st : ended;
        if (!st)
            j->end = 0;
    }
    *goes_on = answers > 0;
    return st;
}

/* ---- what is added ---- */

/* Has that device answered that round, in a row or without one yet? */
static mmofl_status find_answer(mmofl_journal *j, uint64_t device, uint64_t round,
                                bool *found, mmofl_error *err)
{
    sqlite3_stmt *s;
    for (size_t i = 0; i < j->n_fresh; i++)
        if (j->fresh[i].device == device && j->fresh[i].round == round) {
            *found = true;
            return MMOFL_OK;
        }
    mmofl_status st = mmofl_sql_prepare(
        j->sql, "SELECT count(*) FROM answer WHERE device = ? AND round = ?", &s, err);
    if (st)
        return st;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)device);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)round);
    if (mmofl_sql_next(j->sql, s, &st, err))
        *found = sqlite3_column_int(s, 0) > 0;
    sqlite3_reset(s);
    return st;
}

static mmofl_status make_room(mmofl_journal *j, mmofl_error *err)
{
    if (j->n_fresh < j->room)
        return MMOFL_OK;
    size_t room = j->room ? 2 * j->room : 16;
    new_answer *fresh = realloc(j->fresh, room * sizeof *fresh);
    if (!fresh)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", j->sql->path);
    j->fresh = fresh;
    j->room = room;
    return MMOFL_OK;
}

mmofl_status mmofl_journal_add(mmofl_journal *j, uint64_t device, uint64_t round,
                               const void *message, size_t size, mmofl_error *err)
{
    bool found = false;
    new_answer answer = {device, round, {.at = j->end}};
    mmofl_status st = find_answer(j, device, round, &found, err);
    if (!st && found)
        st = mmofl_fail(err, MMOFL_E_DUPLICATE,
                        "%s: device %llu has answered round %llu", j->sql->path,
                        (unsigned long long)device, (unsigned long long)round);
    if (!st)
        st = make_room(j, err);
    if (!st)
        st = mmofl_side_file_put(&j->messages, &answer.message, message, size, err);
    if (st)
        return st;
    j->fresh[j->n_fresh++] = answer;
    j->end += size;
    return MMOFL_OK;
}

void mmofl_journal_take_back(mmofl_journal *j)
{
    assert(j->n_fresh > 0);
    j->end = j->fresh[--j->n_fresh].message.at;
}

mmofl_status mmofl_journal_keep_model(mmofl_journal *j, uint64_t round,
                                      const void *model, size_t size, uint64_t since,
                                      mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = begin_change(j, err);
    if (!st)
        st = after_change(
            j, run_for_rounds(j, "DELETE FROM model WHERE round < ?", since, 0, err));
    if (!st)
        st = mmofl_sql_prepare(
            j->sql, "INSERT OR REPLACE INTO model (round, parameters) VALUES (?, ?)",
            &s, err);
    if (st)
        return st;
    int bound = sqlite3_bind_int64(s, 1, (sqlite3_int64)round);
    bound |= sqlite3_bind_blob64(s, 2, model, size, SQLITE_STATIC);
    return after_change(j, mmofl_sql_run(j->sql, s, bound, err));
}

mmofl_status mmofl_journal_set_session(mmofl_journal *j, uint64_t device,
                                       uint64_t session, mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = begin_change(j, err);
    if (!st)
        st = mmofl_sql_prepare(
            j->sql, "INSERT OR REPLACE INTO session (device, session) VALUES (?, ?)",
            &s, err);
    if (st)
        return st;
    int bound = sqlite3_bind_int64(s, 1, (sqlite3_int64)device);
    bound |= sqlite3_bind_int64(s, 2, as_signed(session));
    return after_change(j, mmofl_sql_run(j->sql, s, bound, err));
}

/* ---- reading ---- */

mmofl_status mmofl_journal_each(mmofl_journal *j, mmofl_journal_visit *visit,
                                void *context, mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_prepare(j->sql,
                                        "SELECT device, at, bytes, digest FROM answer"
                                        " WHERE at IS NOT NULL ORDER BY device, round",
                                        &s, err);
    if (st)
        return st;
    while (!st && mmofl_sql_next(j->sql, s, &st, err)) {
        mmofl_side_value value = {.at = (uint64_t)sqlite3_column_int64(s, 1),
                                  .size = (uint64_t)sqlite3_column_int64(s, 2),
                                  .check = as_unsigned(sqlite3_column_int64(s, 3))};
        void *message;
        st = mmofl_side_file_get(&j->messages, &value, &message, err);
        if (st)
            break;
        st = visit(context, (uint64_t)sqlite3_column_int64(s, 0), message,
                   (size_t)value.size);
        free(message);
    }
    sqlite3_reset(s);
    return st;
}

mmofl_status mmofl_journal_each_earlier(mmofl_journal *j,
                                        mmofl_journal_earlier_visit *visit,
                                        void *context, mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_prepare(
        j->sql, "SELECT device, round FROM answer WHERE at IS NULL", &s, err);
    if (st)
        return st;
    while (mmofl_sql_next(j->sql, s, &st, err))
        visit(context, (uint64_t)sqlite3_column_int64(s, 0),
              (uint64_t)sqlite3_column_int64(s, 1));
    return st;
}

mmofl_status mmofl_journal_each_model(mmofl_journal *j,
                                      mmofl_journal_model_visit *visit, void *context,
                                      mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_prepare(
        j->sql, "SELECT round, parameters FROM model ORDER BY round", &s, err);
    if (st)
        return st;
    while (mmofl_sql_next(j->sql, s, &st, err))
        visit(context, (uint64_t)sqlite3_column_int64(s, 0), sqlite3_column_blob(s, 1),
              (size_t)sqlite3_column_bytes(s, 1));
    return st;
}

mmofl_status mmofl_journal_each_session(mmofl_journal *j,
                                        mmofl_journal_session_visit *visit,
                                        void *context, mmofl_error *err)
{
    sqlite3_stmt *s;
    mmofl_status st = mmofl_sql_prepare(
        j->sql, "SELECT device, session FROM session ORDER BY device", &s, err);
    if (st)
        return st;
    while (mmofl_sql_next(j->sql, s, &st, err))
        visit(context, (uint64_t)sqlite3_column_int64(s, 0),
              as_unsigned(sqlite3_column_int64(s, 1)));
    return st;
}
