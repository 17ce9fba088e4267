/* test_endpoint.c - objects between a coordinator and its devices: each property by
 * itself, on a broker without faults but those that the test makes. */
#include "endpoint_fixture.h"

enum { P = 1000 };

/* A coordinator and two devices, which have said Hello. */
typedef struct home {
    fake_broker broker;
    side coordinator, a, b;
    side *all[3];
} home;

static void home_open(home *h)
{
    fake_broker_init(&h->broker, 1);
    side_new(&h->coordinator, &h->broker, "", 100, P);
    side_new(&h->a, &h->broker, "a", 201, P);
    side_new(&h->b, &h->broker, "b", 202, P);
    h->all[0] = &h->coordinator;
    h->all[1] = &h->a;
    h->all[2] = &h->b;
}

static void home_run(home *h, double seconds)
{
    sides_run(h->all, 3, seconds);
}

static void home_new(home *h)
{
    home_open(h);
    side_send(&h->a, "", side_small(MMOFL_MESSAGE_HELLO));
    side_send(&h->b, "", side_small(MMOFL_MESSAGE_HELLO));
    home_run(h, 1);
    CHECK_INT(side_count(&h->coordinator, MMOFL_MESSAGE_HELLO), 2);
    CHECK_INT(h->coordinator.joined, 2);
    CHECK_INT(h->a.n_answered, 1);
    CHECK_INT(h->a.answered[0].status, MMOFL_OK);
    h->coordinator.n_received = h->a.n_answered = h->b.n_answered = 0;
}

static void home_delete(home *h)
{
    for (int i = 0; i < 3; i++)
        side_delete(h->all[i]);
    fake_broker_free(&h->broker);
}

static void update_reaches_the_coordinator_and_is_acknowledged(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    wire_bytes m = side_model(MMOFL_MESSAGE_UPDATE, P, 5);
    uint64_t tag = message_tag(m.bytes, m.size);
    mmofl_object_id id = side_send(&h.a, "", m);
    CHECK_INT(mmofl_peer_unanswered(side_peer(&h.a, "")), 1);
    home_run(&h, 1);
    CHECK_INT(h.coordinator.n_received, 1);
    CHECK_INT(h.coordinator.received[0].tag, tag);
    CHECK_TEXT(mmofl_peer_name(h.coordinator.received[0].peer), "a");
    CHECK_INT(h.coordinator.received[0].session, 201);
    CHECK_INT(side_count_answers(&h.a, &id, MMOFL_OK), 1);
    CHECK_INT(h.a.answered[0].kind, MMOFL_MESSAGE_UPDATE);
    CHECK_INT(mmofl_peer_unanswered(side_peer(&h.a, "")), 0);
    CHECK_INT(h.b.n_received, 0);
    home_delete(&h);
}

static void refusal_by_the_owner_reaches_the_sender(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    h.coordinator.answer = MMOFL_E_STALE;
    mmofl_object_id id = side_send(&h.a, "", side_model(MMOFL_MESSAGE_UPDATE, P, 5));
    home_run(&h, 1);
    CHECK_INT(side_count_answers(&h.a, &id, MMOFL_E_STALE), 1);
    CHECK_INT(h.a.n_answered, 1);
    home_delete(&h);
}

static void answer_may_come_later_and_nothing_is_delivered_twice(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    h.coordinator.later = 1;
    h.coordinator.n_open = 0;
    mmofl_object_id id;
    do { /* until the fixture's owner chooses "later", not "again" */
        id = side_send(&h.a, "", side_model(MMOFL_MESSAGE_UPDATE, P, 5));
        home_run(&h, 1);
    } while (h.coordinator.n_open == 0);
    h.coordinator.later = 0;
    h.coordinator.n_received = 0;
    home_run(&h, 100); /* the device knocks all the time */
    CHECK_INT(side_count_answers(&h.a, &id, MMOFL_OK), 0);
    int before = h.coordinator.n_received; /* those that were to come again */
    side_answer_open(&h.coordinator);
    home_run(&h, 100);
    CHECK_INT(side_count_answers(&h.a, &id, MMOFL_OK), 1);
    CHECK_INT(h.coordinator.n_received, before);
    home_delete(&h);
}

