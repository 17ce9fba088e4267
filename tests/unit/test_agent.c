/* test_agent.c - what an agent makes of its coordinator's answers: a puppet that says
 * what the test wants, to a real agent on a fake bus. */
#include "scratch.h"

#include <signal.h>
#include <sys/resource.h>

#include "fake_bus.h"

#include "config/learning.h"
#include "device/agent.h"
#include "run/setup.h"

static const char experiment[] =
    "name: agent\n"
    "seeds: 5\n"
    "data: {set: synthetic-har, persons: 2, train: 60, test: 20}\n"
    "fleet: {devices: 1, partition: {kind: iid}}\n"
    "stream: {buffer: 8, new: 4}\n"
    "rounds: 8\n"
    "model:\n"
    "  modalities:\n"
    "    accelerometer: [global_avg_pool, {linear: {out: 2}}]\n"
    "  head: [{linear: {out: 6}}]\n";

enum { LATER = -1, VALUES = 128 * 3 };

typedef struct stage {
    const char *folder;
    mmofl_experiment experiment;
    mmofl_setup run;
    char *config;
    mmofl_signal signal[MMOFL_MAX_MODALITIES];
    mmofl_welcome welcome;
    mmofl_plan *plan;
    size_t n;
    float *model; /* (n) that all tasks have */
    fake_broker broker;
    mmofl_agent *agent;
    /* The puppet. */
    mmofl_endpoint *endpoint;
    mmofl_bus *bus;
    mmofl_peer *device;
    uint64_t session, heard_session;
    int answer; /* a mmofl_status, or LATER */
    int heard;  /* updates and declines */
    mmofl_message_kind kind;
    uint64_t round;    /* of the update that was heard last */
    float *difference; /* (n) of the update that was heard last */
    float *rule;       /* (n) of it, where it has some */
} stage;

static double now(void *context)
{
    return ((const stage *)context)->broker.now;
}

/* ---- the puppet ---- */

static void say(stage *s, const mmofl_message *m)
{
    uint8_t *bytes;
    size_t size;
    CHECK_OK(mmofl_message_write(m, &s->plan->limits, &bytes, &size));
    CHECK_OK(mmofl_endpoint_send(s->endpoint, s->device, bytes, size,
                                 &(mmofl_sending){0}, NULL));
    free(bytes);
}

static void note_update(stage *s, mmofl_update_message *u)
{
    CHECK(!u->difference == !s->welcome.coding.difference);
    s->round = u->update.round;
    for (size_t i = 0; i < s->n; i++)
        s->difference[i] = u->update.parameters[i] - (u->difference ? 0 : s->model[i]);
    if (u->update.rule)
        memcpy(s->rule, u->update.rule, s->n * sizeof *s->rule);
}

static bool received(void *context, mmofl_peer *peer, const mmofl_arrival *arrival,
                     mmofl_error *answer)
{
    stage *s = context;
    mmofl_message m;
    s->device = peer;
    s->heard_session = arrival->session;
    if (arrival->kind == MMOFL_MESSAGE_HELLO)
        say(s, &(mmofl_message){.kind = MMOFL_MESSAGE_WELCOME,
                                .body.welcome = s->welcome});
    if (arrival->kind != MMOFL_MESSAGE_UPDATE && arrival->kind != MMOFL_MESSAGE_DECLINE)
        return true;
    CHECK_OK(mmofl_message_read(arrival->message, arrival->size, &s->plan->limits, &m,
                                answer));
    s->heard++;
    s->kind = m.kind;
    if (m.kind == MMOFL_MESSAGE_UPDATE)
        note_update(s, &m.body.update);
    mmofl_message_free(&m);
    if (s->answer > 0)
        mmofl_fail(answer, (mmofl_status)s->answer, "the test wants it so");
    return s->answer != LATER;
}

static void start_puppet(stage *s)
{
    mmofl_error err = {0};
    mmofl_endpoint_setup setup = {
        .identity = {"agent", MMOFL_COORDINATOR, ++s->session, NULL},
        .limits = s->plan->limits,
        .events = {.received = received, .context = s},
        .clock = now,
        .clock_context = s};
    CHECK_OK(mmofl_endpoint_new(&setup, &s->endpoint, &err));
    s->bus =
        fake_bus_new(&s->broker, mmofl_endpoint_bus_events(s->endpoint), NULL, true);
    CHECK_OK(mmofl_endpoint_attach(s->endpoint, s->bus, &err));
    s->device = mmofl_endpoint_peer(s->endpoint, "d", true);
    CHECK(s->device);
    if (s->heard_session) /* as from a journal */
        mmofl_peer_restore_session(s->endpoint, s->device, s->heard_session);
}

