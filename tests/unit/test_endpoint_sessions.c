/* test_endpoint_sessions.c - who is listened to: sessions of one device, restarts of
 * the coordinator, keys, strangers. */
#include "endpoint_fixture.h"

/* ---- sessions -------------------------------------------------------------------- */

static void newest_living_process_wins_and_the_older_life_is_told(void **state)
{
    (void)state;
    home h;
    side again;
    home_new(&h);
    side_new(&again, &h.broker, "a", 301, HOME_P);
    side *all[4] = {&h.coordinator, &h.a, &h.b, &again};
    side_send(&h.coordinator, "a",
              side_small(MMOFL_MESSAGE_WELCOME)); /* to the old life */
    h.broker.faults.lose = 1;                     /* it does not arrive */
    side_step(&h.coordinator);
    h.broker.faults.lose = 0;
    side_send(&again, "", side_small(MMOFL_MESSAGE_HELLO));
    sides_run(all, 4, 1);
    CHECK_INT(mmofl_peer_session(side_peer(&h.coordinator, "a")), 301);
    CHECK_INT(h.coordinator.answered[0].status, MMOFL_E_SUPERSEDED);
    CHECK_INT(again.n_received, 1); /* it was asked to say Hello again */
    CHECK_INT(again.received[0].status, MMOFL_E_STATE);
    CHECK(!again.received[0].final);
    int greeted = side_count(&h.coordinator, MMOFL_MESSAGE_HELLO);
    sides_run(all, 4, 5); /* the one that was not answered comes by itself */
    CHECK_INT(side_count(&h.coordinator, MMOFL_MESSAGE_HELLO), greeted + 1);

    side_send(&h.a, "", side_model(MMOFL_MESSAGE_UPDATE, HOME_P, 5));
    sides_run(all, 4, 10);
    CHECK_INT(side_count(&h.coordinator, MMOFL_MESSAGE_UPDATE), 0);
    CHECK(side_count(&h.a, MMOFL_MESSAGE_REFUSAL) >= 1);
    CHECK_INT(h.a.received[0].status, MMOFL_E_SUPERSEDED);
    CHECK(h.a.received[0].final);
    CHECK_INT(again.n_received, 1);

    /* Nor does another Hello of the old life bring it back. */
    side_send(&h.a, "", side_small(MMOFL_MESSAGE_HELLO));
    sides_run(all, 4, 10);
    CHECK_INT(mmofl_peer_session(side_peer(&h.coordinator, "a")), 301);
    side_delete(&again);
    home_delete(&h);
}

/* What a broker kept, or an enemy recorded: nobody is there to acknowledge anything. */
static void hello_of_a_dead_process_takes_nobodys_place(void **state)
{
    (void)state;
    home h;
    side dead;
    home_new(&h);
    side_new(&dead, &h.broker, "a", 400, HOME_P);
    side_send(&dead, "", side_small(MMOFL_MESSAGE_HELLO));
    side_step(&dead);
    side_step(&dead);
    side_delete(&dead);
    home_run(&h, 10);
    CHECK(mmofl_peer_session(side_peer(&h.coordinator, "a")) != 400);
    CHECK_INT(side_count(&h.a, MMOFL_MESSAGE_REFUSAL), 0);
    mmofl_object_id id =
        side_send(&h.a, "", side_model(MMOFL_MESSAGE_UPDATE, HOME_P, 5));
    home_run(&h, 5);
    CHECK_INT(side_count_answers(&h.a, &id, MMOFL_OK), 1);
    home_delete(&h);
}