static void what_waits_for_an_answer_is_bounded(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    h.coordinator.later = 1;
    h.coordinator.again_never = true;
    for (int i = 0; i < MMOFL_ENDPOINT_UNANSWERED; i++)
        side_send(&h.a, "", side_small(MMOFL_MESSAGE_DECLINE));
    home_run(&h, 30);
    CHECK_INT(h.coordinator.n_received, MMOFL_ENDPOINT_PENDING);
    CHECK_INT(h.a.n_answered, 0);
    for (int i = 0; i < 10; i++) {
        side_answer_open(&h.coordinator);
        home_run(&h, 30);
    }
    CHECK_INT(h.coordinator.n_received, MMOFL_ENDPOINT_UNANSWERED);
    CHECK_INT(h.a.n_answered, MMOFL_ENDPOINT_UNANSWERED);
    home_delete(&h);
}

static void tasks_go_to_one_device_or_to_all(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    mmofl_object_id one =
        side_send(&h.coordinator, "b", side_model(MMOFL_MESSAGE_TASK, P, 1));
    home_run(&h, 1);
    CHECK_INT(h.a.n_received, 0);
    CHECK_INT(h.b.n_received, 1);
    CHECK_INT(side_count_answers(&h.coordinator, &one, MMOFL_OK), 1);

    wire_bytes m = side_model(MMOFL_MESSAGE_TASK, P, 2);
    mmofl_object_id all;
    CHECK_OK(mmofl_endpoint_keep(h.coordinator.endpoint, m.bytes, m.size, true, &all));
    CHECK_OK(mmofl_endpoint_announce(h.coordinator.endpoint, &all, 0));
    home_run(&h, 1);
    CHECK_INT(side_count_tag(&h.a, message_tag(m.bytes, m.size)), 1);
    CHECK_INT(side_count_tag(&h.b, message_tag(m.bytes, m.size)), 1);
    CHECK_INT(side_count_answers(&h.coordinator, &all, MMOFL_OK), 2);
    mmofl_endpoint_release(h.coordinator.endpoint, &all);
    CHECK_STATUS(mmofl_endpoint_announce(h.coordinator.endpoint, &all, 0),
                 MMOFL_E_UNKNOWN);
    free(m.bytes);
    home_delete(&h);
}

/* A device that missed chunks of an announcement asks for these, and only these. */
static void missed_chunks_of_an_announcement_are_sent_again(void **state)
{
    (void)state;
    home h;
    home_open(&h);
    h.broker.max_payload = 1100;
    side_send(&h.a, "", side_small(MMOFL_MESSAGE_HELLO));
    side_send(&h.b, "", side_small(MMOFL_MESSAGE_HELLO));
    home_run(&h, 1);
    wire_bytes m = side_model(MMOFL_MESSAGE_TASK, P, 2);
    mmofl_object_id all;
    CHECK_OK(mmofl_endpoint_keep(h.coordinator.endpoint, m.bytes, m.size, false, &all));
    h.broker.faults.lose = 0.3;
    CHECK_OK(mmofl_endpoint_announce(h.coordinator.endpoint, &all, 0));
    side_step(&h.coordinator);
    h.broker.faults.lose = 0;
    home_run(&h, 1);
    mmofl_endpoint_counts before = mmofl_endpoint_count(h.coordinator.endpoint);
    /* Some may have missed the chunk that asks: these are sent it. */
    for (int i = 0; i < 2; i++)
        if (side_count_answers(&h.coordinator, &all, MMOFL_OK) < 2)
            CHECK_OK(mmofl_endpoint_send_kept(h.coordinator.endpoint,
                                              side_peer(&h.coordinator, i ? "b" : "a"),
                                              &all, 0));
    home_run(&h, 1);
    CHECK_INT(side_count_tag(&h.a, message_tag(m.bytes, m.size)), 1);
    CHECK_INT(side_count_tag(&h.b, message_tag(m.bytes, m.size)), 1);
    mmofl_endpoint_counts after = mmofl_endpoint_count(h.coordinator.endpoint);
    CHECK(after.frames_out - before.frames_out < 6);
    mmofl_endpoint_release(h.coordinator.endpoint, &all);
    free(m.bytes);
    home_delete(&h);
}