static void stop_puppet(stage *s)
{
    s->bus->kind->destroy(s->bus);
    mmofl_endpoint_delete(s->endpoint);
}

/* ---- the device ---- */

static mmofl_status connect_device(void *context, const mmofl_bus_events *events,
                                   const mmofl_bus_will *will, mmofl_bus **bus,
                                   mmofl_error *err)
{
    (void)err;
    *bus = fake_bus_new(&((stage *)context)->broker, *events, will, true);
    return MMOFL_OK;
}

static void start_agent(stage *s)
{
    mmofl_error err = {0};
    mmofl_agent_setup setup = {.federation = "agent",
                               .name = "d",
                               .folder = s->folder,
                               .program = "test",
                               .lockstep = true,
                               .connect = connect_device,
                               .connect_context = s,
                               .clock = now,
                               .clock_context = s};
    CHECK_OK(mmofl_agent_new(&setup, &s->agent, &err));
}

static void restart_agent(stage *s)
{
    mmofl_agent_delete(s->agent);
    start_agent(s);
}

/* Sample `arrival`: values and label follow from it. */
static void feed(stage *s)
{
    static float values[2][VALUES];
    mmofl_error err = {0};
    uint64_t arrival = mmofl_agent_arrivals(s->agent);
    mmofl_line line = {.kind = MMOFL_LINE_SAMPLE,
                       .label = (int32_t)(arrival % 6),
                       .mask = 3,
                       .standardized = true,
                       .values = {values[0], values[1]}};
    for (int i = 0; i < VALUES; i++)
        values[0][i] = values[1][i] = (float)((arrival * 7 + (uint64_t)i) % 5) - 2;
    CHECK_OK(mmofl_agent_take(s->agent, &line, &err));
}

static void pass(stage *s, double seconds)
{
    mmofl_error err = {0};
    for (double end = s->broker.now + seconds; s->broker.now < end;) {
        s->broker.now += 0.05;
        CHECK_OK(mmofl_endpoint_step(s->endpoint, 0, &err));
        while (mmofl_agent_wants_samples(s->agent))
            feed(s);
        CHECK_OK(mmofl_agent_step(s->agent, 0, &err));
    }
}

/* ---- the play ---- */

static void begin(stage *s, const char *folder, const char *setting, bool lossy)
{
    mmofl_error err = {0};
    *s = (stage){.folder = folder};
    CHECK_OK(mmofl_experiment_parse(experiment, strlen(experiment), "test", NULL,
                                    &setting, setting ? 1 : 0, &s->experiment, &err));
    CHECK_OK(mmofl_setup_init(&s->run, &s->experiment, 1, &err));
    const mmofl_dataset *data = s->run.data;
    s->config = mmofl_learning_text(&s->experiment);
    CHECK(s->config);
    for (int m = 0; m < data->n_modalities; m++)
        s->signal[m] = (mmofl_signal){data->modality[m], data->mean[m], data->sd[m]};
    s->welcome = (mmofl_welcome){.version = 1,
                                 .seed = 5,
                                 .config = s->config,
                                 .n_signals = data->n_modalities,
                                 .signal = s->signal,
                                 .n_classes = data->n_classes,
                                 .class_name = data->class_name,
                                 .standardize = data->standardize,
                                 .heartbeat_s = 10,
                                 .lease_s = 30};
    if (lossy)
        s->welcome.coding = (mmofl_update_coding){true, {MMOFL_WIRE_I8, 0.2}};
    s->welcome.config_digest = mmofl_welcome_digest(&s->welcome);
    CHECK_OK(mmofl_plan_new(&s->welcome, &s->plan, &err));
    s->n = s->plan->model->n_parameters;
    s->model = calloc(s->n, sizeof *s->model);
    s->difference = calloc(s->n, sizeof *s->difference);
    s->rule = calloc(s->n, sizeof *s->rule);
    CHECK(s->model && s->difference && s->rule);
    for (size_t i = 0; i < s->n; i++)
        s->model[i] = (float)(i % 11) / 10 - 0.5F;
    fake_broker_init(&s->broker, 7);
    start_puppet(s);
    start_agent(s);
    pass(s, 2);
}

