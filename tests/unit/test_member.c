/* test_member.c - a member and the other side on a fake broker: joining, Tasks, answers
 * and refusals. */
#include "endpoint_fixture.h"

#include "link/member.h"

enum { P = 100 };

/* A member "a", and who it speaks to. */
typedef struct world {
    fake_broker broker;
    side other;
    mmofl_member *member;
    int answers; /* what became of its answers */
    mmofl_status last;
} world;

static mmofl_status connect_member(void *context, const mmofl_bus_events *events,
                                   const mmofl_bus_will *will, mmofl_bus **bus,
                                   mmofl_error *err)
{
    (void)err;
    *bus = fake_bus_new(&((world *)context)->broker, *events, will, true);
    return MMOFL_OK;
}

static void answered(void *context, mmofl_status status, const char *text)
{
    world *w = context;
    CHECK(text);
    w->answers++;
    w->last = status;
}

static mmofl_status world_step(world *w, mmofl_error *err)
{
    mmofl_status st = mmofl_member_step(w->member, 0, err);
    if (!st)
        st = mmofl_member_say_hello(w->member, 0, err);
    side_step(&w->other);
    w->broker.now += 0.05;
    return st;
}

static void world_run(world *w, double seconds)
{
    mmofl_error err = {0};
    for (double end = w->broker.now + seconds; w->broker.now < end;)
        CHECK_OK(world_step(w, &err));
}

static void world_new(world *w)
{
    mmofl_error err = {0};
    *w = (world){0};
    fake_broker_init(&w->broker, 1);
    side_new(&w->other, &w->broker, "", 100, P);
    mmofl_member_setup setup = {.federation = "home",
                                .name = "a",
                                .program = "test",
                                .assembly_bytes = 1 << 20,
                                .me = "this device",
                                .it = "the coordinator",
                                .broker = "the broker",
                                .clock = fake_clock,
                                .clock_context = &w->broker,
                                .answered = answered,
                                .context = w};
    CHECK_OK(mmofl_member_new(&setup, &w->member, &err));
    CHECK_OK(mmofl_member_open(w->member, connect_member, w, &err));
    world_run(w, 1);
}

static void world_delete(world *w)
{
    mmofl_member_delete(w->member, "the test is over");
    side_delete(&w->other);
    fake_broker_free(&w->broker);
}

/* It has taken a Welcome, whose config is that of the fixture's Tasks. */
static void world_join(world *w)
{
    mmofl_kept_message welcome;
    mmofl_digest config = wire_digest(1);
    mmofl_wire_limits limits = side_limits(P);
    side_send(&w->other, "a", side_small(MMOFL_MESSAGE_WELCOME));
    world_run(w, 1);
    CHECK(mmofl_member_take_welcome(w->member, &welcome));
    CHECK_INT(welcome.message.kind, MMOFL_MESSAGE_WELCOME);
    mmofl_kept_free(&welcome);
    CHECK(!mmofl_member_take_welcome(w->member, &welcome));
    mmofl_member_ready(w->member, &config, &limits);
}

/* Of round seed + 1. */
static mmofl_object_id send_task(world *w, uint64_t seed)
{
    return side_send(&w->other, "a", side_model(MMOFL_MESSAGE_TASK, P, seed));
}

static void send_answer(world *w, uint64_t round)
{
    wire_bytes m = side_model(MMOFL_MESSAGE_UPDATE, P, round - 1);
    CHECK_OK(mmofl_member_answer(w->member, round, m.bytes, m.size));
    CHECK_OK(mmofl_member_answer(w->member, round, m.bytes, m.size)); /* once */
    free(m.bytes);
    CHECK(mmofl_member_is_sending(w->member));
}

static void it_says_hello_and_puts_the_welcome_down(void **state)
{
    (void)state;
    world w;
    world_new(&w);
    CHECK_INT(side_count(&w.other, MMOFL_MESSAGE_HELLO), 1);
    CHECK(!mmofl_member_is_ready(w.member));
    world_join(&w);
    CHECK(mmofl_member_is_ready(w.member));
    CHECK(mmofl_member_silence(w.member) < 1.5);
    world_delete(&w);
}

static void task_that_comes_before_its_time_comes_again(void **state)
{
    (void)state;
    world w;
    world_new(&w);
    send_task(&w, 3);
    world_run(&w, 1);
    CHECK(!mmofl_member_task(w.member));
    world_join(&w);
    world_run(&w, 10);
    CHECK_INT(mmofl_member_task(w.member)->broadcast.round, 4);
    world_delete(&w);
}

static void newest_task_lies_there_until_it_is_taken(void **state)
{
    (void)state;
    world w;
    mmofl_kept_message task = {0};
    world_new(&w);
    world_join(&w);
    send_task(&w, 3);
    send_task(&w, 4);
    world_run(&w, 1);
    CHECK_INT(mmofl_member_task(w.member)->broadcast.round, 5);
    mmofl_member_take_task(w.member, &task);
    CHECK_INT(task.message.body.task.broadcast.round, 5);
    CHECK(task.session == 100 && task.sequence > 0);
    CHECK(!mmofl_member_task(w.member));
    send_task(&w, 5);
    world_run(&w, 1);
    mmofl_member_take_task(w.member, NULL); /* not wanted */
    CHECK(!mmofl_member_task(w.member));
    mmofl_kept_free(&task);
    world_delete(&w);
}

