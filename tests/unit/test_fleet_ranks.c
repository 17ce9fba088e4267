/* Whole fleets on several ranks: the same bytes and figures as in one process. */
#define _GNU_SOURCE
#include "fleet_fixture.h"
#include "ranks_fixture.h"
#include "rules_fixture.h"

#include "data/disturbance.h"
#include "data/missing_pattern.h"

enum { FLEET = 9, ROUNDS = 3, RANKS = 3 };

/* One rank's fleet: six of nine devices take part. */
typedef struct part {
    fleet f;
    mmofl_pick method;
    mmofl_modality_imbalance modality[2];
    mmofl_imbalance_spec imbalance;
    int rounds;
    bool spread; /* take over what rank 0 has, first */
    mmofl_status status;
    mmofl_error err;
    mmofl_round_summary summary;
    mmofl_evaluation clean, disturbed, validation;
    uint64_t confusion[2];
} part;

static void prepare(part *p, const char *rule, const mmofl_ranks *ranks)
{
    *p = (part){.rounds = ROUNDS};
    fleet *f = &p->f;
    fleet_prepare(f, FLEET, 120, 1 + ranks->rank % 2);
    f->setup.participation = 6;
    f->setup.validation = 0.2;
    f->setup.ranks = ranks;
    f->aggregation = fixture_pick(mmofl_aggregation_kinds(), rule);
}

static void set_method(part *p, const char *method)
{
    p->method = fixture_pick(mmofl_method_kinds(), method);
    p->f.setup.method = &p->method;
}

/* Everything that ranks share out: QQR, both modalities imperfect, error terms. */
static void prepare_rich(part *p)
{
    fleet *f = &p->f;
    f->setup.record_injected = true;
    f->setup.analyze_every = 2;
    set_method(p, "qqr");
    p->modality[0] = (mmofl_modality_imbalance){
        "accelerometer", 0.5,
        fixture_pick(mmofl_missing_pattern_kinds(), "burst length=3"),
        fixture_pick(mmofl_disturbance_kinds(), "gauss share=0.5 sigma=2")};
    p->modality[1] = (mmofl_modality_imbalance){
        "gyroscope", 0.2, fixture_pick(mmofl_missing_pattern_kinds(), "independent"),
        fixture_pick(mmofl_disturbance_kinds(), "none")};
    p->imbalance = (mmofl_imbalance_spec){
        .bad_devices = 1, .n_modalities = 2, .modality = p->modality};
    f->setup.imbalance = &p->imbalance;
}

/* No CHECK here: this is on the rank's thread. */
static void run_part(void *context, const mmofl_ranks *ranks)
{
    part *p = context;
    mmofl_simulation *s = p->f.simulation;
    (void)ranks;
    if (p->spread)
        mmofl_simulation_spread(s);
    for (int t = 0; t < p->rounds && !p->status; t++)
        p->status = mmofl_simulation_round(s, NULL, &p->summary, &p->err);
    if (p->status)
        return;
    p->clean = mmofl_simulation_evaluate(s);
    if (mmofl_simulation_is_imbalanced(s))
        p->disturbed = mmofl_simulation_evaluate_disturbed(s);
    p->validation = mmofl_simulation_validate(s);
}

/* The parts of a fleet on several ranks. */
typedef struct crew {
    meeting meeting;
    thread_rank rank[MOST_RANKS];
    part part[MOST_RANKS];
    int size;
} crew;

static void crew_prepare(crew *c, const char *rule, int size)
{
    c->size = size;
    ranks_init(&c->meeting, c->rank, size);
    for (int r = 0; r < size; r++)
        prepare(&c->part[r], rule, &c->rank[r].ranks);
}

static void crew_prepare_rich(crew *c, const char *rule, int size)
{
    crew_prepare(c, rule, size);
    for (int r = 0; r < size; r++)
        prepare_rich(&c->part[r]);
}

static void crew_start(crew *c)
{
    for (int r = 0; r < c->size; r++)
        fleet_start(&c->part[r].f);
}

static void crew_run(crew *c)
{
    ranks_run(c->rank, run_part, c->part, sizeof *c->part);
}

static void crew_free(crew *c)
{
    for (int r = 0; r < c->size; r++)
        fleet_delete(&c->part[r].f);
    ranks_free(&c->meeting);
}

/* ---------------------------------------------------------------- the same */

static void check_same_tests(const mmofl_evaluation *a, const mmofl_evaluation *b)
{
    CHECK(a->samples == b->samples && a->loss == b->loss);
    CHECK(a->accuracy == b->accuracy && a->macro_f1 == b->macro_f1);
    size_t k = (size_t)a->classes;
    CHECK(memcmp(a->confusion, b->confusion, k * k * sizeof *a->confusion) == 0);
}

