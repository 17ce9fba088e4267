/* test_endpoint_faults.c - thousands of schedules of faults, each from a seed: whatever
 * is lost, repeated, late, cut, damaged or broken off, every object arrives exactly
 * once and its sender hears so.  MMOFL_FAULT_SEEDS sets how many schedules (default
 * 2000). */
#include "endpoint_fixture.h"

enum { P = 2000, DEVICES = 3, UPDATES = 5, TASKS = 3, SENT = 64 };

typedef struct sent {
    mmofl_object_id id;
    uint64_t tag;
    side *from, *to;
} sent;

typedef struct world {
    fake_broker broker;
    mmofl_rng rng;
    side coordinator, device[DEVICES];
    side *all[1 + DEVICES];
    sent sent[SENT];
    int n_sent;
    mmofl_object_id announced;
    uint64_t announced_tag;
    bool persistent;
} world;

static double draw(world *w, double most)
{
    return most * mmofl_rng_uniform(&w->rng);
}

static void world_new(world *w, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    fake_broker_init(&w->broker, seed);
    w->rng = mmofl_rng_open(seed, 3, 0, MMOFL_USE_TEST);
    static const size_t payloads[] = {1024, 1500, 4000, 20000, 65536};
    w->broker.max_payload = payloads[mmofl_rng_below(&w->rng, 5)];
    side_new(&w->coordinator, &w->broker, "", 1000, P);
    w->all[0] = &w->coordinator;
    for (int i = 0; i < DEVICES; i++) {
        char name[24];
        snprintf(name, sizeof name, "device-%d", i);
        side_new(&w->device[i], &w->broker, name, 2000 + (uint64_t)i, P);
        w->all[1 + i] = &w->device[i];
    }
    /* Any fault may be absent, mild or bad. */
    double bad = draw(w, 1) < 0.3 ? 0.4 : 0.1;
    w->broker.faults = (fake_faults){.lose = draw(w, bad),
                                     .repeat = draw(w, bad),
                                     .damage = draw(w, bad / 2),
                                     .cut = draw(w, bad / 2),
                                     .full = draw(w, bad),
                                     .delay = draw(w, bad),
                                     .late_s = draw(w, 10),
                                     .break_off = draw(w, 0.02),
                                     .forget = draw(w, 1),
                                     .away_s = draw(w, 20)};
    w->broker.queue = 20 + mmofl_rng_below(&w->rng, 200);
    for (int i = 0; i <= DEVICES; i++)
        w->all[i]->later = draw(w, 1) < 0.5 ? draw(w, 0.5) : 0;
}

static void send(world *w, side *from, side *to, wire_bytes m)
{
    CHECK(w->n_sent < SENT);
    sent *s = &w->sent[w->n_sent++];
    *s = (sent){.tag = message_tag(m.bytes, m.size), .from = from, .to = to};
    mmofl_sending how = {.pack = mmofl_rng_below(&w->rng, 2) == 1};
    CHECK_OK(mmofl_endpoint_send(from->endpoint, side_peer(from, to->name), m.bytes,
                                 m.size, &how, &s->id));
    free(m.bytes);
}

static bool is_answered(const sent *s)
{
    return side_count_answers(s->from, &s->id, MMOFL_OK) > 0;
}

static bool all_answered(const world *w)
{
    for (int i = 0; i < w->n_sent; i++)
        if (!is_answered(&w->sent[i]))
            return false;
    return true;
}

/* Run until everything is answered, or for `limit` seconds. */
static void run(world *w, double limit)
{
    double end = w->broker.now + limit;
    while (!all_answered(w) && w->broker.now < end) {
        for (int i = 0; i <= DEVICES; i++) {
            side_step(w->all[i]);
            if (draw(w, 1) < 0.2)
                side_answer_open(w->all[i]);
        }
        w->broker.now += 0.2;
    }
}

static void hellos(world *w)
{
    for (int i = 0; i < DEVICES; i++)
        send(w, &w->device[i], &w->coordinator, side_small(MMOFL_MESSAGE_HELLO));
    run(w, 2000); /* however bad the weather: there is no Task before a Hello */
}

