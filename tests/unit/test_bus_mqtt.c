/* test_bus_mqtt.c - the bus over a real broker that is killed, limited and secured. */
#include "broker.h"

#include "base/clock.h"
#include "link/bus_mqtt.h"
#include "pki/authority.h"

static const char open_to_all[] = "allow_anonymous true";

/* One client, and what it was told. */
typedef struct client {
    mmofl_bus *bus;
    int connected, resumed, lost, messages;
    char topic[128], payload[128]; /* of the last message */
} client;

static void on_connected(void *context, bool resumed)
{
    client *c = context;
    c->connected++;
    c->resumed += resumed;
}

static void on_lost(void *context, const char *reason)
{
    client *c = context;
    CHECK(*reason);
    c->lost++;
}

static void on_message(void *context, const char *topic, const void *payload, size_t n)
{
    client *c = context;
    c->messages++;
    snprintf(c->topic, sizeof c->topic, "%s", topic);
    snprintf(c->payload, sizeof c->payload, "%.*s", (int)n, (const char *)payload);
}

static void client_new(client *c, const broker *b, const char *id,
                       const mmofl_mqtt_tls *tls, const mmofl_bus_will *will)
{
    mmofl_error err = {0};
    mmofl_mqtt_setup setup = {.host = "127.0.0.1",
                              .port = b->port,
                              .client_id = id,
                              .tls = tls,
                              .will = will,
                              .retry_s = 0.05,
                              .retry_max_s = 0.2,
                              .events = {on_connected, on_lost, on_message, c}};
    *c = (client){0};
    CHECK_OK(mmofl_bus_mqtt_new(&setup, &c->bus, &err));
}

static void client_delete(client *c)
{
    c->bus->kind->destroy(c->bus);
}

/* Step the clients until *count is at least `wanted`; false when that takes too long.
 */
static bool wait_until(client *const *clients, int n, const int *count, int wanted,
                       double most_s)
{
    double end = mmofl_clock_seconds() + most_s;
    mmofl_error err = {0};
    while (*count < wanted && mmofl_clock_seconds() < end)
        for (int i = 0; i < n; i++)
            CHECK_OK(clients[i]->bus->kind->step(clients[i]->bus, 0.01, &err));
    return *count >= wanted;
}

static void settle(client *const *clients, int n)
{
    int never = 0;
    wait_until(clients, n, &never, 1, 0.1);
}

static mmofl_status say(client *c, const char *topic, const char *text, int qos,
                        bool retain)
{
    return c->bus->kind->publish(c->bus, topic, text, strlen(text),
                                 (mmofl_bus_delivery){qos, retain, 60});
}

static void a_payload_reaches_those_who_listen(void **state)
{
    broker b;
    client from, to, *both[] = {&from, &to};
    broker_new(&b, *state, open_to_all);
    client_new(&from, &b, "from", NULL, NULL);
    client_new(&to, &b, "to", NULL, NULL);
    CHECK_STATUS(say(&from, "a/b", "early", 1, false), MMOFL_E_NETWORK);
    CHECK_INT(from.bus->kind->max_payload(from.bus, "a/b"), 0);
    CHECK_OK(to.bus->kind->subscribe(to.bus, "a/+"));
    CHECK(wait_until(both, 2, &from.connected, 1, 5));
    CHECK(wait_until(both, 2, &to.connected, 1, 5));
    settle(both, 2);
    for (int qos = 0; qos < 2; qos++) {
        CHECK_OK(say(&from, "a/b", qos ? "one" : "zero", qos, false));
        CHECK(wait_until(both, 2, &to.messages, qos + 1, 5));
        CHECK_TEXT(to.topic, "a/b");
        CHECK_TEXT(to.payload, qos ? "one" : "zero");
    }
    settle(both, 2);
    CHECK_INT(from.bus->kind->queued(from.bus), 0);
    CHECK_OK(say(&from, "c/d", "elsewhere", 1, false));
    settle(both, 2);
    CHECK_INT(to.messages, 2);
    client_delete(&from);
    client_delete(&to);
    broker_kill(&b);
}

static void the_last_word_of_a_topic_is_kept_until_it_is_taken_back(void **state)
{
    broker b;
    client from, first, second, *all[] = {&from, &first, &second};
    broker_new(&b, *state, open_to_all);
    client_new(&from, &b, "from", NULL, NULL);
    CHECK(wait_until(all, 1, &from.connected, 1, 5));
    CHECK_OK(say(&from, "round", "7", 1, true));
    settle(all, 1);
    client_new(&first, &b, "first", NULL, NULL);
    CHECK_OK(first.bus->kind->subscribe(first.bus, "round"));
    CHECK(wait_until(all, 2, &first.messages, 1, 5));
    CHECK_TEXT(first.payload, "7");
    CHECK_OK(say(&from, "round", "", 1, true));
    settle(all, 2);
    client_new(&second, &b, "second", NULL, NULL);
    CHECK_OK(second.bus->kind->subscribe(second.bus, "round"));
    CHECK(wait_until(all, 3, &second.connected, 1, 5));
    settle(all, 3);
    CHECK_INT(second.messages, 0);
    for (int i = 0; i < 3; i++)
        client_delete(all[i]);
    broker_kill(&b);
}

