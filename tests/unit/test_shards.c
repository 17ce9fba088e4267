/* test_shards.c - two shards under a root, each with a broker of its own, all of them
 * bad ones: the bytes are those of the simulator, whoever dies.
 *
 * All chance is the brokers' and that of the numbers that sessions draw; both follow
 * from seeds, and one thread runs at a time, so a test is the same each time.  For
 * others, MMOFL_TEST_SEED=1, 2, ... */
#include "deployed_fixture.h"

#include <pthread.h>
#include <sodium.h>

#include "serve/shard.h"

enum { SHARDS = 2, BROKERS = SHARDS + 1, ROOT = SHARDS };

/* A shard runs until its training is over, so it has a thread; but only one of all
 * threads runs at a time, from one of the shard's turns to its next. */
typedef struct actor {
    struct sharded *all;
    uint32_t number;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t handed_over;
    bool has_turn, has_begun, has_ended;
    bool is_killed; /* it is to be replaced at its next turn */
    bool is_over;   /* it is to end at its next turn, for good */
    int turns, kills;
    mmofl_status ended; /* of the last life */
    mmofl_setup run;
    mmofl_admission_list list;
    mmofl_shard *shard;
} actor;

/* Everything of one deployment, on one clock. */
typedef struct sharded {
    real_devices devices;
    real_server root;
    fake_broker broker[BROKERS];
    actor actor[SHARDS];
    int stop_every, kills; /* of the root */
    int kill_shard_every;
} sharded;

static fake_broker *broker_of(sharded *d, int k)
{
    return &d->broker[(size_t)k < mmofl_block_start(DEVICES, SHARDS, 1) ? 0 : 1];
}

/* ---- turns ---- */

static void hand_over_to(actor *a)
{
    pthread_mutex_lock(&a->lock);
    a->has_turn = true;
    pthread_cond_broadcast(&a->handed_over);
    while (a->has_turn && !a->has_ended)
        pthread_cond_wait(&a->handed_over, &a->lock);
    pthread_mutex_unlock(&a->lock);
}

static void hand_back(actor *a)
{
    pthread_mutex_lock(&a->lock);
    a->has_turn = false;
    pthread_cond_broadcast(&a->handed_over);
    while (!a->has_turn)
        pthread_cond_wait(&a->handed_over, &a->lock);
    pthread_mutex_unlock(&a->lock);
}

/* The shard's loop asks whether to stop. */
static bool shard_stops(void *context)
{
    actor *a = context;
    hand_back(a);
    a->turns++;
    return a->is_killed || a->is_over;
}

/* The root's loop does. */
static bool root_stops(void *context)
{
    sharded *d = context;
    for (int b = 0; b < BROKERS; b++)
        d->broker[b].now += 0.05;
    for (int s = 0; s < SHARDS; s++) {
        actor *a = &d->actor[s];
        a->is_killed =
            d->kill_shard_every > 0 && (a->turns + 1) % d->kill_shard_every == 0;
        if (!a->has_ended)
            hand_over_to(a);
    }
    give_devices_a_turn(&d->devices);
    return d->stop_every > 0 && d->devices.turns % d->stop_every == 0;
}

/* ---- a shard ---- */

static mmofl_shard_setup shard_setup(actor *a, mmofl_journal *journal)
{
    sharded *d = a->all;
    mmofl_server_setup server =
        server_setup(&d->devices, &d->broker[a->number], &a->list, &a->run, journal);
    server.stop_asked = shard_stops;
    server.stop_context = a;
    return (mmofl_shard_setup){.server = server,
                               .root = {.federation = "deployed",
                                        .program = "test",
                                        .connect = connect_device,
                                        .connect_context = &d->broker[ROOT]},
                               .number = a->number,
                               .shards = SHARDS};
}

/* One life of its process. */
static mmofl_status live(actor *a)
{
    char path[600];
    mmofl_error err = {0};
    mmofl_journal *journal;
    snprintf(path, sizeof path, "%s/journal-%u", a->all->devices.scratch->folder,
             a->number);
    CHECK_OK(mmofl_journal_open(path, &journal, &err));
    mmofl_shard_setup setup = shard_setup(a, journal);
    CHECK_OK(mmofl_shard_new(&setup, &a->shard, &err));
    mmofl_status st = mmofl_shard_run(a->shard, 60, &err);
    mmofl_shard_delete(a->shard);
    mmofl_journal_close(journal);
    return st;
}

