/* test_address.c - where a broker is. */
#include "check.h"

#include "link/address.h"

static void hosts_and_ports_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        int port;
        bool loopback;
    } good[] = {{"broker.lan", "broker.lan", 0, false},
                {"broker.lan:8883", "broker.lan", 8883, false},
                {"127.0.0.1:1883", "127.0.0.1", 1883, true},
                {"127.evil.org", "127.evil.org", 0, false},
                {"localhost", "localhost", 0, true},
                {"::1", "::1", 0, true},
                {"[::1]:1883", "::1", 1883, true},
                {"[fe80::2]", "fe80::2", 0, false}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        mmofl_address a;
        mmofl_error err = {0};
        CHECK_OK(mmofl_address_read(good[i].text, &a, &err));
        CHECK_TEXT(a.host, good[i].host);
        CHECK_INT(a.port, good[i].port);
        CHECK_INT(mmofl_address_is_loopback(&a), good[i].loopback);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        mmofl_status status;
    } bad[] = {{"", MMOFL_E_SYNTAX},          {":1883", MMOFL_E_SYNTAX},
               {"a:", MMOFL_E_SYNTAX},        {"a:x", MMOFL_E_SYNTAX},
               {"a:1x", MMOFL_E_SYNTAX},      {"[::1", MMOFL_E_SYNTAX},
               {"[::1]1883", MMOFL_E_SYNTAX}, {"a:0", MMOFL_E_RANGE},
               {"a:65536", MMOFL_E_RANGE}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mmofl_address a;
        mmofl_error err = {0};
        CHECK_STATUS(mmofl_address_read(bad[i].text, &a, &err), bad[i].status);
        CHECK(*err.text);
    }
}

CHECK_MAIN(TEST(hosts_and_ports_are_told_apart), TEST(what_is_no_address_is_refused))