static void kept_object_is_sealed_once_for_all(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    wire_bytes m = side_model(MMOFL_MESSAGE_TASK, P, 2);
    mmofl_object_id all;
    uint64_t before = mmofl_endpoint_count(h.coordinator.endpoint).objects_out;
    CHECK_OK(mmofl_endpoint_keep(h.coordinator.endpoint, m.bytes, m.size, false, &all));
    free(m.bytes);
    for (int i = 0; i < 2; i++)
        CHECK_OK(mmofl_endpoint_send_kept(
            h.coordinator.endpoint, side_peer(&h.coordinator, i ? "a" : "b"), &all, 0));
    CHECK_STATUS(mmofl_endpoint_send_kept(h.coordinator.endpoint,
                                          side_peer(&h.coordinator, "a"), &all, 0),
                 MMOFL_E_DUPLICATE);
    CHECK_INT(mmofl_endpoint_count(h.coordinator.endpoint).objects_out, before + 1);
    home_run(&h, 1);
    CHECK_INT(side_count_answers(&h.coordinator, &all, MMOFL_OK), 2);
    home_delete(&h);
}

static void released_object_is_sent_no_more(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    h.broker.faults.lose = 1;
    wire_bytes m = side_model(MMOFL_MESSAGE_TASK, P, 2);
    mmofl_object_id all;
    CHECK_OK(mmofl_endpoint_keep(h.coordinator.endpoint, m.bytes, m.size, false, &all));
    free(m.bytes);
    CHECK_OK(mmofl_endpoint_announce(h.coordinator.endpoint, &all, 0));
    CHECK_OK(mmofl_endpoint_send_kept(h.coordinator.endpoint,
                                      side_peer(&h.coordinator, "a"), &all, 0));
    home_run(&h, 1);
    mmofl_endpoint_release(h.coordinator.endpoint, &all);
    h.broker.faults.lose = 0;
    home_run(&h, 100);
    CHECK_INT(h.a.n_received + h.b.n_received, 0);
    CHECK_INT(mmofl_endpoint_count(h.coordinator.endpoint).sending, 0);
    CHECK_INT(h.coordinator.n_answered, 0);
    home_delete(&h);
}

/* 200 kB over a broker that carries 1,100 bytes a payload, with a window of 8 kB. */
static void large_object_passes_a_small_broker_in_windows(void **state)
{
    (void)state;
    enum { LARGE = 50000 };
    fake_broker broker;
    side coordinator, a;
    side *all[2] = {&coordinator, &a};
    fake_broker_init(&broker, 3);
    broker.max_payload = 1100;
    side_new(&coordinator, &broker, "", 1, LARGE);
    mmofl_endpoint_setup setup = side_setup(&a, &broker, "a", 2, LARGE);
    setup.window_bytes = 8192;
    side_open(&a, &setup);
    side_send(&a, "", side_small(MMOFL_MESSAGE_HELLO));
    sides_run(all, 2, 1);
    wire_bytes m = side_model(MMOFL_MESSAGE_UPDATE, LARGE, 5);
    uint64_t tag = message_tag(m.bytes, m.size), frames = broker.published;
    mmofl_object_id id = side_send(&a, "", m);
    side_step(&a); /* a window, no more */
    CHECK(broker.published - frames <= 8);
    sides_run(all, 2, 10);
    CHECK_INT(side_count_tag(&coordinator, tag), 1);
    CHECK_INT(side_count_answers(&a, &id, MMOFL_OK), 1);
    /* Nothing went twice: 200,000 bytes by 1,000 and one Want for 8 of them. */
    CHECK(broker.published - frames < 240);
    CHECK_INT(mmofl_endpoint_count(a.endpoint).repeats_out, 0);
    side_delete(&a);
    side_delete(&coordinator);
    fake_broker_free(&broker);
}

static void transfer_goes_on_after_a_broken_connection(void **state)
{
    (void)state;
    enum { LARGE = 50000 };
    fake_broker broker;
    side coordinator, a;
    side *all[2] = {&coordinator, &a};
    fake_broker_init(&broker, 3);
    broker.max_payload = 2100;
    side_new(&coordinator, &broker, "", 1, LARGE);
    mmofl_endpoint_setup setup = side_setup(&a, &broker, "a", 2, LARGE);
    setup.window_bytes = 16384;
    side_open(&a, &setup);
    side_send(&a, "", side_small(MMOFL_MESSAGE_HELLO));
    sides_run(all, 2, 1);
    side_send(&a, "", side_model(MMOFL_MESSAGE_UPDATE, LARGE, 5));
    sides_run(all, 2, 0.4);
    mmofl_endpoint_counts counts = mmofl_endpoint_count(coordinator.endpoint);
    CHECK_INT(counts.assembling, 1);
    uint64_t before = broker.published;
    fake_bus_break((fake_bus *)(void *)a.bus, false, 5);
    sides_run(all, 2, 20);
    CHECK_INT(a.lost, 1);
    CHECK_INT(a.connected, 2);
    CHECK_INT(side_count(&coordinator, MMOFL_MESSAGE_UPDATE), 1);
    CHECK(broker.published - before < 95); /* of 100 chunks, some were there */
    CHECK_INT(side_count(&coordinator, MMOFL_MESSAGE_BYE), 1); /* its will */
    side_delete(&a);
    side_delete(&coordinator);
    fake_broker_free(&broker);
}