static void a_client_comes_back_after_the_broker_was_killed(void **state)
{
    broker b;
    client from, to, *both[] = {&from, &to};
    broker_new(&b, *state, open_to_all);
    client_new(&from, &b, "from", NULL, NULL);
    client_new(&to, &b, "to", NULL, NULL);
    CHECK_OK(to.bus->kind->subscribe(to.bus, "a"));
    CHECK(wait_until(both, 2, &from.connected, 1, 5));
    CHECK(wait_until(both, 2, &to.connected, 1, 5));
    for (int life = 1; life <= 3; life++) {
        broker_kill(&b);
        CHECK(wait_until(both, 2, &from.lost, life, 5));
        CHECK(wait_until(both, 2, &to.lost, life, 5));
        CHECK_STATUS(say(&from, "a", "nobody", 1, false), MMOFL_E_NETWORK);
        settle(both, 2);
        broker_start(&b);
        CHECK(wait_until(both, 2, &from.connected, life + 1, 5));
        CHECK(wait_until(both, 2, &to.connected, life + 1, 5));
        settle(both, 2);
        CHECK_OK(say(&from, "a", "again", 1, false));
        CHECK(wait_until(both, 2, &to.messages, life, 5));
    }
    CHECK_INT(to.resumed, 0); /* that broker remembers nothing */
    client_delete(&from);
    client_delete(&to);
    broker_kill(&b);
}

static void what_was_said_meanwhile_arrives_when_the_session_goes_on(void **state)
{
    broker b;
    client from, to, *both[] = {&from, &to};
    broker_new(&b, *state, open_to_all);
    client_new(&from, &b, "from", NULL, NULL);
    client_new(&to, &b, "to", NULL, NULL);
    CHECK_OK(to.bus->kind->subscribe(to.bus, "a"));
    CHECK(wait_until(both, 2, &from.connected, 1, 5));
    CHECK(wait_until(both, 2, &to.connected, 1, 5));
    settle(both, 2);
    client_delete(&to);
    CHECK_OK(say(&from, "a", "meanwhile", 1, false));
    settle(both, 1);
    client_new(&to, &b, "to", NULL, NULL);
    CHECK(wait_until(both, 2, &to.messages, 1, 5));
    CHECK_INT(to.resumed, 1);
    CHECK_TEXT(to.payload, "meanwhile");
    client_delete(&from);
    client_delete(&to);
    broker_kill(&b);
}

static void the_will_of_a_client_that_breaks_off_is_published(void **state)
{
    broker b;
    client dies, hears, *both[] = {&hears, &dies};
    mmofl_bus_will will = {"will", "gone", 4};
    broker_new(&b, *state, open_to_all);
    client_new(&hears, &b, "hears", NULL, NULL);
    CHECK_OK(hears.bus->kind->subscribe(hears.bus, "will"));
    client_new(&dies, &b, "dies", NULL, &will);
    CHECK(wait_until(both, 2, &hears.connected, 1, 5));
    CHECK(wait_until(both, 2, &dies.connected, 1, 5));
    settle(both, 2);
    bool wants_write;
    double due_s;
    shutdown(dies.bus->kind->descriptor(dies.bus, &wants_write, &due_s), SHUT_RDWR);
    CHECK(wait_until(both, 1, &hears.messages, 1, 5));
    CHECK_TEXT(hears.payload, "gone");
    client_delete(&dies);
    client_delete(&hears);
    broker_kill(&b);
}

static void nothing_larger_than_the_broker_takes_is_handed_over(void **state)
{
    enum { PACKET = 65536 };
    static char payload[PACKET];
    broker b;
    client from, to, *both[] = {&from, &to};
    broker_new(&b, *state, "allow_anonymous true\nmax_packet_size 65536");
    client_new(&from, &b, "from", NULL, NULL);
    client_new(&to, &b, "to", NULL, NULL);
    CHECK_OK(to.bus->kind->subscribe(to.bus, "a"));
    CHECK(wait_until(both, 2, &from.connected, 1, 5));
    CHECK(wait_until(both, 2, &to.connected, 1, 5));
    settle(both, 2);
    size_t most = from.bus->kind->max_payload(from.bus, "a");
    CHECK(most > PACKET - 256 && most < PACKET);
    mmofl_bus_delivery delivery = {1, false, 60};
    CHECK_STATUS(from.bus->kind->publish(from.bus, "a", payload, most + 1, delivery),
                 MMOFL_E_LIMIT);
    CHECK_OK(from.bus->kind->publish(from.bus, "a", payload, most, delivery));
    CHECK(wait_until(both, 2, &to.messages, 1, 5));
    client_delete(&from);
    client_delete(&to);
    broker_kill(&b);
}

