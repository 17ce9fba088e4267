/* check.c - `mmofl-device check`: would it run?  One line for each thing that must be
 * right. */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "device/program/program.h"

static const double patience_s = 10;

/* "ok" or what is wrong; returns whether it is. */
static bool tell(const char *what, mmofl_status st, const mmofl_error *err)
{
    printf("%-9s %s\n", what, st ? err->text : "ok");
    return st != MMOFL_OK;
}

static mmofl_status check_state(const mmofl_device_config *config, mmofl_error *err)
{
    char path[MMOFL_DEVICE_PATH];
    mmofl_status st = mmofl_file_make_folders(config->state, err);
    if (!st)
        st = mmofl_file_join(path, sizeof path, config->state, "check", err);
    if (!st)
        st = mmofl_file_write(path, "", 0, false, err);
    if (!st)
        unlink(path);
    return st;
}

static void note_connected(void *context, bool resumed)
{
    (void)resumed;
    *(bool *)context = true;
}

static mmofl_status check_broker(const mmofl_device_config *config,
                                 const mmofl_device_keys *keys, mmofl_error *err)
{
    bool is_connected = false;
    mmofl_device_line line = {.config = config, .keys = keys};
    mmofl_bus_events events = {.connected = note_connected, .context = &is_connected};
    mmofl_bus *bus;
    mmofl_status st = mmofl_device_connect(&line, &events, NULL, &bus, err);
    if (st)
        return st;
    double end = mmofl_clock_seconds() + patience_s;
    while (!st && !is_connected && mmofl_clock_seconds() < end &&
           !mmofl_device_stop_asked())
        st = bus->kind->step(bus, 0.2, err);
    bus->kind->destroy(bus);
    if (!st && !is_connected)
        st = mmofl_fail(err, MMOFL_E_NETWORK, "%s: no connection within %g s",
                        config->broker, patience_s);
    return st;
}

int mmofl_device_check(const mmofl_device_config *config)
{
    mmofl_device_keys keys = {0};
    mmofl_error err = {0};
    int wrong = tell("config", MMOFL_OK, &err);
    mmofl_status st = mmofl_device_keys_load(config, &keys, &err);
    wrong += tell("identity", st, &err);
    wrong += tell("state", check_state(config, &err), &err);
    wrong += st ? 0 : tell("broker", check_broker(config, &keys, &err), &err);
    return wrong ? EXIT_FAILED : EXIT_DONE;
}
