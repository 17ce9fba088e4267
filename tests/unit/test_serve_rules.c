/* test_serve_rules.c - what counts in a round: late updates, such that go too far,
 * those that come twice; who is not waited for.  Devices are puppets that play a
 * script. */
#include "scratch.h"

#include <signal.h>
#include <sys/resource.h>

#include "fake_bus.h"

#include "run/setup.h"
#include "serve/server.h"

enum { PUPPETS = 2, ROUNDS = 8, STEPS = 8 };

static const char experiment[] =
    "name: rules\n"
    "seeds: 5\n"
    "data: {set: synthetic-har, persons: 3, train: 120, test: 60}\n"
    "fleet: {devices: 2, partition: {kind: iid}}\n"
    "rounds: 8\n"
    "model:\n"
    "  modalities:\n"
    "    accelerometer: [global_avg_pool, {linear: {out: 2}}]\n"
    "  head: [{linear: {out: 6}}]\n";

/* A device that adds `delta` to the model of round `of`, while round `in` is open. */
typedef struct act {
    int in, puppet, of;
    double delta;
    enum {
        UPDATE,
        DECLINE,
        REVOKE,   /* the puppet, on the list */
        RESTART,  /* the coordinator is killed */
        FULL_DISK /* for ten seconds */
    } what;
    mmofl_status answer; /* that it must get */
    int more;            /* updates at once, besides the first */
} act;

typedef struct puppet {
    mmofl_endpoint *endpoint;
    mmofl_bus *bus;
    mmofl_peer *coordinator;
    char name[32];
    bool is_welcome;
    mmofl_digest config;
    float *model[ROUNDS + 1]; /* by round; NULL: it has not come */
    bool is_waiting;          /* for an answer */
    mmofl_status answer;
} puppet;

typedef struct stage {
    scratch *scratch;
    mmofl_experiment experiment;
    mmofl_setup run;
    mmofl_simulation *simulation;
    mmofl_admission_list devices, revised;
    mmofl_journal *journal;
    mmofl_board *board;
    mmofl_server *server;
    mmofl_round_rules rules;
    mmofl_wire_limits limits;
    size_t n;
    fake_broker broker;
    puppet puppet[PUPPETS];
    const act *script;
    int n_steps, next;
    double started_s; /* the current step */
    bool has_begun;   /* the current step is on its way */
    bool restart;
    double full_until; /* the disk */
    int told;          /* refusals */
    mmofl_log_sink log;
    uint64_t done; /* rounds */
    float *last;   /* the model after them */
} stage;

static double now(void *context)
{
    return ((const stage *)context)->broker.now;
}

/* ---- puppets ---- */

static bool received(void *context, mmofl_peer *peer, const mmofl_arrival *arrival,
                     mmofl_error *answer)
{
    puppet *p = context;
    (void)peer;
    mmofl_wire_limits limits = mmofl_wire_limits_join();
    limits.message_bytes = 1 << 20;
    if (arrival->kind == MMOFL_MESSAGE_WELCOME) {
        mmofl_message m;
        CHECK_OK(
            mmofl_message_read(arrival->message, arrival->size, &limits, &m, answer));
        p->config = m.body.welcome.config_digest;
        p->is_welcome = true;
        mmofl_message_free(&m);
    }
    if (arrival->kind != MMOFL_MESSAGE_TASK)
        return true;
    mmofl_message m;
    const stage *s = mmofl_peer_data(peer);
    CHECK_OK(
        mmofl_message_read(arrival->message, arrival->size, &s->limits, &m, answer));
    float **model = &p->model[m.body.task.broadcast.round];
    if (!*model)
        *model = malloc(s->n * sizeof **model);
    CHECK(*model);
    memcpy(*model, m.body.task.broadcast.parameters, s->n * sizeof **model);
    mmofl_message_free(&m);
    return true;
}