static void traffic(world *w, uint64_t seed)
{
    wire_bytes task = side_model(MMOFL_MESSAGE_TASK, P, 10000000 + seed);
    w->announced_tag = message_tag(task.bytes, task.size);
    CHECK_OK(mmofl_endpoint_keep(w->coordinator.endpoint, task.bytes, task.size, false,
                                 &w->announced));
    free(task.bytes);
    CHECK_OK(mmofl_endpoint_announce(w->coordinator.endpoint, &w->announced, 0));
    for (int k = 0; k < UPDATES; k++)
        for (int i = 0; i < DEVICES; i++) {
            uint64_t which = (uint64_t)(k * DEVICES + i) + 100 * seed;
            size_t n = P; /* one model, so one size */
            send(w, &w->device[i], &w->coordinator,
                 side_model(MMOFL_MESSAGE_UPDATE, n, which));
            if (k < TASKS)
                send(w, &w->coordinator, &w->device[i],
                     side_model(MMOFL_MESSAGE_TASK, n, 5000 + which));
            for (int j = 0; j <= DEVICES; j++)
                side_step(w->all[j]);
            w->broker.now += draw(w, 2);
        }
    run(w, 60);
}

/* Those who did not answer the announcement are sent it, as a coordinator would. */
static void follow_up(world *w)
{
    for (int i = 0; i < DEVICES; i++) {
        mmofl_peer *peer = side_peer(&w->coordinator, w->device[i].name);
        mmofl_status st = MMOFL_OK;
        if (side_count_tag(&w->device[i], w->announced_tag) == 0)
            st = mmofl_endpoint_send_kept(w->coordinator.endpoint, peer, &w->announced,
                                          0);
        CHECK_OK(st);
    }
}

static void check(world *w, uint64_t seed)
{
    for (int i = 0; i < w->n_sent; i++) {
        const sent *s = &w->sent[i];
        int answers = 0;
        for (int j = 0; j < s->from->n_answered; j++)
            answers += mmofl_object_id_equal(&s->from->answered[j].object, &s->id);
        if (!is_answered(s) || answers != 1)
            fail_msg("schedule %llu: object %d was answered %d times, OK: %d",
                     (unsigned long long)seed, i, answers, is_answered(s));
        bool hello = s->to == &w->coordinator && i < DEVICES;
        int arrived = 0;
        for (int j = 0; j < s->to->n_received; j++)
            arrived += mmofl_object_id_equal(&s->to->received[j].object, &s->id) &&
                       s->to->received[j].tag == s->tag;
        if (arrived != 1)
            fail_msg("schedule %llu: object %d%s arrived %d times",
                     (unsigned long long)seed, i, hello ? " (Hello)" : "", arrived);
    }
    for (int i = 0; i < DEVICES; i++)
        if (side_count_tag(&w->device[i], w->announced_tag) != 1)
            fail_msg("schedule %llu: device %d got the announcement %d times",
                     (unsigned long long)seed, i,
                     side_count_tag(&w->device[i], w->announced_tag));
}

static void schedule(uint64_t seed)
{
    static world w;
    world_new(&w, seed);
    hellos(&w);
    traffic(&w, seed);
    w.broker.faults = (fake_faults){0}; /* the weather clears */
    follow_up(&w);
    run(&w, 400);
    for (int i = 0; i < 40; i++) { /* what is late comes, too; nothing comes twice */
        for (int j = 0; j <= DEVICES; j++) {
            side_step(w.all[j]);
            side_answer_open(w.all[j]);
        }
        w.broker.now += 4;
    }
    check(&w, seed);
    for (int i = 0; i <= DEVICES; i++) {
        mmofl_endpoint_counts counts = mmofl_endpoint_count(w.all[i]->endpoint);
        CHECK_INT(counts.sending, 0);
        CHECK_INT(counts.objects_in, w.all[i]->n_received + w.all[i]->again);
    }
    for (int i = DEVICES; i >= 0; i--)
        side_delete(w.all[i]);
    fake_broker_free(&w.broker);
}

static void every_object_arrives_exactly_once_whatever_happens(void **state)
{
    (void)state;
    const char *asked = getenv("MMOFL_FAULT_SEEDS");
    uint64_t seeds = asked ? strtoull(asked, NULL, 10) : 2000;
    const char *first = getenv("MMOFL_FAULT_FIRST");
    uint64_t from = first ? strtoull(first, NULL, 10) : 0;
    for (uint64_t seed = from; seed < from + seeds; seed++)
        schedule(seed);
}

CHECK_MAIN(TEST(every_object_arrives_exactly_once_whatever_happens))