static void check_same_injected(mmofl_injected a, mmofl_injected b)
{
    CHECK(a.samples == b.samples && a.missing == b.missing &&
          a.disturbed == b.disturbed);
}

static void check_same_state(const part *a, const part *b)
{
    mmofl_state_array x[MMOFL_STATE_ARRAYS], y[MMOFL_STATE_ARRAYS];
    int n = mmofl_simulation_state(a->f.simulation, x, MMOFL_STATE_ARRAYS);
    CHECK_INT(mmofl_simulation_state(b->f.simulation, y, MMOFL_STATE_ARRAYS), n);
    for (int i = 0; i < n; i++) {
        CHECK_TEXT(x[i].name, y[i].name);
        CHECK_INT(x[i].n, y[i].n);
        CHECK(memcmp(x[i].data, y[i].data, x[i].n * sizeof(float)) == 0);
    }
}

/* All that a round leaves, but for what only rank 0 has. */
static void check_same(const part *a, const part *b)
{
    const mmofl_simulation *x = a->f.simulation, *y = b->f.simulation;
    CHECK(fixture_same_bits(mmofl_simulation_parameters(x),
                            mmofl_simulation_parameters(y), fleet_parameters(&a->f)));
    CHECK(memcmp(&a->summary, &b->summary, sizeof a->summary) == 0);
    check_same_tests(&a->clean, &b->clean);
    if (a->f.setup.imbalance)
        check_same_tests(&a->disturbed, &b->disturbed);
    check_same_tests(&a->validation, &b->validation);
    const uint32_t *device;
    uint32_t participants = mmofl_simulation_participants(x, &device);
    CHECK_INT(participants, a->summary.participants);
    CHECK_INT(mmofl_simulation_participants(y, &device), participants);
    for (int m = 0; m < 2 && a->f.setup.imbalance; m++) {
        check_same_injected(mmofl_simulation_injected_sum(x, m),
                            mmofl_simulation_injected_sum(y, m));
        for (uint32_t i = 0; i < participants; i++)
            check_same_injected(mmofl_simulation_injected(x, i, m),
                                mmofl_simulation_injected(y, i, m));
    }
    mmofl_error_term p[MMOFL_ERROR_TERMS], q[MMOFL_ERROR_TERMS];
    int n = mmofl_simulation_error_terms(x, p, MMOFL_ERROR_TERMS);
    CHECK_INT(mmofl_simulation_error_terms(y, q, MMOFL_ERROR_TERMS), n);
    for (int i = 0; i < n; i++)
        CHECK(p[i].value == q[i].value);
}

/* On `size` ranks as on one. */
static void check_crew(void (*prepare_crew)(crew *c, const char *rule, int size),
                       const char *rule, int size)
{
    static crew one, several;
    prepare_crew(&one, rule, 1);
    prepare_crew(&several, rule, size);
    crew_start(&one);
    crew_start(&several);
    crew_run(&one);
    crew_run(&several);
    CHECK_OK(one.part[0].status);
    for (int r = 0; r < size; r++)
        check_same(&one.part[0], &several.part[r]);
    check_same_state(&one.part[0], &several.part[0]);
    crew_free(&one);
    crew_free(&several);
}

static void every_rule_gives_the_same_bytes_on_any_number_of_ranks(void **state)
{
    (void)state;
    for (int rule = 0; rule < EVERY_RULE; rule++)
        check_crew(crew_prepare, every_rule[rule], 2 + rule % 2);
}

static void imbalance_prototypes_and_error_terms_are_the_same_too(void **state)
{
    (void)state;
    check_crew(crew_prepare_rich, "fedavg", 2);
    check_crew(crew_prepare_rich, "scaffold", 3);
}

static void encoders_with_weights_of_their_own_are_the_same_too(void **state)
{
    (void)state;
    static const char *const rules[] = {"fednova weights=samples", "median"};
    for (int rule = 0; rule < 2; rule++) {
        static crew one, several;
        for (int size = 1; size <= 2; size++) {
            crew *c = size == 1 ? &one : &several;
            crew_prepare(c, rules[rule], size);
            for (int r = 0; r < size; r++)
                set_method(&c->part[r], "fedamm");
            crew_start(c);
            crew_run(c);
        }
        check_same(&one.part[0], &several.part[1]);
        crew_free(&one);
        crew_free(&several);
    }
}

