/* test_run_store.c - rounds in SQLite: exact, whole or not at all, and refusals. */
#include "run_store_fixture.h"

#include <float.h>
#include <sqlite3.h>

#include "base/file.h"

static const mmofl_run_record first_run = {"demo", 18446744073709551615U, "rounds: 3\n",
                                           "0.1"};

static mmofl_status fixture_open(fixture *f, mmofl_run_store_mode mode)
{
    return mmofl_run_store_open(scratch_path(&f->s, "run.sqlite"), mode, &f->store,
                                &f->err);
}

static void fixture_new(fixture *f)
{
    fixture_begin(f, &first_run);
}

static const uint64_t confusion[4] = {5, 0, 2, 3};

static mmofl_round_record round_of(int round)
{
    static const mmofl_evaluation_record evaluations[2] = {
        {"test", 0.1, 0.8, 1.0 / 3, 2, confusion},
        {"disturbed", 0.2, 0.7, 2.0 / 3, 2, NULL},
    };
    return (mmofl_round_record){.round = round,
                                .step_size = 0.1 * round,
                                .participants = 10,
                                .samples_new = 200,
                                .prequential_loss = DBL_MIN,
                                .prequential_accuracy = 0.1 + 0.2,
                                .train_loss = 1e300,
                                .cumulative_loss = 123456789.123456789,
                                .bytes_up = INT64_MAX,
                                .bytes_down = 7,
                                .seconds = 0.25,
                                .n_evaluations = 2,
                                .evaluations = evaluations};
}

static mmofl_status add(fixture *f, int round)
{
    mmofl_round_record r = round_of(round);
    return mmofl_run_store_add_round(f->store, f->run, &r, NULL, -1, false, &f->err);
}

/* Collects what a walk gives. */
typedef struct seen {
    int n, rounds[16], n_evaluations;
    mmofl_round_record last;
    mmofl_evaluation_record evaluations[4];
    char text[1024];
} seen;

static mmofl_status see_round(void *context, const mmofl_round_record *r)
{
    seen *s = context;
    s->rounds[s->n++] = r->round;
    s->last = *r;
    s->n_evaluations = r->n_evaluations;
    for (int i = 0; i < r->n_evaluations; i++) {
        s->evaluations[i] = r->evaluations[i];
        strcat(s->text, r->evaluations[i].part);
        strcat(s->text, " ");
    }
    return MMOFL_OK;
}

static mmofl_status see_cell(void *context, const mmofl_confusion_cell *c)
{
    seen *s = context;
    size_t n = strlen(s->text);
    snprintf(s->text + n, sizeof s->text - n, "%d %s %d %d %d; ", c->round, c->part,
             c->true_class, c->predicted_class, (int)c->count);
    return MMOFL_OK;
}

static mmofl_status see_checkpoint(void *context, const mmofl_checkpoint_record *c)
{
    seen *s = context;
    size_t n = strlen(s->text);
    snprintf(s->text + n, sizeof s->text - n, "%d %s %d; ", c->round, c->file,
             c->digest[31]);
    return MMOFL_OK;
}

static void doubles_come_back_with_the_same_bits(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    CHECK_OK(add(&f, 3));
    seen s = {0};
    CHECK_OK(mmofl_run_store_each_round(f.store, f.run, see_round, &s, &f.err));
    mmofl_round_record r = round_of(3);
    CHECK_INT(s.n, 1);
#define SAME_REAL(name, lack) assert_memory_equal(&s.last.name, &r.name, 8);
#define SAME_COUNT(name) CHECK_INT(s.last.name, r.name);
    MMOFL_ROUND_METRIC_LIST(SAME_REAL, SAME_COUNT)
    assert_memory_equal(&s.last.seconds, &r.seconds, 8);
    CHECK_TEXT(s.text, "disturbed test ");
    assert_memory_equal(&s.evaluations[1].macro_f1, &r.evaluations[0].macro_f1, 8);
    assert_memory_equal(&s.evaluations[0].loss, &r.evaluations[1].loss, 8);
    s = (seen){0};
    CHECK_OK(mmofl_run_store_each_confusion(f.store, f.run, see_cell, &s, &f.err));
    CHECK_TEXT(s.text, "3 test 0 0 5; 3 test 1 0 2; 3 test 1 1 3; ");
    fixture_delete(&f);
}