static void task_of_another_config_is_refused_and_hello_is_said(void **state)
{
    (void)state;
    world w;
    world_new(&w);
    world_join(&w);
    mmofl_digest other = wire_digest(9);
    mmofl_wire_limits limits = side_limits(P);
    mmofl_member_ready(w.member, &other, &limits);
    mmofl_object_id id = send_task(&w, 3);
    world_run(&w, 1);
    CHECK_INT(side_count_answers(&w.other, &id, MMOFL_E_STALE), 1);
    CHECK_INT(side_count(&w.other, MMOFL_MESSAGE_HELLO), 2);
    CHECK(!mmofl_member_task(w.member));
    world_delete(&w);
}

/* A device that learns quickly need not say twice that it has the Task. */
static void answer_acknowledges_its_task_or_time_does(void **state)
{
    (void)state;
    world w;
    world_new(&w);
    world_join(&w);
    mmofl_object_id first = send_task(&w, 3);
    world_run(&w, 0.3);
    CHECK_INT(side_count_answers(&w.other, &first, MMOFL_OK), 0);
    world_run(&w, 0.5);
    CHECK_INT(side_count_answers(&w.other, &first, MMOFL_OK), 1);

    mmofl_object_id second = send_task(&w, 4);
    world_run(&w, 0.2);
    send_answer(&w, 5);
    world_run(&w, 1);
    CHECK_INT(side_count(&w.other, MMOFL_MESSAGE_UPDATE), 1);
    CHECK_INT(side_count_answers(&w.other, &second, MMOFL_OK), 0);
    world_run(&w, 3); /* this side does not know it, and asks */
    CHECK_INT(side_count_answers(&w.other, &second, MMOFL_OK), 1);
    CHECK(w.answers == 1 && w.last == MMOFL_OK);

    mmofl_object_id third = send_task(&w, 5);
    world_run(&w, 0.2);
    send_answer(&w, 5); /* of another round */
    world_run(&w, 1);
    CHECK_INT(side_count_answers(&w.other, &third, MMOFL_OK), 1);
    world_delete(&w);
}

static void answer_is_given_back_when_its_hearer_is_gone(void **state)
{
    (void)state;
    world w;
    world_new(&w);
    world_join(&w);
    w.other.answer = MMOFL_E_STATE; /* "say Hello first" */
    send_answer(&w, 4);
    world_run(&w, 1);
    CHECK(!mmofl_member_is_sending(w.member) && w.answers == 0);
    w.other.answer = MMOFL_OK;
    send_answer(&w, 4);
    world_run(&w, 1);
    CHECK(!mmofl_member_is_sending(w.member) && w.answers == 1);
    w.other.answer = MMOFL_E_STALE;
    send_answer(&w, 5);
    world_run(&w, 1);
    CHECK(w.answers == 2 && w.last == MMOFL_E_STALE);
    send_answer(&w, 6);
    mmofl_member_forget_answer(w.member, true);
    world_run(&w, 1);
    CHECK_INT(w.answers, 2);
    world_delete(&w);
}

static void final_refusal_stays(void **state)
{
    (void)state;
    world w;
    mmofl_error err = {0};
    mmofl_status st = MMOFL_OK;
    world_new(&w);
    side_send(&w.other, "a", side_small(MMOFL_MESSAGE_REFUSAL));
    for (int i = 0; i < 20 && !st; i++)
        st = world_step(&w, &err);
    CHECK_STATUS(st, MMOFL_E_SUPERSEDED);
    CHECK_CONTAINS(err.text, "the coordinator refused: a newer process");
    CHECK_STATUS(world_step(&w, &err), MMOFL_E_SUPERSEDED);
    world_delete(&w);
}

static void heartbeats_keep_their_distance(void **state)
{
    (void)state;
    world w;
    world_new(&w);
    world_join(&w);
    for (int i = 0; i < 100; i++) {
        mmofl_member_say_heartbeat(w.member, 1, (mmofl_heartbeat){.samples = 5});
        world_run(&w, 0.05);
    }
    int beats = side_count(&w.other, MMOFL_MESSAGE_HEARTBEAT);
    CHECK(beats >= 4 && beats <= 6);
    world_delete(&w);
}

CHECK_MAIN(TEST(it_says_hello_and_puts_the_welcome_down),
           TEST(task_that_comes_before_its_time_comes_again),
           TEST(newest_task_lies_there_until_it_is_taken),
           TEST(task_of_another_config_is_refused_and_hello_is_said),
           TEST(answer_acknowledges_its_task_or_time_does),
           TEST(answer_is_given_back_when_its_hearer_is_gone),
           TEST(final_refusal_stays), TEST(heartbeats_keep_their_distance))