static void repetitions_become_rarer_and_stop_at_the_time_given(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    h.broker.faults.lose = 1;
    wire_bytes m = side_model(MMOFL_MESSAGE_UPDATE, P, 5);
    mmofl_sending how = {.give_up_s = 1000};
    mmofl_object_id id;
    CHECK_OK(mmofl_endpoint_send(h.a.endpoint, side_peer(&h.a, ""), m.bytes, m.size,
                                 &how, &id));
    free(m.bytes);
    home_run(&h, 120);
    uint64_t early = mmofl_endpoint_count(h.a.endpoint).repeats_out;
    CHECK(early >= 4 && early <= 8); /* at about 2, 6, 14, 30, 62, 122 s */
    home_run(&h, 870);
    uint64_t late = mmofl_endpoint_count(h.a.endpoint).repeats_out;
    CHECK(late - early >= 11 && late - early <= 20); /* each 45 to 75 s */
    CHECK_INT(h.a.n_answered, 0);
    home_run(&h, 15);
    CHECK_INT(side_count_answers(&h.a, &id, MMOFL_E_INTERRUPTED), 1);
    CHECK_INT(mmofl_endpoint_count(h.a.endpoint).sending, 0);
    home_delete(&h);
}

static void what_is_sent_while_the_bus_is_away_goes_when_it_is_back(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    fake_bus_break((fake_bus *)(void *)h.a.bus, true, 30);
    home_run(&h, 1);
    mmofl_object_id id = side_send(&h.a, "", side_model(MMOFL_MESSAGE_UPDATE, P, 5));
    wire_bytes beat = side_small(MMOFL_MESSAGE_HEARTBEAT);
    mmofl_sending how = {0};
    CHECK_STATUS(mmofl_endpoint_send(h.a.endpoint, side_peer(&h.a, ""), beat.bytes,
                                     beat.size, &how, NULL),
                 MMOFL_E_NETWORK);
    free(beat.bytes);
    CHECK_INT(side_count(&h.coordinator, MMOFL_MESSAGE_UPDATE), 0);
    home_run(&h, 40);
    CHECK_INT(side_count_answers(&h.a, &id, MMOFL_OK), 1);
    home_delete(&h);
}

static void broken_connection_is_no_reason_to_wait_long(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    h.broker.faults.lose = 1;
    mmofl_object_id id = side_send(&h.a, "", side_model(MMOFL_MESSAGE_UPDATE, P, 5));
    home_run(&h, 200); /* by now it asks once a minute */
    h.broker.faults.lose = 0;
    fake_bus_break((fake_bus *)(void *)h.a.bus, true, 1);
    home_run(&h, 4);
    CHECK_INT(side_count_answers(&h.a, &id, MMOFL_OK), 1);
    home_delete(&h);
}

static void broker_that_carries_less_gets_smaller_chunks(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    wire_bytes m = side_model(MMOFL_MESSAGE_TASK, P, 5);
    mmofl_object_id all;
    CHECK_OK(mmofl_endpoint_keep(h.coordinator.endpoint, m.bytes, m.size, false, &all));
    h.broker.max_payload = 2000;
    h.broker.faults.lose = 0.3;
    h.broker.faults.full = 0.2;
    CHECK_OK(mmofl_endpoint_send_kept(h.coordinator.endpoint,
                                      side_peer(&h.coordinator, "a"), &all, 0));
    CHECK_OK(mmofl_endpoint_send_kept(h.coordinator.endpoint,
                                      side_peer(&h.coordinator, "b"), &all, 0));
    side_step(&h.coordinator); /* some chunks go, some are lost, some wait */
    CHECK(mmofl_endpoint_due_s(h.coordinator.endpoint) < 0.1);
    CHECK(h.broker.faulted > 0);
    h.broker.max_payload = 1100;
    h.broker.faults = (fake_faults){0};
    home_run(&h, 10); /* and the bus is strict about what it is handed */
    CHECK_INT(side_count_tag(&h.a, message_tag(m.bytes, m.size)), 1);
    CHECK_INT(side_count_tag(&h.b, message_tag(m.bytes, m.size)), 1);
    free(m.bytes);
    home_delete(&h);
}