static void unmeasured_metrics_come_back_as_nan(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    mmofl_round_record r = round_of(1);
    r.samples_new = r.participants = 0;
    r.prequential_loss = r.prequential_accuracy = r.train_loss = (double)NAN;
    CHECK_OK(mmofl_run_store_add_round(f.store, f.run, &r, NULL, -1, true, &f.err));
    seen s = {0};
    CHECK_OK(mmofl_run_store_each_round(f.store, f.run, see_round, &s, &f.err));
    CHECK(isnan(s.last.prequential_loss) && isnan(s.last.train_loss));
    CHECK(s.last.cumulative_loss == r.cumulative_loss);
    fixture_delete(&f);
}

static void bad_rounds_are_refused_and_leave_nothing(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    mmofl_round_record r = round_of(1);
    r.train_loss = (double)NAN;
    CHECK_STATUS(mmofl_run_store_add_round(f.store, f.run, &r, NULL, -1, false, &f.err),
                 MMOFL_E_NONFINITE);
    CHECK_CONTAINS(f.err.text, "train_loss is nan");
    r = round_of(1);
    r.cumulative_loss = (double)INFINITY;
    CHECK_STATUS(mmofl_run_store_add_round(f.store, f.run, &r, NULL, -1, false, &f.err),
                 MMOFL_E_NONFINITE);
    r = round_of(1);
    r.bytes_up = -1;
    CHECK_STATUS(mmofl_run_store_add_round(f.store, f.run, &r, NULL, -1, false, &f.err),
                 MMOFL_E_RANGE);
    r = round_of(-1);
    CHECK_STATUS(mmofl_run_store_add_round(f.store, f.run, &r, NULL, -1, false, &f.err),
                 MMOFL_E_RANGE);
    mmofl_evaluation_record e = {"te,st", 1, 1, 1, 0, NULL};
    r = round_of(1);
    r.n_evaluations = 1;
    r.evaluations = &e;
    CHECK_STATUS(mmofl_run_store_add_round(f.store, f.run, &r, NULL, -1, false, &f.err),
                 MMOFL_E_RANGE);
    /* The second evaluation of one part fails inside the transaction. */
    mmofl_evaluation_record twice[2] = {{"test", 1, 1, 1, 2, confusion},
                                        {"test", 1, 1, 1, 0, NULL}};
    r.n_evaluations = 2;
    r.evaluations = twice;
    CHECK_STATUS(mmofl_run_store_add_round(f.store, f.run, &r, NULL, -1, false, &f.err),
                 MMOFL_E_DUPLICATE);
    CHECK_CONTAINS(f.err.text, "run.sqlite");
    seen s = {0};
    CHECK_OK(mmofl_run_store_each_round(f.store, f.run, see_round, &s, &f.err));
    CHECK_OK(mmofl_run_store_each_confusion(f.store, f.run, see_cell, &s, &f.err));
    CHECK_INT(s.n, 0);
    CHECK_TEXT(s.text, "");
    CHECK_OK(add(&f, 1));
    CHECK_STATUS(add(&f, 1), MMOFL_E_DUPLICATE);
    CHECK_STATUS(mmofl_run_store_add_run(f.store, &first_run, &f.run, &f.err),
                 MMOFL_E_DUPLICATE);
    fixture_delete(&f);
}

static void rewinding_drops_all_that_came_after(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    for (int round = 1; round <= 4; round++)
        CHECK_OK(add(&f, round));
    CHECK_OK(mmofl_run_store_rewind(f.store, f.run, 2, &f.err));
    mmofl_run_store_close(f.store);
    CHECK_OK(fixture_open(&f, MMOFL_RUN_STORE_WRITE)); /* deletes nothing by itself */
    seen s = {0}, cells = {0};
    CHECK_OK(mmofl_run_store_each_round(f.store, f.run, see_round, &s, &f.err));
    CHECK_INT(s.n, 2);
    CHECK_INT(s.rounds[1], 2);
    CHECK_OK(mmofl_run_store_each_confusion(f.store, f.run, see_cell, &cells, &f.err));
    CHECK(!strstr(cells.text, "3 test"));
    CHECK_OK(add(&f, 3));
    CHECK_OK(mmofl_run_store_rewind(f.store, f.run, -1, &f.err));
    s = (seen){0};
    CHECK_OK(mmofl_run_store_each_round(f.store, f.run, see_round, &s, &f.err));
    CHECK_INT(s.n, 0);
    fixture_delete(&f);
}

