/* test_endpoint.c - objects between a coordinator and its devices: each property by
 * itself, on a broker without faults but those that the test makes. */
#include "endpoint_fixture.h"

static void update_reaches_the_coordinator_and_is_acknowledged(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    wire_bytes m = side_model(MMOFL_MESSAGE_UPDATE, HOME_P, 5);
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
    mmofl_object_id id =
        side_send(&h.a, "", side_model(MMOFL_MESSAGE_UPDATE, HOME_P, 5));
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
        id = side_send(&h.a, "", side_model(MMOFL_MESSAGE_UPDATE, HOME_P, 5));
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
        side_send(&h.coordinator, "b", side_model(MMOFL_MESSAGE_TASK, HOME_P, 1));
    home_run(&h, 1);
    CHECK_INT(h.a.n_received, 0);
    CHECK_INT(h.b.n_received, 1);
    CHECK_INT(side_count_answers(&h.coordinator, &one, MMOFL_OK), 1);

    wire_bytes m = side_model(MMOFL_MESSAGE_TASK, HOME_P, 2);
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
    wire_bytes m = side_model(MMOFL_MESSAGE_TASK, HOME_P, 2);
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

/* Who is about to hear the announcement is not sent what it says a second time; who
 * misses all of it gets it when its answer is overdue. */
static void
announced_object_goes_out_once_and_again_to_whom_it_did_not_reach(void **state)
{
    (void)state;
    home h;
    home_open(&h);
    h.broker.max_payload = 1100;
    side_send(&h.a, "", side_small(MMOFL_MESSAGE_HELLO));
    side_send(&h.b, "", side_small(MMOFL_MESSAGE_HELLO));
    home_run(&h, 1);
    wire_bytes m = side_model(MMOFL_MESSAGE_TASK, HOME_P, 2);
    for (int missed = 0; missed < 2; missed++) {
        mmofl_endpoint *e = h.coordinator.endpoint;
        uint64_t before = mmofl_endpoint_count(e).frames_out;
        mmofl_object_id all;
        CHECK_OK(mmofl_endpoint_keep(e, m.bytes, m.size, false, &all));
        CHECK_OK(mmofl_endpoint_announce(e, &all, 0));
        for (int i = 0; i < 2; i++)
            CHECK_OK(mmofl_endpoint_send_kept(
                e, side_peer(&h.coordinator, i ? "b" : "a"), &all, 0));
        h.broker.faults.lose = missed;
        side_step(&h.coordinator);
        h.broker.faults.lose = 0;
        home_run(&h, missed ? 4 : 1);
        uint64_t sent = mmofl_endpoint_count(e).frames_out - before;
        uint64_t chunks = (m.size + 999) / 1000;
        CHECK(missed ? sent > 2 * chunks : sent == chunks);
        CHECK_INT(side_count_answers(&h.coordinator, &all, MMOFL_OK), 2);
        CHECK_INT(side_count(&h.a, MMOFL_MESSAGE_TASK), missed + 1);
        CHECK_INT(side_count(&h.b, MMOFL_MESSAGE_TASK), missed + 1);
        mmofl_endpoint_release(e, &all);
    }
    free(m.bytes);
    home_delete(&h);
}

static void kept_object_is_sealed_once_for_all(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    wire_bytes m = side_model(MMOFL_MESSAGE_TASK, HOME_P, 2);
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
    wire_bytes m = side_model(MMOFL_MESSAGE_TASK, HOME_P, 2);
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
    pair p;
    pair_new(&p, LARGE, 1100, 8192);
    wire_bytes m = side_model(MMOFL_MESSAGE_UPDATE, LARGE, 5);
    uint64_t tag = message_tag(m.bytes, m.size), frames = p.broker.published;
    mmofl_object_id id = side_send(&p.a, "", m);
    side_step(&p.a); /* a window, no more */
    CHECK(p.broker.published - frames <= 8);
    pair_run(&p, 10);
    CHECK_INT(side_count_tag(&p.coordinator, tag), 1);
    CHECK_INT(side_count_answers(&p.a, &id, MMOFL_OK), 1);
    /* Nothing went twice: 200,000 bytes by 1,000 and one Want for 8 of them. */
    CHECK(p.broker.published - frames < 240);
    CHECK_INT(mmofl_endpoint_count(p.a.endpoint).repeats_out, 0);
    pair_delete(&p);
}

/* The topic counts, too, where a broker limits a packet. */
static void devices_with_long_names_get_frames_that_fit(void **state)
{
    (void)state;
    fake_broker broker;
    side coordinator, device;
    side *all[2] = {&coordinator, &device};
    char name[MMOFL_WIRE_NAME_BYTES];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    fake_broker_init(&broker, 3);
    broker.max_payload = 1024;
    side_new(&coordinator, &broker, "", 1, HOME_P);
    side_new(&device, &broker, name, 2, HOME_P);
    side_send(&device, "", side_small(MMOFL_MESSAGE_HELLO));
    sides_run(all, 2, 1);
    side_send(&coordinator, name, side_model(MMOFL_MESSAGE_TASK, HOME_P, 1));
    side_send(&device, "", side_model(MMOFL_MESSAGE_UPDATE, HOME_P, 1));
    sides_run(all, 2, 2); /* the fake bus refuses a payload that is too large */
    CHECK_INT(device.n_received, 1);
    CHECK_INT(side_count(&coordinator, MMOFL_MESSAGE_UPDATE), 1);
    side_delete(&device);
    side_delete(&coordinator);
    fake_broker_free(&broker);
}

static void bus_that_carries_too_little_is_told_of(void **state)
{
    (void)state;
    pair p;
    pair_new(&p, HOME_P, 65536, 0);
    mmofl_error err = {0};
    p.broker.max_payload = 800;
    CHECK_STATUS(mmofl_endpoint_step(p.a.endpoint, 0, &err), MMOFL_E_LIMIT);
    CHECK_CONTAINS(err.text, "768");
    p.broker.max_payload = 1024;
    CHECK_OK(mmofl_endpoint_step(p.a.endpoint, 0, &err));
    pair_delete(&p);
}

static void transfer_goes_on_after_a_broken_connection(void **state)
{
    (void)state;
    enum { LARGE = 50000 };
    pair p;
    pair_new(&p, LARGE, 2100, 16384);
    side_send(&p.a, "", side_model(MMOFL_MESSAGE_UPDATE, LARGE, 5));
    pair_run(&p, 0.4);
    CHECK_INT(mmofl_endpoint_count(p.coordinator.endpoint).assembling, 1);
    uint64_t before = p.broker.published;
    fake_bus_break((fake_bus *)(void *)p.a.bus, false, 5);
    pair_run(&p, 20);
    CHECK_INT(p.a.lost, 1);
    CHECK_INT(p.a.connected, 2);
    CHECK_INT(side_count(&p.coordinator, MMOFL_MESSAGE_UPDATE), 1);
    CHECK(p.broker.published - before < 95); /* of 100 chunks, some were there */
    CHECK_INT(side_count(&p.coordinator, MMOFL_MESSAGE_BYE), 1); /* its will */
    pair_delete(&p);
}

static void repetitions_become_rarer_and_stop_at_the_time_given(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    h.broker.faults.lose = 1;
    wire_bytes m = side_model(MMOFL_MESSAGE_UPDATE, HOME_P, 5);
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
    mmofl_object_id id =
        side_send(&h.a, "", side_model(MMOFL_MESSAGE_UPDATE, HOME_P, 5));
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
    mmofl_object_id id =
        side_send(&h.a, "", side_model(MMOFL_MESSAGE_UPDATE, HOME_P, 5));
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
    wire_bytes m = side_model(MMOFL_MESSAGE_TASK, HOME_P, 5);
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
        side_send(&h.coordinator, "a", side_model(MMOFL_MESSAGE_TASK, HOME_P, 5));
    mmofl_message want = {.kind = MMOFL_MESSAGE_WANT,
                          .body.want = {.object = id, .n = 1, .last = {3}}};
    home_run(&h, 0.1);
    uint64_t before = mmofl_endpoint_count(h.coordinator.endpoint).frames_out;
    char longest[FAKE_TOPIC]; /* chunks are cut for any device */
    snprintf(longest, sizeof longest, "mmofl/home/device/%064d/down", 0);
    want.body.want.chunk_bytes =
        mmofl_frame_chunk_bytes(fake_max_payload(h.coordinator.bus, longest));
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

CHECK_MAIN(TEST(update_reaches_the_coordinator_and_is_acknowledged),
           TEST(refusal_by_the_owner_reaches_the_sender),
           TEST(answer_may_come_later_and_nothing_is_delivered_twice),
           TEST(what_waits_for_an_answer_is_bounded),
           TEST(tasks_go_to_one_device_or_to_all),
           TEST(missed_chunks_of_an_announcement_are_sent_again),
           TEST(announced_object_goes_out_once_and_again_to_whom_it_did_not_reach),
           TEST(kept_object_is_sealed_once_for_all),
           TEST(released_object_is_sent_no_more),
           TEST(large_object_passes_a_small_broker_in_windows),
           TEST(devices_with_long_names_get_frames_that_fit),
           TEST(bus_that_carries_too_little_is_told_of),
           TEST(transfer_goes_on_after_a_broken_connection),
           TEST(repetitions_become_rarer_and_stop_at_the_time_given),
           TEST(what_is_sent_while_the_bus_is_away_goes_when_it_is_back),
           TEST(broken_connection_is_no_reason_to_wait_long),
           TEST(broker_that_carries_less_gets_smaller_chunks),
           TEST(greedy_peer_gets_an_object_so_many_times_and_no_more),
           TEST(older_round_does_not_undo_a_newer_one),
           TEST(more_unanswered_objects_than_allowed_are_refused),
           TEST(other_topics_go_to_the_owner), TEST(peer_costs_what_it_is_said_to_cost))