/* A device that asks for the same chunks again and again. */
static void greedy_peer_gets_an_object_so_many_times_and_no_more(void **state)
{
    (void)state;
    home h;
    home_open(&h);
    h.broker.max_payload = 1100;
    side_send(&h.a, "", side_small(MMOFL_MESSAGE_HELLO));
    home_run(&h, 1);
    h.a.bus->kind->unsubscribe(h.a.bus, "mmofl/home/device/a/down"); /* it is deaf */
    mmofl_object_id id =
        side_send(&h.coordinator, "a", side_model(MMOFL_MESSAGE_TASK, P, 5));
    mmofl_message want = {.kind = MMOFL_MESSAGE_WANT,
                          .body.want = {.object = id, .n = 1, .last = {3}}};
    home_run(&h, 0.1);
    uint64_t before = mmofl_endpoint_count(h.coordinator.endpoint).frames_out;
    want.body.want.chunk_bytes = mmofl_frame_chunk_bytes(
        fake_max_payload(h.coordinator.bus, "mmofl/home/device/+/up"));
    for (int i = 0; i < 500; i++) {
        wire_bytes w = wire_write(&want);
        mmofl_sending how = {0};
        CHECK_OK(mmofl_endpoint_send(h.a.endpoint, side_peer(&h.a, ""), w.bytes, w.size,
                                     &how, NULL));
        free(w.bytes);
        side_step(&h.a);
        side_step(&h.coordinator);
    }
    uint64_t frames = mmofl_endpoint_count(h.coordinator.endpoint).frames_out - before;
    CHECK(frames > 50 && frames <= 8 * 5 + 64); /* of the 2,000 it asked for */
    want.body.want.last[0] = 1000;              /* there is no such chunk */
    wire_bytes w = wire_write(&want);
    mmofl_sending how = {0};
    CHECK_OK(mmofl_endpoint_send(h.a.endpoint, side_peer(&h.a, ""), w.bytes, w.size,
                                 &how, NULL));
    free(w.bytes);
    home_run(&h, 1);
    CHECK_INT(mmofl_endpoint_count(h.coordinator.endpoint).refused[MMOFL_E_RANGE], 1);
    home_delete(&h);
}

/* An older Round that comes after a newer one. */
static void older_round_does_not_undo_a_newer_one(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    for (int i = 0; i < 3; i++) {
        wire_bytes round = side_small(MMOFL_MESSAGE_ROUND);
        CHECK_OK(
            mmofl_endpoint_post_round(h.coordinator.endpoint, round.bytes, round.size));
        free(round.bytes);
        h.broker.faults.delay = i == 0; /* the first one is late */
        h.broker.faults.late_s = 10;
        home_run(&h, 0.1);
    }
    home_run(&h, 12);
    CHECK_INT(side_count(&h.a, MMOFL_MESSAGE_ROUND), 2);
    CHECK_INT(mmofl_endpoint_count(h.a.endpoint).repeats_in, 1);
    home_delete(&h);
}

/* ---- sessions -------------------------------------------------------------------- */

static void newest_hello_wins_and_the_older_life_is_told(void **state)
{
    (void)state;
    home h;
    side again;
    home_new(&h);
    side_new(&again, &h.broker, "a", 301, P);
    side *all[4] = {&h.coordinator, &h.a, &h.b, &again};
    side_send(&h.coordinator, "a",
              side_small(MMOFL_MESSAGE_WELCOME)); /* to the old life */
    side_send(&again, "", side_small(MMOFL_MESSAGE_HELLO));
    side_step(&again);
    side_step(&again);
    h.broker.faults.lose = 1; /* the Welcome does not arrive */
    side_step(&h.coordinator);
    h.broker.faults.lose = 0;
    sides_run(all, 4, 3);
    CHECK_INT(mmofl_peer_session(side_peer(&h.coordinator, "a")), 301);
    CHECK_INT(h.coordinator.answered[0].status, MMOFL_E_SUPERSEDED);
    CHECK_INT(again.n_received, 0);

    side_send(&h.a, "", side_model(MMOFL_MESSAGE_UPDATE, P, 5));
    sides_run(all, 4, 10);
    CHECK_INT(side_count(&h.coordinator, MMOFL_MESSAGE_UPDATE), 0);
    CHECK(side_count(&h.a, MMOFL_MESSAGE_REFUSAL) >= 1);
    CHECK_INT(h.a.received[0].status, MMOFL_E_SUPERSEDED);
    CHECK(h.a.received[0].final);
    CHECK_INT(again.n_received, 0);

    /* Nor does another Hello of the old life bring it back. */
    side_send(&h.a, "", side_small(MMOFL_MESSAGE_HELLO));
    sides_run(all, 4, 10);
    CHECK_INT(mmofl_peer_session(side_peer(&h.coordinator, "a")), 301);
    side_delete(&again);
    home_delete(&h);
}