static void answered(void *context, mmofl_peer *peer, const mmofl_object_id *object,
                     mmofl_message_kind kind, mmofl_status status, const char *text)
{
    (void)peer, (void)object, (void)text;
    puppet *p = context;
    if (kind != MMOFL_MESSAGE_UPDATE && kind != MMOFL_MESSAGE_DECLINE)
        return;
    p->answer = status;
    p->is_waiting = false;
}

static void say(puppet *p, const stage *s, const mmofl_message *m)
{
    uint8_t *bytes;
    size_t size;
    CHECK_OK(mmofl_message_write(m, &s->limits, &bytes, &size));
    CHECK_OK(mmofl_endpoint_send(p->endpoint, p->coordinator, bytes, size,
                                 &(mmofl_sending){0}, NULL));
    free(bytes);
}

static void say_hello(puppet *p, const stage *s)
{
    say(p, s,
        &(mmofl_message){.kind = MMOFL_MESSAGE_HELLO,
                         .body.hello = {.oldest_version = 1,
                                        .newest_version = 1,
                                        .program = "puppet"}});
}

static void make_puppet(stage *s, int k)
{
    puppet *p = &s->puppet[k];
    mmofl_error err = {0};
    snprintf(p->name, sizeof p->name, "device-%d", k);
    mmofl_endpoint_setup setup = {
        .identity = {"rules", p->name, (uint64_t)k + 1, NULL},
        .limits = s->limits,
        .events = {.received = received, .answered = answered, .context = p},
        .clock = now,
        .clock_context = s};
    CHECK_OK(mmofl_endpoint_new(&setup, &p->endpoint, &err));
    p->bus =
        fake_bus_new(&s->broker, mmofl_endpoint_bus_events(p->endpoint), NULL, true);
    CHECK_OK(mmofl_endpoint_attach(p->endpoint, p->bus, &err));
    p->coordinator = mmofl_endpoint_peer(p->endpoint, MMOFL_COORDINATOR, true);
    CHECK(p->coordinator);
    mmofl_peer_set_data(p->coordinator, s);
    say_hello(p, s);
}

static void send_update(stage *s, const act *step)
{
    puppet *p = &s->puppet[step->puppet];
    static const uint32_t recorded[MMOFL_MAX_MODALITIES] = {1, 1};
    float *trained = malloc(s->n * sizeof *trained);
    CHECK(trained);
    for (size_t i = 0; i < s->n; i++)
        trained[i] = p->model[step->of][i] + (float)step->delta;
    say(p, s,
        &(mmofl_message){
            .kind = MMOFL_MESSAGE_UPDATE,
            .body.update = {.update = {.round = (uint64_t)step->of,
                                       .n_parameters = s->n,
                                       .parameters = trained,
                                       .samples = 1,
                                       .recorded = recorded},
                            .config = p->config,
                            .model = mmofl_model_digest(p->model[step->of], s->n)}});
    free(trained);
}

/* ---- the play ---- */