static void checkpoint_rows_are_the_new_one_and_the_kept_one(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    for (int round = 1; round <= 3; round++) {
        mmofl_round_record r = round_of(round);
        char file[16];
        snprintf(file, sizeof file, "c-%d", round);
        mmofl_checkpoint_record c = {.round = round, .file = file};
        c.digest[31] = (unsigned char)(10 * round);
        CHECK_OK(
            mmofl_run_store_add_round(f.store, f.run, &r, &c, 1, round == 2, &f.err));
    }
    seen s = {0};
    CHECK_OK(
        mmofl_run_store_each_checkpoint(f.store, f.run, see_checkpoint, &s, &f.err));
    CHECK_TEXT(s.text, "3 c-3 30; 1 c-1 10; ");
    CHECK_OK(mmofl_run_store_keep_checkpoint(f.store, f.run, 3, &f.err));
    s = (seen){0};
    CHECK_OK(
        mmofl_run_store_each_checkpoint(f.store, f.run, see_checkpoint, &s, &f.err));
    CHECK_TEXT(s.text, "3 c-3 30; ");
    fixture_delete(&f);
}

static void status_and_config_of_a_seed_are_found(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    int64_t id = -1;
    mmofl_run_status status;
    bool same = false;
    CHECK_OK(mmofl_run_store_set_status(f.store, f.run, MMOFL_RUN_INTERRUPTED, &f.err));
    CHECK_OK(mmofl_run_store_find_run(f.store, first_run.seed, "rounds: 3\n", &id,
                                      &status, &same, &f.err));
    CHECK_INT(id, f.run);
    CHECK_INT(status, MMOFL_RUN_INTERRUPTED);
    CHECK(same);
    CHECK_OK(mmofl_run_store_find_run(f.store, first_run.seed, "rounds: 4\n", &id,
                                      &status, &same, &f.err));
    CHECK(!same);
    CHECK_STATUS(mmofl_run_store_find_run(f.store, 1, "", &id, &status, &same, &f.err),
                 MMOFL_E_MISSING);
    CHECK_TEXT(mmofl_run_status_name(MMOFL_RUN_DONE), "done");
    CHECK_TEXT(mmofl_run_status_name(MMOFL_RUN_STATUS_COUNT), "?");
    fixture_delete(&f);
}