static void session_that_said_no_hello_is_asked_for_one(void **state)
{
    (void)state;
    home h;
    home_open(&h);
    mmofl_object_id id = side_send(&h.a, "", side_model(MMOFL_MESSAGE_UPDATE, P, 5));
    home_run(&h, 1);
    CHECK_INT(h.coordinator.n_received, 0);
    CHECK_INT(h.a.received[0].status, MMOFL_E_STATE);
    CHECK(!h.a.received[0].final);
    side_send(&h.a, "", side_small(MMOFL_MESSAGE_HELLO));
    home_run(&h, 5); /* and the update comes again by itself */
    CHECK_INT(side_count(&h.coordinator, MMOFL_MESSAGE_UPDATE), 1);
    CHECK_INT(side_count_answers(&h.a, &id, MMOFL_OK), 1);
    home_delete(&h);
}

static void restored_session_need_not_say_hello(void **state)
{
    (void)state;
    home h;
    home_open(&h);
    mmofl_peer_restore_session(h.coordinator.endpoint, side_peer(&h.coordinator, "a"),
                               201);
    side_send(&h.a, "", side_model(MMOFL_MESSAGE_UPDATE, P, 5));
    home_run(&h, 1);
    CHECK_INT(side_count(&h.coordinator, MMOFL_MESSAGE_UPDATE), 1);
    home_delete(&h);
}

static void devices_notice_another_coordinator_process(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    wire_bytes round = side_small(MMOFL_MESSAGE_ROUND);
    CHECK_OK(
        mmofl_endpoint_post_round(h.coordinator.endpoint, round.bytes, round.size));
    home_run(&h, 1);
    CHECK_INT(side_count(&h.a, MMOFL_MESSAGE_ROUND), 1);
    CHECK_INT(h.a.joined, 0);

    side_delete(&h.coordinator);
    side_new(&h.coordinator, &h.broker, "", 101, P);
    CHECK_OK(
        mmofl_endpoint_post_round(h.coordinator.endpoint, round.bytes, round.size));
    free(round.bytes);
    home_run(&h, 1);
    CHECK_INT(side_count(&h.a, MMOFL_MESSAGE_ROUND), 2);
    CHECK_INT(h.a.joined, 1);
    home_delete(&h);
}

static void late_comer_gets_the_retained_round(void **state)
{
    (void)state;
    home h;
    side late;
    home_new(&h);
    wire_bytes round = side_small(MMOFL_MESSAGE_ROUND);
    CHECK_OK(
        mmofl_endpoint_post_round(h.coordinator.endpoint, round.bytes, round.size));
    free(round.bytes);
    home_run(&h, 1);
    side_new(&late, &h.broker, "late", 9, P);
    side_step(&late);
    CHECK_INT(side_count(&late, MMOFL_MESSAGE_ROUND), 1);
    side_delete(&late);
    home_delete(&h);
}

/* ---- who may say what ------------------------------------------------------------ */

static uint8_t public_key[MMOFL_KEY_BYTES];

static mmofl_status admit_a(const char *name, mmofl_admission *admission)
{
    if (strcmp(name, "revoked") == 0)
        return MMOFL_E_DENIED;
    if (strcmp(name, "a") != 0)
        return MMOFL_E_UNKNOWN;
    admission->has_key = true;
    memcpy(admission->public_key, public_key, sizeof public_key);
    return MMOFL_OK;
}