/* Files that end beyond it cannot be written. */
static void set_file_limit(rlim_t bytes)
{
    struct rlimit limit;
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes ? bytes : limit.rlim_max;
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void begin_step(stage *s, const act *step)
{
    puppet *p = &s->puppet[step->puppet];
    p->is_waiting = step->what == UPDATE || step->what == DECLINE;
    for (int i = 0; step->what == UPDATE && i <= step->more; i++)
        send_update(s, step);
    if (step->what == DECLINE)
        say(p, s,
            &(mmofl_message){.kind = MMOFL_MESSAGE_DECLINE,
                             .body.decline = {.round = (uint64_t)step->of,
                                              .status = MMOFL_E_MISSING,
                                              .text = "no samples"}});
    s->restart = step->what == RESTART;
    if (step->what == FULL_DISK) {
        s->full_until = s->broker.now + 10;
        set_file_limit(1);
    }
    s->has_begun = true;
    s->started_s = s->broker.now;
}

static void play(stage *s)
{
    if (s->next == s->n_steps)
        return;
    const act *step = &s->script[s->next];
    puppet *p = &s->puppet[step->puppet];
    if (!s->has_begun) {
        if (mmofl_server_get_status(s->server).round == (uint64_t)step->in &&
            (step->what > DECLINE || (p->is_welcome && p->model[step->of])))
            begin_step(s, step);
    } else if (!p->is_waiting && s->broker.now > s->started_s + 1) {
        if (step->what <= DECLINE)
            CHECK_STATUS(p->answer, step->answer);
        s->has_begun = false;
        s->next++;
    }
}

static bool take_turn(void *context)
{
    stage *s = context;
    mmofl_error err = {0};
    s->broker.now += 0.05;
    CHECK(s->broker.now < 10000);
    if (s->full_until > 0 && s->broker.now > s->full_until) {
        s->full_until = 0;
        set_file_limit(0);
    }
    for (int k = 0; k < PUPPETS; k++)
        CHECK_OK(mmofl_endpoint_step(s->puppet[k].endpoint, 0, &err));
    play(s);
    bool restart = s->restart;
    s->restart = false;
    return restart;
}

static void revise(void *context, mmofl_server *server)
{
    stage *s = context;
    mmofl_error err = {0};
    const act *step = s->next < s->n_steps ? &s->script[s->next] : NULL;
    if (!step || step->what != REVOKE || !s->has_begun || s->revised.n > 0)
        return;
    CHECK_OK(mmofl_admission_number("device", PUPPETS + 1, &s->revised, &err));
    s->revised.device[step->puppet].how = MMOFL_ADMITTED_NO_MORE;
    CHECK_OK(mmofl_server_readmit(server, &s->revised, &err));
}

static mmofl_status connect_server(void *context, const mmofl_bus_events *events,
                                   mmofl_bus **bus, mmofl_error *err)
{
    (void)err;
    *bus = fake_bus_new(&((stage *)context)->broker, *events, NULL, true);
    return MMOFL_OK;
}

static void note_refusals(void *context, mmofl_log_level level, const char *text)
{
    (void)level;
    ((stage *)context)->told += strstr(text, "refused") != NULL;
}

static mmofl_status start_server(stage *s, mmofl_error *err)
{
    char path[600];
    snprintf(path, sizeof path, "%s/journal", s->scratch->folder);
    CHECK_OK(mmofl_journal_open(path, &s->journal, err));
    mmofl_server_setup setup = {.federation = "rules",
                                .devices = &s->devices,
                                .run = &s->run,
                                .seed = 5,
                                .journal = s->journal,
                                .rules = s->rules,
                                .connect = connect_server,
                                .connect_context = s,
                                .board = s->board,
                                .stop_asked = take_turn,
                                .between = revise,
                                .stop_context = s,
                                .log = &s->log,
                                .clock = now,
                                .clock_context = s};
    mmofl_status st = mmofl_server_new(&setup, &s->server, err);
    if (st)
        return st;
    s->run.remote = mmofl_server_fleet(s->server);
    CHECK_OK(mmofl_setup_simulation(&s->run, 5, &s->simulation, err));
    if (s->last)
        CHECK_OK(mmofl_simulation_restore(s->simulation, s->done, s->last));
    return MMOFL_OK;
}

static void stop_server(stage *s)
{
    mmofl_simulation_delete(s->simulation);
    mmofl_server_delete(s->server);
    mmofl_journal_close(s->journal);
    s->simulation = NULL;
    s->server = NULL;
    s->journal = NULL;
}

static void begin_stage(stage *s, void **state, mmofl_round_rules rules,
                        const act *script, int n)
{
    mmofl_error err = {0};
    *s = (stage){.scratch = *state, .rules = rules, .script = script, .n_steps = n};
    CHECK_OK(mmofl_experiment_parse(experiment, strlen(experiment), "test", NULL, NULL,
                                    0, &s->experiment, &err));
    CHECK_OK(mmofl_setup_init(&s->run, &s->experiment, 1, &err));
    CHECK_OK(mmofl_admission_number("device", PUPPETS, &s->devices, &err));
    CHECK_OK(mmofl_board_new(PUPPETS, &s->board));
    fake_broker_init(&s->broker, 7);
    s->limits = mmofl_wire_limits_join();
    s->log = (mmofl_log_sink){note_refusals, s};
    CHECK_OK(start_server(s, &err));
    s->limits = mmofl_wire_limits_of(mmofl_server_model(s->server), NULL, NULL);
    s->n = s->limits.parameters;
    s->last = malloc(s->n * sizeof *s->last);
    CHECK(s->last);
    memcpy(s->last, mmofl_simulation_parameters(s->simulation), s->n * sizeof *s->last);
    for (int k = 0; k < PUPPETS; k++)
        make_puppet(s, k);
}

static void end_stage(stage *s)
{
    for (int i = 0; i < 100; i++) /* what was said last comes to the puppets */
        (void)take_turn(s);
    CHECK_INT(s->next, s->n_steps);
    stop_server(s);
    for (int k = 0; k < PUPPETS; k++) {
        s->puppet[k].bus->kind->destroy(s->puppet[k].bus);
        mmofl_endpoint_delete(s->puppet[k].endpoint);
        for (int t = 0; t <= ROUNDS; t++)
            free(s->puppet[k].model[t]);
    }
    fake_broker_free(&s->broker);
    mmofl_board_delete(s->board);
    mmofl_setup_free(&s->run);
    mmofl_admission_free(&s->devices);
    mmofl_admission_free(&s->revised);
    mmofl_experiment_free(&s->experiment);
    free(s->last);
}

/* The next round moves every parameter by so much, and has so many updates. */
static void check_round(stage *s, double moved, uint32_t updates, uint64_t late)
{
    mmofl_round_summary summary;
    mmofl_error err = {0};
    mmofl_status st;
    while ((st = mmofl_simulation_round(s->simulation, NULL, &summary, &err)) ==
           MMOFL_E_INTERRUPTED) {
        stop_server(s);
        CHECK_OK(start_server(s, &err));
    }
    CHECK_OK(st);
    CHECK_INT(summary.updates, updates);
    CHECK_INT(summary.late, late);
    const float *w = mmofl_simulation_parameters(s->simulation);
    for (size_t i = 0; i < s->n; i++)
        CHECK_NEAR(w[i] - s->last[i], moved, 1e-6);
    memcpy(s->last, w, s->n * sizeof *w);
    s->done++;
}

#define BEGIN(s, ...)                                                                  \
    begin_stage(&(s), state, (mmofl_round_rules){__VA_ARGS__}, script,                 \
                sizeof script / sizeof *script)

/* ---- what counts ---- */

static const act one_is_late[] = {
    {.in = 1, .puppet = 0, .of = 1, .delta = 1},
    {.in = 2, .puppet = 1, .of = 1, .delta = 4}, /* one round late */
    {.in = 2, .puppet = 1, .of = 1, .delta = 4}, /* its Ack was lost */
    {.in = 2, .puppet = 0, .of = 2, .delta = 1},
    {.in = 3, .puppet = 1, .of = 1, .delta = 4}, /* again */
    {.in = 3, .puppet = 0, .of = 2, .delta = 1}, /* again */
    {.in = 3, .puppet = 1, .of = 3, .delta = 2},
};

static void a_late_update_counts_once_with_its_weight(void **state)
{
    stage s;
    begin_stage(
        &s, state,
        (mmofl_round_rules){
            .deadline_s = 20, .quorum = 0.5, .staleness = 2, .staleness_exponent = 1},
        one_is_late, sizeof one_is_late / sizeof *one_is_late);
    check_round(&s, 1, 1, 0);
    check_round(&s, (1 + 4 / 2.0) / 2, 1, 1);
    check_round(&s, 2, 1, 0);
    mmofl_server_status status = mmofl_server_get_status(s.server);
    CHECK_INT(status.counts.late_used, 1);
    CHECK_INT(status.counts.refused[MMOFL_E_STALE], 0);
    end_stage(&s);
}

static void it_does_so_over_a_kill(void **state)
{
    static const act script[] = {
        {.in = 1, .puppet = 0, .of = 1, .delta = 1},
        {.in = 2, .what = RESTART},
        {.in = 2, .puppet = 1, .of = 1, .delta = 4},
        {.in = 2, .what = RESTART},
        {.in = 2, .puppet = 1, .of = 1, .delta = 4},
        {.in = 2, .puppet = 0, .of = 2, .delta = 1},
        {.in = 3, .what = RESTART},
        {.in = 3, .puppet = 1, .of = 1, .delta = 4},
        {.in = 3, .puppet = 1, .of = 3, .delta = 2},
    };
    stage s;
    BEGIN(s, .deadline_s = 20, .quorum = 0.5, .staleness = 2, .staleness_exponent = 1);
    check_round(&s, 1, 1, 0);
    check_round(&s, (1 + 4 / 2.0) / 2, 1, 1);
    check_round(&s, 2, 1, 0);
    end_stage(&s);
}

static void where_late_is_late_it_is_refused_and_counted(void **state)
{
    static const act script[] = {
        {.in = 1, .puppet = 0, .of = 1, .delta = 1},
        {.in = 2, .puppet = 1, .of = 1, .delta = 4, .answer = MMOFL_E_STALE},
        {.in = 2, .puppet = 0, .of = 1, .delta = 1}, /* it counted: OK */
        {.in = 2, .puppet = 0, .of = 2, .delta = 1},
    };
    stage s;
    BEGIN(s, .deadline_s = 20, .quorum = 0.5);
    check_round(&s, 1, 1, 0);
    check_round(&s, 1, 1, 0);
    mmofl_server_status status = mmofl_server_get_status(s.server);
    CHECK_INT(status.counts.refused[MMOFL_E_STALE], 1);
    end_stage(&s);
}

/* A device may make the coordinator refuse as often as it likes. */
static void many_refusals_are_counted_and_told_once(void **state)
{
    static const act script[] = {
        {.in = 1, .puppet = 0, .of = 1, .delta = 1},
        {.in = 2, .puppet = 1, .of = 1, .delta = 4, .answer = MMOFL_E_STALE, .more = 9},
        {.in = 2, .puppet = 0, .of = 2, .delta = 2},
    };
    stage s;
    BEGIN(s, .deadline_s = 20, .quorum = 0.5);
    check_round(&s, 1, 1, 0);
    check_round(&s, 2, 1, 0);
    CHECK_INT(mmofl_server_get_status(s.server).counts.refused[MMOFL_E_STALE], 10);
    CHECK_INT(s.told, 1);
    end_stage(&s);
}

static void too_late_is_too_late(void **state)
{
    static const act script[] = {
        {.in = 1, .puppet = 0, .of = 1, .delta = 1},
        {.in = 2, .puppet = 0, .of = 2, .delta = 1},
        {.in = 3, .puppet = 1, .of = 1, .delta = 4, .answer = MMOFL_E_STALE},
        {.in = 3, .puppet = 1, .of = 2, .delta = 4},
        {.in = 3, .puppet = 0, .of = 3, .delta = 0},
    };
    stage s;
    BEGIN(s, .deadline_s = 20, .quorum = 0.5, .staleness = 1);
    check_round(&s, 1, 1, 0);
    check_round(&s, 1, 1, 0);
    check_round(&s, 2, 1, 1); /* exponent 0: full weight */
    end_stage(&s);
}

/* Late updates do not end a round in the place of its participants. */
/* Another coordinator goes on from an older model, and without the journal. */
static void go_back_to_round_1(stage *s)
{
    mmofl_error err = {0};
    stop_server(s);
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "journal%s",
                 (const char *[]){"", "-wal", "-shm"}[i]);
        (void)remove(scratch_path(s->scratch, name));
    }
    memcpy(s->last, s->puppet[0].model[1], s->n * sizeof *s->last);
    s->done = 0;
    CHECK_OK(start_server(s, &err));
    for (int k = 0; k < PUPPETS; k++)
        say_hello(&s->puppet[k], s);
}