static void session_that_said_no_hello_is_asked_for_one(void **state)
{
    (void)state;
    home h;
    home_open(&h);
    mmofl_object_id id =
        side_send(&h.a, "", side_model(MMOFL_MESSAGE_UPDATE, HOME_P, 5));
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
    side_send(&h.a, "", side_model(MMOFL_MESSAGE_UPDATE, HOME_P, 5));
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
    side_new(&h.coordinator, &h.broker, "", 101, HOME_P);
    CHECK_OK(
        mmofl_endpoint_post_round(h.coordinator.endpoint, round.bytes, round.size));
    free(round.bytes);
    home_run(&h, 1);
    /* Words for everybody may be recorded ones: it only says Hello ... */
    CHECK_INT(side_count(&h.a, MMOFL_MESSAGE_ROUND), 1);
    CHECK_INT(h.a.joined, 1);
    side_send(&h.a, "", side_small(MMOFL_MESSAGE_HELLO));
    home_run(&h, 1); /* ... and what is for this life of its own, it takes */
    side_send(&h.coordinator, "a", side_small(MMOFL_MESSAGE_WELCOME));
    home_run(&h, 1);
    CHECK_INT(side_count(&h.a, MMOFL_MESSAGE_WELCOME), 1);
    CHECK_INT(mmofl_peer_session(side_peer(&h.a, "")), 101);
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
    side_new(&late, &h.broker, "late", 9, HOME_P);
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
    mmofl_endpoint_setup setup = side_setup(coordinator, &broker, "", 1, HOME_P);
    side_open(coordinator, &setup);
    coordinator->admit = admit_a;
    setup = side_setup(device, &broker, name, 2, HOME_P);
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
    wire_bytes m = side_model(MMOFL_MESSAGE_UPDATE, HOME_P, 5);
    uint8_t *object, payload[65536];
    size_t size;
    CHECK_OK(mmofl_seal(&b, &to, m.bytes, m.size, &object, &size));
    mmofl_object_id id = mmofl_object_id_of(b.session, to.sequence);
    mmofl_frame frame = mmofl_frame_cut(&id, object, size, (uint32_t)size, 0, true);
    size = mmofl_frame_write(&frame, payload);
    fake_route(&h.broker, "mmofl/home/device/a/up", payload, size, 1);
    home_run(&h, 1);
    CHECK_INT(h.coordinator.n_received, 0);
    CHECK_INT(mmofl_endpoint_count(h.coordinator.endpoint).refused[MMOFL_E_DENIED], 1);
    fake_route(&h.broker, "mmofl/home/device/b/up", payload, size, 1);
    home_run(&h, 1);
    CHECK_INT(h.coordinator.n_received, 1);
    home_delete(&h);
    free(object);
    free(m.bytes);
}

/* Frames that have another object's name. */
static void object_has_the_name_of_its_session_and_sequence(void **state)
{
    (void)state;
    home h;
    home_new(&h);
    mmofl_identity b = {"home", "b", 202, NULL};
    wire_bytes m = side_model(MMOFL_MESSAGE_UPDATE, HOME_P, 5);
    for (uint64_t lie = 0; lie < 2; lie++) {
        mmofl_seal_address to = {MMOFL_COORDINATOR, 0, 1000 + lie, false};
        uint8_t *object, payload[65536];
        size_t size;
        CHECK_OK(mmofl_seal(&b, &to, m.bytes, m.size, &object, &size));
        mmofl_object_id id = mmofl_object_id_of(b.session, to.sequence + lie);
        mmofl_frame frame = mmofl_frame_cut(&id, object, size, (uint32_t)size, 0, true);
        size = mmofl_frame_write(&frame, payload);
        fake_route(&h.broker, "mmofl/home/device/b/up", payload, size, 1);
        home_run(&h, 1);
        CHECK_INT(h.coordinator.n_received, 1);
        CHECK_INT(mmofl_endpoint_count(h.coordinator.endpoint).refused[MMOFL_E_CORRUPT],
                  lie);
        free(object);
    }
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
    side_send(&h.coordinator, "a", side_model(MMOFL_MESSAGE_TASK, HOME_P, 1));
    home_run(&h, 1);
    h.broker.faults.lose = 0;
    mmofl_endpoint_forget(h.coordinator.endpoint, side_peer(&h.coordinator, "a"));
    CHECK(!mmofl_endpoint_peer(h.coordinator.endpoint, "a", false));
    CHECK_INT(mmofl_endpoint_count(h.coordinator.endpoint).sending, 0);
    side_send(&h.a, "", side_model(MMOFL_MESSAGE_UPDATE, HOME_P, 5));
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
    mmofl_endpoint_setup setup = side_setup(&s, &broker, "a/b", 1, HOME_P);
    CHECK_STATUS(mmofl_endpoint_new(&setup, &endpoint, &err), MMOFL_E_RANGE);
    CHECK_CONTAINS(err.text, "a/b");
    setup = side_setup(&s, &broker, "a", 0, HOME_P);
    CHECK_STATUS(mmofl_endpoint_new(&setup, &endpoint, &err), MMOFL_E_RANGE);
    setup = side_setup(&s, &broker, "a", 1, HOME_P);
    setup.identity.federation = "";
    CHECK_STATUS(mmofl_endpoint_new(&setup, &endpoint, &err), MMOFL_E_RANGE);
}

CHECK_MAIN(TEST(newest_living_process_wins_and_the_older_life_is_told),
           TEST(hello_of_a_dead_process_takes_nobodys_place),
           TEST(session_that_said_no_hello_is_asked_for_one),
           TEST(restored_session_need_not_say_hello),
           TEST(devices_notice_another_coordinator_process),
           TEST(late_comer_gets_the_retained_round),
           TEST(only_the_key_of_the_device_speaks_for_it),
           TEST(strangers_are_refused_and_leave_nothing),
           TEST(nobody_speaks_on_anothers_topic),
           TEST(object_has_the_name_of_its_session_and_sequence),
           TEST(kinds_of_the_other_side_are_refused),
           TEST(forgotten_peer_is_asked_for_again),
           TEST(names_and_sessions_are_checked))