static void end(stage *s)
{
    mmofl_agent_delete(s->agent);
    stop_puppet(s);
    fake_broker_free(&s->broker);
    mmofl_plan_delete(s->plan);
    mmofl_setup_free(&s->run);
    mmofl_experiment_free(&s->experiment);
    free(s->config);
    free(s->model);
    free(s->difference);
    free(s->rule);
}

static void send_task(stage *s, uint64_t round, int answer)
{
    s->answer = answer;
    float *rule = s->plan->limits.rule_down ? calloc(s->n, sizeof *rule) : NULL;
    say(s,
        &(mmofl_message){.kind = MMOFL_MESSAGE_TASK,
                         .body.task = {.broadcast = {round, s->n, s->model, NULL, rule},
                                       .config = s->welcome.config_digest,
                                       .model = mmofl_model_digest(s->model, s->n)}});
    free(rule);
}

/* A round whose update gets that answer. */
static void play(stage *s, uint64_t round, int answer)
{
    int heard = s->heard;
    send_task(s, round, answer);
    pass(s, 5);
    CHECK(s->heard > heard);
    CHECK_INT(s->kind, MMOFL_MESSAGE_UPDATE);
}

static void sub_folder(void **state, const char *name, char path[512])
{
    snprintf(path, 512, "%s", scratch_path(*state, name));
    CHECK_INT(mkdir(path, 0700), 0);
}

/* What a device sends in round 2 if round 1 got that answer, 0 being none as it was not
 * asked; killed: its process is replaced before it hears the answer. */
typedef enum first_round { NOT_ASKED, USED, REFUSED, REFUSED_AFTER_KILL } first_round;

static void second_update(void **state, const char *setting, bool lossy,
                          first_round first, float *difference, float *rule)
{
    char folder[512];
    stage s;
    sub_folder(state, (const char *[]){"not asked", "used", "refused", "killed"}[first],
               folder);
    begin(&s, folder, setting, lossy);
    if (first == REFUSED_AFTER_KILL) {
        play(&s, 1, LATER);
        restart_agent(&s);
        s.answer = MMOFL_E_STALE;
        pass(&s, 5);
        CHECK(s.heard > 1);
    } else if (first != NOT_ASKED) {
        play(&s, 1, first == USED ? MMOFL_OK : MMOFL_E_STALE);
    }
    play(&s, 2, MMOFL_OK);
    memcpy(difference, s.difference, s.n * sizeof *difference);
    memcpy(rule, s.rule, s.n * sizeof *rule);
    end(&s);
}

enum { MOST_PARAMETERS = 64 };

static void check_carried(void **state, const char *setting, bool lossy)
{
    static float difference[4][MOST_PARAMETERS], rule[4][MOST_PARAMETERS];
    for (first_round f = NOT_ASKED; f <= REFUSED_AFTER_KILL; f++)
        second_update(state, setting, lossy, f, difference[f], rule[f]);
    bool used_matters =
        memcmp(difference[USED], difference[NOT_ASKED], sizeof difference[USED]) != 0 ||
        memcmp(rule[USED], rule[NOT_ASKED], sizeof rule[USED]) != 0;
    CHECK(used_matters);
    for (first_round f = REFUSED; f <= REFUSED_AFTER_KILL; f++) {
        assert_memory_equal(difference[f], difference[NOT_ASKED], sizeof difference[f]);
        assert_memory_equal(rule[f], rule[NOT_ASKED], sizeof rule[f]);
    }
}

static void the_error_of_an_update_that_was_refused_is_not_carried_on(void **state)
{
    check_carried(state, NULL, true);
}

static void
a_rules_numbers_of_an_update_that_was_refused_are_not_carried_on(void **state)
{
    check_carried(state, "aggregation=scaffold", false);
}

/* ---- asking again ---- */

/* In its journal there are no declines. */
static void a_coordinator_that_was_restarted_hears_a_decline_again(void **state)
{
    stage s;
    begin(&s, ((scratch *)*state)->folder, NULL, false);
    for (size_t i = 0; i < s.n; i++)
        s.model[i] = 1e30F; /* its loss is not finite */
    send_task(&s, 1, MMOFL_OK);
    pass(&s, 5);
    CHECK_INT(s.heard, 1);
    CHECK_INT(s.kind, MMOFL_MESSAGE_DECLINE);
    pass(&s, 100);
    CHECK_INT(s.heard, 1); /* it was acknowledged */
    stop_puppet(&s);
    start_puppet(&s);
    send_task(&s, 1, MMOFL_OK);
    pass(&s, 20);
    CHECK_INT(s.heard, 2);
    CHECK_INT(s.kind, MMOFL_MESSAGE_DECLINE);
    end(&s);
}