/* Were it refused, its device would take the Task for answered when that comes again.
 */
static void an_update_of_a_round_to_come_waits_for_it(void **state)
{
    static const act script[] = {
        {.in = 1, .puppet = 0, .of = 1, .delta = 1},
        {.in = 1, .puppet = 1, .of = 1, .delta = 1},
        /* gone back */
        {.in = 1, .puppet = 0, .of = 1, .delta = 1},
        {.in = 1, .puppet = 1, .of = 1, .delta = 1},
        {.in = 2, .puppet = 0, .of = 2, .delta = 1},
    };
    stage s;
    BEGIN(s, 0);
    check_round(&s, 1, 2, 0);
    puppet *early = &s.puppet[1];
    CHECK((early->model[2] = malloc(s.n * sizeof *early->model[2])));
    memcpy(early->model[2], s.last, s.n * sizeof *s.last);
    go_back_to_round_1(&s);
    send_update(&s, &(act){.puppet = 1, .of = 2, .delta = 3});
    check_round(&s, 1, 2, 0);
    check_round(&s, 2, 2, 0);
    CHECK_INT(mmofl_server_get_status(s.server).counts.refused[MMOFL_E_STALE], 0);
    end_stage(&s);
}

static void participants_are_waited_for_though_late_updates_count(void **state)
{
    static const act script[] = {
        {.in = 1, .puppet = 0, .of = 1, .delta = 1},
        {.in = 2, .puppet = 1, .of = 1, .delta = 3},
        {.in = 2, .puppet = 0, .of = 2, .delta = 1},
        {.in = 2, .puppet = 1, .of = 2, .delta = 5},
    };
    stage s;
    BEGIN(s, .deadline_s = 20, .quorum = 0.5, .staleness = 4);
    check_round(&s, 1, 1, 0);
    check_round(&s, 3, 2, 1);
    end_stage(&s);
}

