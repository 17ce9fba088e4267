/* status.c - `mmofl-device status`: what the state folder of an agent that does not run
 * has, as JSON. */
#include <inttypes.h>
#include <stdio.h>

#include "device/program/program.h"
#include "device/sample_buffer.h"
#include "device/state.h"

enum { STATE_BYTES = 1 << 30 };

/* The round of a file; 0: there is none. */
static mmofl_status read_round(const char *folder, const char *name, uint64_t *round,
                               mmofl_error *err)
{
    mmofl_state_file file;
    mmofl_status st = mmofl_state_read(folder, name, STATE_BYTES, &file, err);
    *round = 0;
    if (st == MMOFL_E_NOT_FOUND)
        return MMOFL_OK;
    if (!st) {
        *round = file.round;
        mmofl_state_file_free(&file);
    }
    return st;
}

static mmofl_status read_samples(const mmofl_device_config *config,
                                 const mmofl_plan *plan, uint64_t *arrivals, int *held,
                                 mmofl_error *err)
{
    char path[MMOFL_DEVICE_PATH];
    mmofl_sample_buffer *samples;
    if (snprintf(path, sizeof path, "%s/samples", config->state) >= (int)sizeof path)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: path too long", config->state);
    mmofl_status st = mmofl_sample_buffer_open(
        &plan->signals, plan->learning.stream.buffer, path, &samples, err);
    if (st)
        return st;
    *arrivals = mmofl_sample_buffer_arrivals(samples);
    *held = mmofl_sample_buffer_held(samples);
    mmofl_sample_buffer_close(samples);
    return MMOFL_OK;
}

int mmofl_device_status(const mmofl_device_config *config)
{
    mmofl_error err = {0};
    mmofl_plan *plan = NULL;
    uint64_t task = 0, answer = 0, arrivals = 0;
    int held = 0;
    mmofl_status st = mmofl_plan_from_state(config->state, &plan, &err);
    if (st == MMOFL_E_NOT_FOUND)
        st = MMOFL_OK; /* it never joined */
    if (!st && plan)
        st = read_samples(config, plan, &arrivals, &held, &err);
    if (!st)
        st = read_round(config->state, MMOFL_STATE_TASK, &task, &err);
    if (!st)
        st = read_round(config->state, MMOFL_STATE_ANSWER, &answer, &err);
    if (!st)
        printf("{\"joined\": %s, \"arrivals\": %" PRIu64
               ", \"samples\": %d, \"task\": %" PRIu64 ", \"answered\": %" PRIu64 "}\n",
               plan ? "true" : "false", arrivals, held, task, answer);
    mmofl_plan_delete(plan);
    if (st)
        fprintf(stderr, "mmofl-device: %s\n", err.text);
    return st ? EXIT_FAILED : EXIT_DONE;
}