static void run_with_key(const char *name, const uint8_t *seed, side *device,
                         side *coordinator)
{
    static fake_broker broker; /* both are gone with it */
    fake_broker_init(&broker, 1);
    mmofl_key_public(wire_seed(), public_key);
    mmofl_endpoint_setup setup = side_setup(coordinator, &broker, "", 1, P);
    side_open(coordinator, &setup);
    coordinator->admit = admit_a;
    setup = side_setup(device, &broker, name, 2, P);
    setup.identity.seed = seed;
    side_open(device, &setup);
    side_send(device, "", side_small(MMOFL_MESSAGE_HELLO));
    side *all[2] = {coordinator, device};
    sides_run(all, 2, 5);
    mmofl_endpoint_counts counts = mmofl_endpoint_count(coordinator->endpoint);
    coordinator->again = (int)counts.refused[MMOFL_E_DENIED];
    coordinator->other = (int)counts.refused[MMOFL_E_MISSING];
    coordinator->lost = (int)counts.peers;
    side_delete(device);
    side_delete(coordinator);
    fake_broker_free(&broker);
}

static void only_the_key_of_the_device_speaks_for_it(void **state)
{
    (void)state;
    side device, coordinator;
    run_with_key("a", wire_seed(), &device, &coordinator);
    CHECK_INT(side_count(&coordinator, MMOFL_MESSAGE_HELLO), 1);
    CHECK_INT(device.answered[0].status, MMOFL_OK);

    uint8_t other[MMOFL_KEY_BYTES] = {1};
    run_with_key("a", other, &device, &coordinator);
    CHECK_INT(coordinator.n_received, 0);
    CHECK(coordinator.again > 0);

    run_with_key("a", NULL, &device, &coordinator);
    CHECK_INT(coordinator.n_received, 0);
    CHECK(coordinator.other > 0);
}

static void strangers_are_refused_and_leave_nothing(void **state)
{
    (void)state;
    side device, coordinator;
    run_with_key("stranger", wire_seed(), &device, &coordinator);
    CHECK_INT(coordinator.n_received, 0);
    CHECK_INT(coordinator.lost, 0); /* peers */
    CHECK(side_count(&device, MMOFL_MESSAGE_REFUSAL) >= 1);
    CHECK_INT(device.received[0].status, MMOFL_E_UNKNOWN);
    CHECK(!device.received[0].final);

    run_with_key("revoked", wire_seed(), &device, &coordinator);
    CHECK_INT(device.received[0].status, MMOFL_E_DENIED);
    CHECK(device.received[0].final);
}

/* Bytes on a device's topic that say they are of another device. */
static void nobody_speaks_on_anothers_topic(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    mmofl_identity b = {"home", "b", 202, NULL};
    mmofl_seal_address to = {MMOFL_COORDINATOR, 0, 1000, false};
    wire_bytes m = side_model(MMOFL_MESSAGE_UPDATE, P, 5);
    uint8_t *object, payload[65536];
    size_t size;
    CHECK_OK(mmofl_seal(&b, &to, m.bytes, m.size, &object, &size));
    mmofl_object_id id = mmofl_object_id_of(object, size);
    mmofl_frame frame = mmofl_frame_cut(&id, object, size, (uint32_t)size, 0, true);
    size = mmofl_frame_write(&frame, payload);
    fake_route(&h.broker, "mmofl/home/device/a/up", payload, size, 1);
    home_run(&h, 1);
    CHECK_INT(h.coordinator.n_received, 0);
    CHECK_INT(mmofl_endpoint_count(h.coordinator.endpoint).refused[MMOFL_E_DENIED], 1);
    fake_route(&h.broker, "mmofl/home/device/b/up", payload, size, 1);
    home_run(&h, 1);
    CHECK_INT(h.coordinator.n_received, 1);
    free(object);
    free(m.bytes);
    home_delete(&h);
}

static void kinds_of_the_other_side_are_refused(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    mmofl_sending how = {.give_up_s = 1};
    wire_bytes m = side_small(MMOFL_MESSAGE_WELCOME);
    CHECK_OK(mmofl_endpoint_send(h.a.endpoint, side_peer(&h.a, ""), m.bytes, m.size,
                                 &how, NULL));
    free(m.bytes);
    home_run(&h, 3);
    CHECK_INT(h.coordinator.n_received, 0);
    CHECK(mmofl_endpoint_count(h.coordinator.endpoint).refused[MMOFL_E_TYPE] > 0);
    home_delete(&h);
}