/* ---- TLS ---- */

/* The authority's folder in the test's, and a broker that asks for its certificates. */
static void make_secure(scratch *s, broker *b, char folder[300])
{
    static const char *const host = "127.0.0.1";
    mmofl_error err = {0};
    char lines[2048];
    snprintf(folder, 300, "%s/pki", s->folder);
    mmofl_pki_setup setup = {folder, "home", &host, 1, 30};
    CHECK_OK(mmofl_pki_init(&setup, &err));
    CHECK_OK(mmofl_pki_add_device(folder, "hall", 30, &err));
    CHECK_OK(mmofl_pki_add_device(folder, "attic", 30, &err));
    CHECK_OK(mmofl_pki_revoke(folder, "attic", &err));
    snprintf(lines, sizeof lines,
             "cafile %s/ca.crt\ncertfile %s/broker/broker.crt\n"
             "keyfile %s/broker/broker.key\ncrlfile %s/crl.pem\n"
             "require_certificate true\nuse_identity_as_username true\n"
             "tls_version tlsv1.3\n",
             folder, folder, folder, folder);
    broker_new(b, s, lines);
}

/* Files of a device; valid until the next call. */
static mmofl_mqtt_tls files_of(const char *folder, const char *device)
{
    static char ca[400], certificate[400], key[400];
    snprintf(ca, sizeof ca, "%s/devices/%s/ca.crt", folder, device);
    snprintf(certificate, sizeof certificate, "%s/devices/%s/device.crt", folder,
             device);
    snprintf(key, sizeof key, "%s/devices/%s/device.key", folder, device);
    return (mmofl_mqtt_tls){ca, certificate, key};
}

static void only_admitted_devices_are_let_in(void **state)
{
    broker b;
    char folder[300];
    client c, *all[] = {&c};
    make_secure(*state, &b, folder);
    mmofl_mqtt_tls hall = files_of(folder, "hall");
    client_new(&c, &b, "hall", &hall, NULL);
    CHECK(wait_until(all, 1, &c.connected, 1, 5));
    CHECK_OK(c.bus->kind->subscribe(c.bus, "a"));
    settle(all, 1);
    CHECK_OK(say(&c, "a", "to myself", 1, false));
    CHECK(wait_until(all, 1, &c.messages, 1, 5));
    client_delete(&c);
    mmofl_mqtt_tls attic = files_of(folder, "attic");
    client_new(&c, &b, "attic", &attic, NULL);
    CHECK(!wait_until(all, 1, &c.connected, 1, 1));
    client_delete(&c);
    client_new(&c, &b, "anybody", NULL, NULL);
    CHECK(!wait_until(all, 1, &c.connected, 1, 0.5));
    client_delete(&c);
    broker_kill(&b);
}

static void what_cannot_be_is_refused_before_a_connection(void **state)
{
    (void)state;
    mmofl_bus *bus;
    mmofl_error err = {0};
    mmofl_mqtt_setup setup = {.client_id = "x", .port = 70000};
    CHECK_STATUS(mmofl_bus_mqtt_new(&setup, &bus, &err), MMOFL_E_RANGE);
    mmofl_mqtt_tls tls = {"/nowhere/ca.crt", "/nowhere/x.crt", "/nowhere/x.key"};
    setup = (mmofl_mqtt_setup){.client_id = "x", .tls = &tls};
    CHECK_STATUS(mmofl_bus_mqtt_new(&setup, &bus, &err), MMOFL_E_NOT_FOUND);
    CHECK_CONTAINS(err.text, "/nowhere/ca.crt");
}

CHECK_MAIN(IN_A_FOLDER(a_payload_reaches_those_who_listen),
           IN_A_FOLDER(the_last_word_of_a_topic_is_kept_until_it_is_taken_back),
           IN_A_FOLDER(a_client_comes_back_after_the_broker_was_killed),
           IN_A_FOLDER(what_was_said_meanwhile_arrives_when_the_session_goes_on),
           IN_A_FOLDER(the_will_of_a_client_that_breaks_off_is_published),
           IN_A_FOLDER(nothing_larger_than_the_broker_takes_is_handed_over),
           IN_A_FOLDER(only_admitted_devices_are_let_in),
           TEST(what_cannot_be_is_refused_before_a_connection))
