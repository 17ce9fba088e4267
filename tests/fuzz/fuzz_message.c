/* fuzz_message.c - no message may crash the reader; what it accepts is what the limits
 * say, and is written again as bytes that read as the same message. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "wire/messages.h"

/* Those of tests/wire_fixture.h. */
static const mmofl_wire_limits limits = {.message_bytes = 1 << 20,
                                         .parameters = 5,
                                         .encoders = 2,
                                         .classes = 3,
                                         .features = 4,
                                         .prototypes = true,
                                         .rule_down = true,
                                         .rule_up = true,
                                         .devices = 8,
                                         .sums = 3,
                                         .sum_numbers = 22,
                                         .counts = 6};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_floats(const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            abort();
}

static void check_numbers(mmofl_message *m)
{
    if (m->kind == MMOFL_MESSAGE_TASK) {
        const mmofl_broadcast *b = &m->body.task.broadcast;
        check_floats(b->parameters, limits.parameters);
        check_floats(b->prototypes->mean, limits.classes * limits.features);
        check_floats(b->rule, limits.parameters);
    }
    if (m->kind == MMOFL_MESSAGE_UPDATE) {
        mmofl_update_message *u = &m->body.update;
        static const float received[5] = {1, 2, 3, 4, 5};
        mmofl_digest digest = u->model;
        check_floats(u->update.parameters, limits.parameters);
        check_floats(u->update.prototypes->sum, limits.classes * limits.features);
        /* As its model's parameters, so that it can be written again. */
        if (mmofl_update_rebuild(u, received, &digest) == MMOFL_OK)
            check_floats(u->update.parameters, limits.parameters);
    }
    if (m->kind == MMOFL_MESSAGE_PARTIAL_SUM) {
        const mmofl_partial *p = &m->body.partial_sum.partial;
        size_t numbers = 0;
        for (int i = 0; i < p->n_sums; i++)
            numbers += p->sum[i].n;
        if (numbers != limits.sum_numbers || p->n > limits.devices)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mmofl_message m, back;
    mmofl_error err;
    uint8_t *bytes, *again;
    size_t n, n_again;
    if (mmofl_message_read(data, size, &limits, &m, &err))
        return 0;
    check_numbers(&m);
    if (mmofl_message_write(&m, &limits, &bytes, &n) == MMOFL_OK) {
        if (mmofl_message_read(bytes, n, &limits, &back, &err))
            abort();
        if (mmofl_message_write(&back, &limits, &again, &n_again) == MMOFL_OK) {
            if (n != n_again || memcmp(bytes, again, n) != 0)
                abort();
            free(again);
        }
        mmofl_message_free(&back);
        free(bytes);
    }
    mmofl_message_free(&m);
    return 0;
}