/* A device says Hello to each life of the coordinator that it hears of; of lives that
 * end before they answer there may be any number. */
static void hellos_that_nobody_answers_do_not_pile_up(void **state)
{
    stage s;
    begin(&s, ((scratch *)*state)->folder, NULL, false);
    play(&s, 1, MMOFL_OK);
    mmofl_message round = {
        .kind = MMOFL_MESSAGE_ROUND,
        .body.round = {.round = 2, .open = true, .config = s.welcome.config_digest}};
    for (int life = 0; life < 40; life++) {
        mmofl_error err = {0};
        uint8_t *bytes;
        size_t size;
        stop_puppet(&s);
        start_puppet(&s);
        CHECK_OK(mmofl_message_write(&round, &s.plan->limits, &bytes, &size));
        CHECK_OK(mmofl_endpoint_post_round(s.endpoint, bytes, size));
        free(bytes);
        for (int i = 0; i < 2; i++) /* it connects, and says so */
            CHECK_OK(mmofl_endpoint_step(s.endpoint, 0, &err));
        for (int i = 0; i < 40; i++) { /* and hears nothing */
            s.broker.now += 0.05;
            CHECK_OK(mmofl_agent_step(s.agent, 0, &err));
        }
    }
    play(&s, 2, MMOFL_OK);
    end(&s);
}

static void hand_over_task(stage *s, uint64_t round, fake_faults faults)
{
    mmofl_error err = {0};
    s->broker.faults = faults;
    send_task(s, round, MMOFL_OK);
    CHECK_OK(mmofl_endpoint_step(s->endpoint, 0, &err));
    s->broker.faults = (fake_faults){0};
}

/* Both are acknowledged, and none of them comes again. */
static void a_task_that_comes_after_a_newer_one_does_not_replace_it(void **state)
{
    stage s;
    mmofl_error err = {0};
    begin(&s, ((scratch *)*state)->folder, NULL, false);
    play(&s, 1, MMOFL_OK);
    int heard = s.heard;
    hand_over_task(&s, 2, (fake_faults){.delay = 1, .late_s = 3});
    hand_over_task(&s, 3, (fake_faults){0});
    s.broker.now += 4;
    CHECK_OK(mmofl_agent_step(s.agent, 0, &err));
    pass(&s, 5);
    CHECK_INT(s.heard, heard + 1);
    CHECK_INT(s.round, 3);
    end(&s);
}

/* ---- a full disk ---- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes ? bytes : limit.rlim_max;
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int heard_on_a_full_disk(const char *folder, const char *setting)
{
    stage s;
    begin(&s, folder, setting, false);
    limit_files(1);
    send_task(&s, 1, MMOFL_OK);
    pass(&s, 10);
    int heard = s.heard;
    limit_files(0);
    pass(&s, 10);
    CHECK_INT(s.heard, 1);
    end(&s);
    return heard;
}

static void what_must_not_be_lost_is_on_the_disk_before_an_update_is_sent(void **state)
{
    char folder[512];
    signal(SIGXFSZ, SIG_IGN);
    sub_folder(state, "scaffold", folder);
    CHECK_INT(heard_on_a_full_disk(folder, "aggregation=scaffold"), 0);
    sub_folder(state, "fedavg", folder);
    CHECK_INT(heard_on_a_full_disk(folder, NULL), 1);
}

CHECK_MAIN(
    IN_A_FOLDER(the_error_of_an_update_that_was_refused_is_not_carried_on),
    IN_A_FOLDER(a_rules_numbers_of_an_update_that_was_refused_are_not_carried_on),
    IN_A_FOLDER(a_coordinator_that_was_restarted_hears_a_decline_again),
    IN_A_FOLDER(hellos_that_nobody_answers_do_not_pile_up),
    IN_A_FOLDER(a_task_that_comes_after_a_newer_one_does_not_replace_it),
    IN_A_FOLDER(what_must_not_be_lost_is_on_the_disk_before_an_update_is_sent))