static void ranks_without_devices_do_no_harm(void **state)
{
    (void)state;
    static crew one, many;
    for (int size = 1; size <= MOST_RANKS; size += MOST_RANKS - 1) {
        crew *c = size == 1 ? &one : &many;
        crew_prepare(c, "scaffold", size);
        for (int r = 0; r < size; r++) {
            c->part[r].f.setup.devices = 3;
            c->part[r].f.setup.participation = 2;
        }
        crew_start(c);
        crew_run(c);
    }
    for (int r = 0; r < MOST_RANKS; r++)
        CHECK(fixture_same_bits(mmofl_simulation_parameters(one.part[0].f.simulation),
                                mmofl_simulation_parameters(many.part[r].f.simulation),
                                fleet_parameters(&one.part[0].f)));
    check_same_state(&one.part[0], &many.part[0]);
    crew_free(&one);
    crew_free(&many);
}

/* ---------------------------------------------------------------- resume */

/* After two rounds on `before` ranks, one more on `after`. */
static void check_resume(void (*prepare_crew)(crew *c, const char *rule, int size),
                         const char *rule, int before, int after)
{
    static crew one, first, second;
    prepare_crew(&one, rule, 1);
    prepare_crew(&first, rule, before);
    prepare_crew(&second, rule, after);
    crew_start(&one);
    crew_run(&one);
    crew_start(&first);
    crew_start(&second);
    for (int r = 0; r < before; r++)
        first.part[r].rounds = ROUNDS - 1;
    crew_run(&first);
    mmofl_simulation *from = first.part[0].f.simulation,
                     *to = second.part[0].f.simulation;
    CHECK_OK(
        mmofl_simulation_restore(to, ROUNDS - 1, mmofl_simulation_parameters(from)));
    mmofl_state_array x[MMOFL_STATE_ARRAYS], y[MMOFL_STATE_ARRAYS];
    int n = mmofl_simulation_state(from, x, MMOFL_STATE_ARRAYS);
    CHECK_INT(mmofl_simulation_state(to, y, MMOFL_STATE_ARRAYS), n);
    for (int i = 0; i < n; i++)
        memcpy(y[i].data, x[i].data, x[i].n * sizeof(float));
    for (int r = 0; r < after; r++) {
        second.part[r].rounds = 1;
        second.part[r].spread = true;
    }
    crew_run(&second);
    for (int r = 0; r < after; r++)
        check_same(&one.part[0], &second.part[r]);
    check_same_state(&one.part[0], &second.part[0]);
    crew_free(&one);
    crew_free(&first);
    crew_free(&second);
}

static void every_rule_resumes_on_another_number_of_ranks(void **state)
{
    (void)state;
    for (int rule = 0; rule < EVERY_RULE; rule++)
        check_resume(crew_prepare, every_rule[rule], 2, 3);
    check_resume(crew_prepare, "scaffold", 1, 2);
    check_resume(crew_prepare_rich, "scaffold", 3, 1);
}

/* ---------------------------------------------------------------- failures */

static void a_device_that_diverges_ends_all_ranks_with_one_message(void **state)
{
    (void)state;
    char expected[MMOFL_ERROR_TEXT] = "";
    for (int size = 1; size <= RANKS; size++) {
        static crew c;
        crew_prepare(&c, "fedavg", size);
        for (int r = 0; r < size; r++)
            c.part[r].f.train.lr = fixture_pick(mmofl_lr_kinds(), "constant start=100");
        crew_start(&c);
        crew_run(&c);
        for (int r = 0; r < size; r++) {
            CHECK_STATUS(c.part[r].status, MMOFL_E_NONFINITE);
            CHECK_CONTAINS(c.part[r].err.text, "training diverged: round ");
            if (!*expected)
                memcpy(expected, c.part[r].err.text, sizeof expected);
            CHECK_TEXT(c.part[r].err.text, expected);
        }
        crew_free(&c);
    }
}

static void a_rank_has_the_memory_of_its_own_devices_only(void **state)
{
    (void)state;
    static crew c;
    crew_prepare(&c, "scaffold", RANKS);
    crew_start(&c);
    size_t row = fleet_parameters(&c.part[0].f) * sizeof(float);
    size_t all = mmofl_simulation_memory(c.part[0].f.simulation).devices;
    for (int r = 1; r < RANKS; r++) {
        size_t own = mmofl_simulation_memory(c.part[r].f.simulation).devices;
        /* Rows of three devices and the room to pack them, instead of nine and six. */
        CHECK_NEAR(all - own, 9 * row, 512);
    }
    crew_run(&c);
    crew_free(&c);
}

CHECK_MAIN(TEST(every_rule_gives_the_same_bytes_on_any_number_of_ranks),
           TEST(imbalance_prototypes_and_error_terms_are_the_same_too),
           TEST(encoders_with_weights_of_their_own_are_the_same_too),
           TEST(ranks_without_devices_do_no_harm),
           TEST(every_rule_resumes_on_another_number_of_ranks),
           TEST(a_device_that_diverges_ends_all_ranks_with_one_message),
           TEST(a_rank_has_the_memory_of_its_own_devices_only))
