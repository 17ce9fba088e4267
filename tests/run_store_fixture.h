/* run_store_fixture.h - a run store in a scratch folder, with one run begun in it.
 * Include it first, as scratch.h. */
#ifndef MMOFL_TESTS_RUN_STORE_FIXTURE_H
#define MMOFL_TESTS_RUN_STORE_FIXTURE_H

#include "scratch.h"

#include "store/run_store.h"

typedef struct fixture {
    scratch s;
    mmofl_run_store *store;
    int64_t run;
    mmofl_error err;
} fixture;

/** run: NULL = a run called demo. */
static inline void fixture_begin(fixture *f, const mmofl_run_record *run)
{
    static const mmofl_run_record demo = {"demo", 1, "rounds: 3\n", "0.1"};
    *f = (fixture){0};
    scratch_new(&f->s);
    CHECK_OK(mmofl_run_store_open(scratch_path(&f->s, "run.sqlite"),
                                  MMOFL_RUN_STORE_WRITE, &f->store, &f->err));
    CHECK_OK(mmofl_run_store_add_run(f->store, run ? run : &demo, &f->run, &f->err));
}

static inline void fixture_delete(fixture *f)
{
    mmofl_run_store_close(f->store);
    scratch_delete(&f->s);
}

/** A round of one participant and one sample, with what `with` holds besides. */
static inline mmofl_status fixture_add_round(fixture *f, int round,
                                             mmofl_round_record with)
{
    with.round = round;
    with.participants = 1;
    with.samples_new = 1;
    return mmofl_run_store_add_round(f->store, f->run, &with, NULL, -1, false, &f->err);
}

#endif