static void buffered_rounds_end_with_their_updates(void **state)
{
    static const act script[] = {
        {.in = 1, .puppet = 0, .of = 1, .delta = 1},
        {.in = 2, .puppet = 1, .of = 1, .delta = 3},
        {.in = 3, .puppet = 0, .of = 3, .delta = 5},
    };
    stage s;
    BEGIN(s, .buffered = 1, .staleness = 4, .staleness_exponent = 1);
    check_round(&s, 1, 1, 0);
    check_round(&s, 1.5, 0, 1);
    check_round(&s, 5, 1, 0);
    end_stage(&s);
}

static void an_update_that_goes_too_far_is_scaled_down(void **state)
{
    static const act script[] = {
        {.in = 1, .puppet = 0, .of = 1, .delta = 100},
        {.in = 1, .puppet = 1, .of = 1, .delta = -0.01},
    };
    stage s;
    BEGIN(s, .clip_norm = 1);
    double clipped = 1 / sqrt((double)s.n);
    check_round(&s, (clipped - 0.01) / 2, 2, 0);
    CHECK_INT(mmofl_server_get_status(s.server).counts.clipped, 1);
    end_stage(&s);
}

/* It is in the coordinator, but its device is not told, and the round does not end. */
static void while_the_disk_is_full_nothing_is_acknowledged(void **state)
{
    static const act script[] = {
        {.in = 1, .puppet = 0, .of = 1, .delta = 1},
        {.in = 1, .what = FULL_DISK},
        {.in = 1, .puppet = 1, .of = 1, .delta = 3},
    };
    stage s;
    signal(SIGXFSZ, SIG_IGN);
    BEGIN(s, .quorum = 1);
    check_round(&s, 2, 2, 0);
    CHECK(s.full_until == 0);
    CHECK(mmofl_server_get_status(s.server).counts.journal_failures > 0);
    end_stage(&s);
}

