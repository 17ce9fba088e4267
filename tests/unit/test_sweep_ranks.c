/* Sweeps on several ranks: who runs which cell, and what they bring together. */
#define _GNU_SOURCE
#include "ranks_fixture.h"
#include "run/sweep_ranks.h"

enum { CELLS = 5, JOBS = 8 };

/* Cell 3 is like cell 0.  Jobs as a plan lists them: the longest first. */
typedef struct plan {
    mmofl_planned_cell cell[CELLS];
    mmofl_sweep_job job[JOBS];
    mmofl_sweep_plan plan;
} plan;

static void make_plan(plan *p)
{
    *p = (plan){.job = {{2, 0, 9},
                        {0, 0, 4},
                        {0, 1, 4},
                        {1, 0, 3},
                        {1, 1, 3},
                        {4, 0, 1},
                        {4, 1, 1},
                        {4, 2, 1}}};
    for (int i = 0; i < CELLS; i++)
        p->cell[i].same_as = i == 3 ? 0 : i;
    p->plan = (mmofl_sweep_plan){
        .n_cells = CELLS, .cell = p->cell, .n_jobs = JOBS, .job = p->job};
}

static void deal(const plan *p, int size, int *rank_of)
{
    const mmofl_ranks ranks = {&thread_ranks_kind, 0, size, size, 1};
    CHECK_OK(mmofl_sweep_deal(&p->plan, &ranks, rank_of));
}

static void long_cells_go_first_each_to_the_rank_with_least(void **state)
{
    (void)state;
    plan p;
    int rank_of[CELLS];
    make_plan(&p);
    deal(&p, 2, rank_of);
    /* 2 to rank 0 (9), 0 to rank 1 (8), 1 to rank 1 (14), 4 to rank 0 (12) */
    static const int two[CELLS] = {1, 1, 0, 1, 0};
    CHECK(memcmp(rank_of, two, sizeof two) == 0);
    deal(&p, 4, rank_of);
    static const int four[CELLS] = {1, 2, 0, 1, 3};
    CHECK(memcmp(rank_of, four, sizeof four) == 0);
    deal(&p, 1, rank_of);
    for (int i = 0; i < CELLS; i++)
        CHECK_INT(rank_of[i], 0);
}

/* ---------------------------------------------------------------- results */

typedef struct part {
    const plan *p;
    const int *rank_of;
    bool fails;
    mmofl_cell_result result[CELLS];
    mmofl_sweep_tally tally;
    mmofl_status status;
} part;

/* A rank's cells have two seeds each; cell 1 is not done.  Job 3 is of cell 1, job 0 of
 * cell 2. */
static void run_part(void *context, const mmofl_ranks *ranks)
{
    part *s = context;
    s->tally.first_failed = -1;
    for (int i = 0; i < CELLS; i++) {
        if (s->rank_of[i] != ranks->rank || s->p->cell[i].same_as != i)
            continue;
        s->tally.jobs += 2;
        if (i == 1)
            continue;
        mmofl_seed_summary *seed = calloc(2, sizeof *seed);
        if (seed) {
            seed[0] = (mmofl_seed_summary){.seed = 10, .rounds = i};
            seed[1] = (mmofl_seed_summary){.seed = 11, .rounds = 100 + i};
        }
        s->result[i] = (mmofl_cell_result){seed, 2};
        s->tally.done += 2;
    }
    if (s->fails) {
        s->tally.failed = 1;
        s->tally.first_failed = ranks->rank == s->rank_of[1] ? 3 : 7;
        mmofl_fail(&s->tally.error, MMOFL_E_NONFINITE, "job %d", s->tally.first_failed);
    }
    s->tally.stopped = ranks->rank == 1;
    s->status = mmofl_sweep_bring_together(&s->p->plan, ranks, s->rank_of, s->result,
                                           &s->tally);
}

static void check_results(const part *s)
{
    CHECK_OK(s->status);
    for (int i = 0; i < CELLS; i++) {
        if (i == 1 || i == 3) { /* not done; like another */
            CHECK(!s->result[i].seed);
            continue;
        }
        CHECK_INT(s->result[i].n, 2);
        CHECK_INT(s->result[i].seed[0].rounds, i);
        CHECK_INT(s->result[i].seed[1].rounds, 100 + i);
        CHECK_INT(s->result[i].seed[1].seed, 11);
    }
    CHECK_INT(s->tally.jobs, 8);
    CHECK_INT(s->tally.done, 6);
}

static void every_rank_gets_the_results_of_all(void **state)
{
    (void)state;
    for (int fails = 0; fails < 2; fails++)
        for (int size = 1; size <= 3; size++) {
            plan p;
            int rank_of[CELLS];
            meeting m;
            thread_rank rank[MOST_RANKS];
            part s[3] = {0};
            make_plan(&p);
            deal(&p, size, rank_of);
            for (int r = 0; r < size; r++)
                s[r] = (part){.p = &p, .rank_of = rank_of, .fails = fails};
            ranks_init(&m, rank, size);
            ranks_run(rank, run_part, s, sizeof *s);
            for (int r = 0; r < size; r++) {
                check_results(&s[r]);
                CHECK_INT(s[r].tally.stopped, size > 1);
                CHECK_INT(s[r].tally.failed, fails * size);
                CHECK_INT(s[r].tally.first_failed, fails ? 3 : -1);
                CHECK(!fails || strcmp(s[r].tally.error.text, "job 3") == 0);
                for (int i = 0; i < CELLS; i++)
                    free(s[r].result[i].seed);
            }
            ranks_free(&m);
        }
}

CHECK_MAIN(TEST(long_cells_go_first_each_to_the_rank_with_least),
           TEST(every_rank_gets_the_results_of_all))