/* Change the file behind the store's back. */
static void sql(fixture *f, const char *text)
{
    sqlite3 *db;
    CHECK_INT(sqlite3_open(scratch_path(&f->s, "run.sqlite"), &db), SQLITE_OK);
    CHECK_INT(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void close_store(fixture *f)
{
    mmofl_run_store_close(f->store);
    f->store = NULL;
}

static void another_schema_version_is_refused(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    close_store(&f);
    sql(&f, "PRAGMA user_version = 99");
    CHECK_STATUS(fixture_open(&f, MMOFL_RUN_STORE_WRITE), MMOFL_E_VERSION);
    CHECK_CONTAINS(f.err.text, "schema version 99");
    CHECK_STATUS(fixture_open(&f, MMOFL_RUN_STORE_READ), MMOFL_E_VERSION);
    fixture_delete(&f);
}

static void database_of_another_program_is_refused_and_untouched(void **state)
{
    (void)state;
    fixture f = {0};
    scratch_new(&f.s);
    sql(&f, "CREATE TABLE t (a)");
    unsigned char *before, *after;
    size_t n, m;
    const char *path = scratch_path(&f.s, "run.sqlite");
    CHECK_OK(mmofl_file_read(path, 1 << 20, &before, &n, &f.err));
    CHECK_STATUS(fixture_open(&f, MMOFL_RUN_STORE_WRITE), MMOFL_E_CORRUPT);
    CHECK_OK(mmofl_file_read(path, 1 << 20, &after, &m, &f.err));
    CHECK_INT(n, m);
    assert_memory_equal(before, after, n);
    free(before);
    free(after);
    fixture_delete(&f);
}

static void damaged_files_are_refused(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    for (int round = 1; round <= 200; round++)
        CHECK_OK(add(&f, round));
    close_store(&f);
    const char *path = scratch_path(&f.s, "run.sqlite");
    unsigned char *data;
    size_t n;
    CHECK_OK(mmofl_file_read(path, 1 << 24, &data, &n, &f.err));
    CHECK(n > 5 * 4096);
    memset(data + n - 3 * 4096, 0x5a, 2 * 4096); /* two pages of rubbish */
    CHECK_OK(mmofl_file_write(path, data, n, false, &f.err));
    CHECK_STATUS(fixture_open(&f, MMOFL_RUN_STORE_WRITE), MMOFL_E_CORRUPT);
    CHECK_CONTAINS(f.err.text, "run.sqlite");
    CHECK_OK(mmofl_file_write(path, data, n / 2, false, &f.err)); /* cut */
    CHECK_STATUS(fixture_open(&f, MMOFL_RUN_STORE_WRITE), MMOFL_E_CORRUPT);
    CHECK_OK(mmofl_file_write(path, "not a database, only text\n", 26, false, &f.err));
    CHECK_STATUS(fixture_open(&f, MMOFL_RUN_STORE_WRITE), MMOFL_E_CORRUPT);
    free(data);
    fixture_delete(&f);
}

static void place_that_cannot_be_opened_is_refused(void **state)
{
    (void)state;
    fixture f = {0};
    scratch_new(&f.s);
    CHECK_STATUS(fixture_open(&f, MMOFL_RUN_STORE_READ), MMOFL_E_IO);
    CHECK_OK(mmofl_file_write(scratch_path(&f.s, "f"), "x", 1, false, &f.err));
    CHECK_STATUS(mmofl_run_store_open(scratch_path(&f.s, "f/run.sqlite"),
                                      MMOFL_RUN_STORE_WRITE, &f.store, &f.err),
                 MMOFL_E_IO);
    CHECK_CONTAINS(f.err.text, "f/run.sqlite");
    fixture_delete(&f);
}

static void reader_sees_rounds_while_the_writer_writes(void **state)
{
    (void)state;
    fixture f, reader = {0};
    fixture_new(&f);
    reader.s = f.s;
    CHECK_OK(add(&f, 1));
    CHECK_OK(fixture_open(&reader, MMOFL_RUN_STORE_READ));
    CHECK_OK(add(&f, 2));
    seen s = {0};
    CHECK_OK(mmofl_run_store_each_round(reader.store, f.run, see_round, &s, &f.err));
    CHECK_INT(s.n, 2);
    reader.run = f.run;
    CHECK_STATUS(add(&reader, 3), MMOFL_E_IO); /* read-only */
    close_store(&reader);
    fixture_delete(&f);
}

static void a_writer_elsewhere_is_told_as_such(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    sqlite3 *db;
    CHECK_INT(sqlite3_open(scratch_path(&f.s, "run.sqlite"), &db), SQLITE_OK);
    CHECK_INT(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    CHECK_STATUS(add(&f, 1), MMOFL_E_STATE);
    CHECK_CONTAINS(f.err.text, "another process is using it");
    sqlite3_close(db);
    CHECK_OK(add(&f, 1));
    fixture_delete(&f);
}

static mmofl_status stop(void *context, const mmofl_round_record *r)
{
    (void)r;
    ++*(int *)context;
    return MMOFL_E_INTERRUPTED;
}

static void visitor_can_stop_a_walk(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f);
    CHECK_OK(add(&f, 1));
    CHECK_OK(add(&f, 2));
    int n = 0;
    CHECK_STATUS(mmofl_run_store_each_round(f.store, f.run, stop, &n, &f.err),
                 MMOFL_E_INTERRUPTED);
    CHECK_INT(n, 1);
    CHECK_OK(add(&f, 3)); /* no statement is left open */
    fixture_delete(&f);
}

CHECK_MAIN(TEST(doubles_come_back_with_the_same_bits),
           TEST(unmeasured_metrics_come_back_as_nan),
           TEST(bad_rounds_are_refused_and_leave_nothing),
           TEST(rewinding_drops_all_that_came_after),
           TEST(checkpoint_rows_are_the_new_one_and_the_kept_one),
           TEST(status_and_config_of_a_seed_are_found),
           TEST(another_schema_version_is_refused),
           TEST(database_of_another_program_is_refused_and_untouched),
           TEST(damaged_files_are_refused),
           TEST(place_that_cannot_be_opened_is_refused),
           TEST(reader_sees_rounds_while_the_writer_writes),
           TEST(a_writer_elsewhere_is_told_as_such), TEST(visitor_can_stop_a_walk))