/* ---- who is not waited for ---- */

static void who_declines_is_not_waited_for_and_may_think_again(void **state)
{
    static const act script[] = {
        {.in = 1, .puppet = 0, .of = 1, .what = DECLINE},
        {.in = 1, .puppet = 0, .of = 1, .delta = 1},
        {.in = 1, .puppet = 1, .of = 1, .what = DECLINE},
        {.in = 2, .puppet = 0, .of = 2, .what = DECLINE},
        {.in = 2, .puppet = 1, .of = 2, .what = DECLINE},
    };
    stage s;
    BEGIN(s, .quorum = 1);
    check_round(&s, 1, 1, 0);
    check_round(&s, 0, 0, 0);
    end_stage(&s);
}

static void who_is_revoked_is_not_waited_for(void **state)
{
    static const act script[] = {
        {.in = 1, .puppet = 0, .of = 1, .delta = 1},
        {.in = 1, .puppet = 1, .what = REVOKE},
        {.in = 2, .puppet = 0, .of = 2, .delta = 1},
    };
    stage s;
    BEGIN(s, .quorum = 1);
    check_round(&s, 1, 1, 0);
    check_round(&s, 1, 1, 0);
    CHECK_INT(mmofl_server_device(s.server, 1).state, MMOFL_DEVICE_REVOKED);
    const mmofl_board_view *view = mmofl_board_read(s.board);
    CHECK(view->at_s > 0);
    CHECK_TEXT(view->device[0].name, "device-0");
    mmofl_board_done(s.board);
    end_stage(&s);
}