static void *act(void *context)
{
    actor *a = context;
    pthread_mutex_lock(&a->lock);
    while (!a->has_turn)
        pthread_cond_wait(&a->handed_over, &a->lock);
    pthread_mutex_unlock(&a->lock);
    while ((a->ended = live(a)) == MMOFL_E_INTERRUPTED && !a->is_over) {
        a->is_killed = false;
        a->kills++;
    }
    pthread_mutex_lock(&a->lock);
    a->has_ended = true;
    pthread_cond_broadcast(&a->handed_over);
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

static void begin_actor(sharded *d, uint32_t number)
{
    mmofl_error err = {0};
    actor *a = &d->actor[number];
    mmofl_admission_list all;
    a->all = d;
    a->number = number;
    CHECK_OK(mmofl_admission_number("device", DEVICES, &all, &err));
    size_t first = mmofl_block_start(DEVICES, SHARDS, number);
    size_t end = mmofl_block_start(DEVICES, SHARDS, number + 1);
    CHECK_OK(mmofl_admission_part(&all, (uint32_t)first, (uint32_t)(end - first),
                                  &a->list, &err));
    mmofl_admission_free(&all);
    CHECK_OK(mmofl_setup_share(&a->run, &d->devices.experiment, d->devices.here.data, 1,
                               &err));
    CHECK_INT(pthread_mutex_init(&a->lock, NULL), 0);
    CHECK_INT(pthread_cond_init(&a->handed_over, NULL), 0);
    CHECK_INT(pthread_create(&a->thread, NULL, act, a), 0);
    a->has_begun = true;
}

static void end_actor(actor *a)
{
    a->is_over = true;
    while (!a->has_ended)
        hand_over_to(a);
    CHECK_INT(pthread_join(a->thread, NULL), 0);
    a->has_begun = false;
    pthread_cond_destroy(&a->handed_over);
    pthread_mutex_destroy(&a->lock);
    mmofl_admission_free(&a->list);
    mmofl_setup_free(&a->run);
}

/* ---- the root ---- */

static void start_root(sharded *d)
{
    start_real_server(&d->root, &d->devices, &d->broker[ROOT], SHARDS, root_stops, d);
}

static void replace_root(sharded *d, uint64_t rounds)
{
    float *kept = copy_model(&d->devices);
    stop_real_server(&d->root);
    start_root(d);
    CHECK_OK(mmofl_simulation_restore(d->root.remote, rounds, kept));
    free(kept);
    d->kills++;
}

/* ---- a test ---- */

/* What sessions draw.  Not on a test's stack, as threads draw, too. */
static mmofl_rng draws;

static void draw(void *const bytes, const size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((unsigned char *)bytes)[i] = (unsigned char)mmofl_rng_bits(&draws);
}

static uint32_t draw_one(void)
{
    return (uint32_t)mmofl_rng_bits(&draws);
}

static const char *name_draws(void)
{
    return "the test's";
}

static void seed_sessions(uint64_t seed)
{
    static randombytes_implementation drawing = {
        .implementation_name = name_draws, .random = draw_one, .buf = draw};
    const char *other = getenv("MMOFL_TEST_SEED");
    if (other)
        seed = strtoull(other, NULL, 10);
    draws = mmofl_rng_open(seed, MMOFL_NO_DEVICE, 0, MMOFL_USE_TEST);
    CHECK_INT(randombytes_set_implementation(&drawing), 0);
}

/* Where its threads find it, also when the test has failed. */
static sharded *the_deployment(void)
{
    static sharded deployment;
    return &deployment;
}

/* A test that fails leaves threads; they end before the next one begins. */
static int end_test(void **state)
{
    sharded *d = the_deployment();
    for (int s = 0; s < SHARDS; s++)
        if (d->actor[s].has_begun)
            end_actor(&d->actor[s]);
    return scratch_end(state);
}

#define SHARDED(name) cmocka_unit_test_setup_teardown(name, scratch_begin, end_test)

static sharded *begin_sharded(scratch *s, const char *setting, fake_faults faults,
                              uint64_t seed)
{
    sharded *d = the_deployment();
    *d = (sharded){0};
    seed_sessions(seed);
    for (int b = 0; b < BROKERS; b++) {
        fake_broker_init(&d->broker[b], (uint64_t)b + 7);
        d->broker[b].faults = faults;
    }
    fake_broker *broker[DEVICES];
    for (int k = 0; k < DEVICES; k++)
        broker[k] = broker_of(d, k);
    begin_devices(&d->devices, s, (deployed_settings){{setting}}, broker);
    prepare_real_server(&d->root, &d->devices, "shard", SHARDS);
    start_root(d);
    for (uint32_t number = 0; number < SHARDS; number++)
        begin_actor(d, number);
    return d;
}

static void end_sharded(sharded *d)
{
    for (int s = 0; s < SHARDS; s++)
        end_actor(&d->actor[s]);
    end_real_server(&d->root);
    end_devices(&d->devices);
    for (int b = 0; b < BROKERS; b++)
        fake_broker_free(&d->broker[b]);
}

/* ---- rounds ---- */

static void run_rounds(sharded *d)
{
    for (uint64_t t = 0; t < ROUNDS; t++) {
        mmofl_round_summary summary;
        mmofl_error err = {0};
        mmofl_status st;
        while ((st = mmofl_simulation_round(d->root.remote, NULL, &summary, &err)) ==
               MMOFL_E_INTERRUPTED)
            replace_root(d, t);
        CHECK_OK(st);
        check_same_round(&d->devices, d->root.remote, &summary);
    }
}

static void check_bytes_of(uint64_t seed, void **state, const char *setting,
                           fake_faults faults, int stop_every, int kill_shard_every)
{
    sharded *d = begin_sharded(*state, setting, faults, seed);
    d->stop_every = stop_every;
    d->kill_shard_every = kill_shard_every;
    d->devices.kill = stop_every > 0 && kill_shard_every > 0;
    run_rounds(d);
    CHECK(stop_every == 0 || d->kills > 0);
    for (int s = 0; s < SHARDS; s++)
        CHECK(kill_shard_every == 0 || d->actor[s].kills > 0);
    end_sharded(d);
}

static void check_same_bytes(void **state, const char *setting, fake_faults faults,
                             int stop_every, int kill_shard_every)
{
    check_bytes_of(SEED, state, setting, faults, stop_every, kill_shard_every);
}

static void shards_come_to_what_is_simulated(void **state)
{
    check_same_bytes(state, "method=qqr", no_faults, 0, 0);
}

static void rules_with_numbers_of_their_own_do_so_too(void **state)
{
    check_same_bytes(state, "aggregation=scaffold", no_faults, 0, 0);
}

static void bad_brokers_cost_time_and_no_bits(void **state)
{
    check_same_bytes(state, "method=qqr", many_faults, 0, 0);
}

static void a_shard_without_participants_is_not_asked(void **state)
{
    check_same_bytes(state, "participation=1", many_faults, 0, 0);
}

static void shards_that_die_anywhere_cost_no_bits(void **state)
{
    check_same_bytes(state, "aggregation=scaffold", many_faults, 0, 101);
}

static void a_root_that_dies_anywhere_costs_no_bits(void **state)
{
    check_same_bytes(state, NULL, many_faults, 47, 0);
}

/* With that seed a shard gets a root's Task of a round after that of the next one, and
 * once went back and waited without end for updates that it had refused. */
static void a_task_that_comes_late_takes_no_shard_back(void **state)
{
    check_bytes_of(226, state, NULL, many_faults, 47, 0);
}

static void everybody_may_die(void **state)
{
    check_same_bytes(state, NULL, many_faults, 307, 211);
}

static void the_final_model_comes_to_all_devices(void **state)
{
    mmofl_error err = {0};
    sharded *d = begin_sharded(*state, NULL, no_faults, SEED);
    run_rounds(d);
    CHECK_OK(mmofl_server_finish(
        d->root.server, ROUNDS, mmofl_simulation_parameters(d->root.remote),
        mmofl_simulation_prototypes(d->root.remote), 60, &err));
    for (int i = 0; i < 200; i++)
        (void)root_stops(d);
    for (int s = 0; s < SHARDS; s++) {
        CHECK(d->actor[s].has_ended);
        CHECK_OK(d->actor[s].ended);
    }
    for (int k = 0; k < DEVICES; k++)
        CHECK(mmofl_agent_is_done(d->devices.agent[k]));
    end_sharded(d);
}

CHECK_MAIN(SHARDED(shards_come_to_what_is_simulated),
           SHARDED(rules_with_numbers_of_their_own_do_so_too),
           SHARDED(bad_brokers_cost_time_and_no_bits),
           SHARDED(a_shard_without_participants_is_not_asked),
           SHARDED(shards_that_die_anywhere_cost_no_bits),
           SHARDED(a_root_that_dies_anywhere_costs_no_bits),
           SHARDED(a_task_that_comes_late_takes_no_shard_back),
           SHARDED(everybody_may_die), SHARDED(the_final_model_comes_to_all_devices))