static void forgotten_peer_is_asked_for_again(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    h.broker.faults.lose = 1;
    side_send(&h.coordinator, "a", side_model(MMOFL_MESSAGE_TASK, P, 1));
    home_run(&h, 1);
    h.broker.faults.lose = 0;
    mmofl_endpoint_forget(h.coordinator.endpoint, side_peer(&h.coordinator, "a"));
    CHECK(!mmofl_endpoint_peer(h.coordinator.endpoint, "a", false));
    CHECK_INT(mmofl_endpoint_count(h.coordinator.endpoint).sending, 0);
    side_send(&h.a, "", side_model(MMOFL_MESSAGE_UPDATE, P, 5));
    home_run(&h, 1);
    CHECK_INT(h.a.received[0].status, MMOFL_E_STATE);
    home_delete(&h);
}

static void names_and_sessions_are_checked(void **state)
{
    (void)state;
    fake_broker broker;
    side s;
    mmofl_endpoint *endpoint;
    mmofl_error err = {0};
    fake_broker_init(&broker, 1);
    mmofl_endpoint_setup setup = side_setup(&s, &broker, "a/b", 1, P);
    CHECK_STATUS(mmofl_endpoint_new(&setup, &endpoint, &err), MMOFL_E_RANGE);
    CHECK_CONTAINS(err.text, "a/b");
    setup = side_setup(&s, &broker, "a", 0, P);
    CHECK_STATUS(mmofl_endpoint_new(&setup, &endpoint, &err), MMOFL_E_RANGE);
    setup = side_setup(&s, &broker, "a", 1, P);
    setup.identity.federation = "";
    CHECK_STATUS(mmofl_endpoint_new(&setup, &endpoint, &err), MMOFL_E_RANGE);
}

static void more_unanswered_objects_than_allowed_are_refused(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    h.broker.faults.lose = 1;
    for (int i = 0; i < MMOFL_ENDPOINT_UNANSWERED; i++)
        side_send(&h.a, "", side_small(MMOFL_MESSAGE_DECLINE));
    wire_bytes m = side_small(MMOFL_MESSAGE_DECLINE);
    mmofl_sending how = {0};
    CHECK_STATUS(mmofl_endpoint_send(h.a.endpoint, side_peer(&h.a, ""), m.bytes, m.size,
                                     &how, NULL),
                 MMOFL_E_LIMIT);
    free(m.bytes);
    home_delete(&h);
}

static void other_topics_go_to_the_owner(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    CHECK_OK(h.a.bus->kind->subscribe(h.a.bus, "sensors/+"));
    fake_route(&h.broker, "sensors/kitchen", "1", 1, 0);
    home_run(&h, 1);
    CHECK_INT(h.a.other, 1);
    home_delete(&h);
}

static void peer_costs_what_it_is_said_to_cost(void **state)
{
    (void)state;
    CHECK(mmofl_endpoint_peer_bytes() < 1200);
}

CHECK_MAIN(
    TEST(update_reaches_the_coordinator_and_is_acknowledged),
    TEST(refusal_by_the_owner_reaches_the_sender),
    TEST(answer_may_come_later_and_nothing_is_delivered_twice),
    TEST(what_waits_for_an_answer_is_bounded), TEST(tasks_go_to_one_device_or_to_all),
    TEST(missed_chunks_of_an_announcement_are_sent_again),
    TEST(kept_object_is_sealed_once_for_all), TEST(released_object_is_sent_no_more),
    TEST(large_object_passes_a_small_broker_in_windows),
    TEST(transfer_goes_on_after_a_broken_connection),
    TEST(repetitions_become_rarer_and_stop_at_the_time_given),
    TEST(what_is_sent_while_the_bus_is_away_goes_when_it_is_back),
    TEST(broken_connection_is_no_reason_to_wait_long),
    TEST(broker_that_carries_less_gets_smaller_chunks),
    TEST(greedy_peer_gets_an_object_so_many_times_and_no_more),
    TEST(older_round_does_not_undo_a_newer_one),
    TEST(newest_hello_wins_and_the_older_life_is_told),
    TEST(session_that_said_no_hello_is_asked_for_one),
    TEST(restored_session_need_not_say_hello),
    TEST(devices_notice_another_coordinator_process),
    TEST(late_comer_gets_the_retained_round),
    TEST(only_the_key_of_the_device_speaks_for_it),
    TEST(strangers_are_refused_and_leave_nothing),
    TEST(nobody_speaks_on_anothers_topic), TEST(kinds_of_the_other_side_are_refused),
    TEST(forgotten_peer_is_asked_for_again), TEST(names_and_sessions_are_checked),
    TEST(more_unanswered_objects_than_allowed_are_refused),
    TEST(other_topics_go_to_the_owner), TEST(peer_costs_what_it_is_said_to_cost))