static void a_list_of_other_devices_is_refused(void **state)
{
    stage s;
    mmofl_error err = {0};
    mmofl_admission_list list;
    begin_stage(&s, state, (mmofl_round_rules){0}, NULL, 0);
    CHECK_OK(mmofl_admission_number("device", 1, &list, &err));
    CHECK_STATUS(mmofl_server_readmit(s.server, &list, &err), MMOFL_E_STATE);
    CHECK_CONTAINS(err.text, "device 1 of this run is device-1");
    mmofl_admission_free(&list);
    end_stage(&s);
}

static void rules_that_cannot_be_are_refused(void **state)
{
    stage s;
    mmofl_error err = {0};
    begin_stage(&s, state, (mmofl_round_rules){0}, NULL, 0);
    mmofl_simulation_delete(s.simulation);
    mmofl_server_delete(s.server);
    mmofl_journal_close(s.journal);
    s.rules = (mmofl_round_rules){.staleness = MMOFL_STALENESS_MOST + 1};
    CHECK_STATUS(start_server(&s, &err), MMOFL_E_RANGE);
    mmofl_journal_close(s.journal);
    s.rules = (mmofl_round_rules){.staleness = 1, .buffered = PUPPETS + 1};
    CHECK_STATUS(start_server(&s, &err), MMOFL_E_RANGE);
    mmofl_journal_close(s.journal);
    s.rules = (mmofl_round_rules){0};
    CHECK_OK(start_server(&s, &err));
    end_stage(&s);
}

CHECK_MAIN(IN_A_FOLDER(a_late_update_counts_once_with_its_weight),
           IN_A_FOLDER(it_does_so_over_a_kill),
           IN_A_FOLDER(where_late_is_late_it_is_refused_and_counted),
           IN_A_FOLDER(many_refusals_are_counted_and_told_once),
           IN_A_FOLDER(too_late_is_too_late),
           IN_A_FOLDER(an_update_of_a_round_to_come_waits_for_it),
           IN_A_FOLDER(participants_are_waited_for_though_late_updates_count),
           IN_A_FOLDER(buffered_rounds_end_with_their_updates),
           IN_A_FOLDER(an_update_that_goes_too_far_is_scaled_down),
           IN_A_FOLDER(while_the_disk_is_full_nothing_is_acknowledged),
           IN_A_FOLDER(who_declines_is_not_waited_for_and_may_think_again),
           IN_A_FOLDER(who_is_revoked_is_not_waited_for),
           IN_A_FOLDER(a_list_of_other_devices_is_refused),
           IN_A_FOLDER(rules_that_cannot_be_are_refused))
