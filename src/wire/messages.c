/* messages.c - from bytes to structs and back: protobuf-c does the form, one file for
 * each group of messages the meaning. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "wire/message_parts.h"
#include "wire/seal.h"

/* Beside its numbers, a sound message takes less than this: 1024 classes' names. */
enum { OTHER_MEMORY = 256 * 1024, OTHER_BYTES = 64 * 1024 };

/* ---- kinds ----------------------------------------------------------------------- */

const char *mmofl_message_kind_name(mmofl_message_kind kind)
{
    switch (kind) {
#define KIND_NAME(name, lower, number)                                                 \
    case MMOFL_MESSAGE_##name:                                                         \
        return #lower;
        MMOFL_MESSAGE_LIST(KIND_NAME)
#undef KIND_NAME
    }
    return "?";
}

mmofl_message_kind mmofl_message_kind_peek(const void *message, size_t size)
{
    /* A message has one field, its body; all numbers so far fit into one byte of key:
     * number << 3 | 2, "bytes with their length". */
    const unsigned char *bytes = message;
    if (size == 0 || (bytes[0] & 7) != 2 || bytes[0] >> 3 > MMOFL_MESSAGE_PARTIAL_SUM)
        return (mmofl_message_kind)0;
    return (mmofl_message_kind)(bytes[0] >> 3);
}

/* ---- limits ---------------------------------------------------------------------- */

mmofl_wire_limits mmofl_wire_limits_join(void)
{
    size_t classes = MMOFL_MAX_CLASSES * (MMOFL_NAME_BYTES + 2);
    return (mmofl_wire_limits){.message_bytes =
                                   MMOFL_WIRE_CONFIG_BYTES + classes + OTHER_BYTES};
}

/* Bytes of a message with so many numbers; with `top` each has an index. */
static size_t message_bytes(const mmofl_wire_limits *l)
{
    size_t prototypes =
        l->prototypes ? l->classes * l->features + l->encoders * l->classes : 0;
    size_t rule = l->rule_down || l->rule_up ? l->parameters : 0;
    return 8 * l->parameters + 4 * (rule + prototypes) + OTHER_BYTES;
}

mmofl_wire_limits mmofl_wire_limits_of(const mmofl_model *model,
                                       const mmofl_method_kind *method,
                                       const mmofl_local_kind *rule)
{
    mmofl_wire_limits limits = mmofl_wire_limits_join();
    limits.parameters = model->n_parameters;
    limits.encoders = (size_t)model->n_encoders;
    limits.classes = (size_t)model->classes;
    limits.features = model->features;
    limits.prototypes = method && method->prototypes;
    limits.rule_down = rule && rule->down;
    limits.rule_up = rule && rule->up;
    size_t bytes = message_bytes(&limits);
    if (bytes > limits.message_bytes)
        limits.message_bytes = bytes;
    return limits;
}

/* What a report takes on the wire at most, and in memory while it is read. */
enum { REPORT_BYTES = 128, REPORT_MEMORY = 512 };

void mmofl_wire_limits_add_partial(mmofl_wire_limits *l,
                                   const mmofl_partial_shape *shape, uint32_t devices)
{
    size_t bytes = 8 * shape->numbers + 10 * shape->counts +
                   REPORT_BYTES * (size_t)devices + OTHER_BYTES;
    l->devices = devices;
    l->sums = shape->sums;
    l->sum_numbers = shape->numbers;
    l->counts = shape->counts;
    if (bytes > l->message_bytes)
        l->message_bytes = bytes;
}

/* What reading a message may take; protobuf-c needs some of it only for a while. */
static size_t memory_limit(const mmofl_wire_limits *l, size_t size)
{
    size_t numbers = 2 * l->parameters + l->classes * l->features +
                     l->encoders * l->classes + l->encoders;
    size_t partial = REPORT_MEMORY * (size_t)l->devices + 8 * l->counts;
    return 2 * size + 4 * numbers + partial + OTHER_MEMORY;
}

/* ---- reading --------------------------------------------------------------------- */

static mmofl_status read_body(mmofl_passage *p, const Mmofl__Wire__Message *in,
                              mmofl_message *out)
{
    switch (out->kind) {
#define READ_BODY(name, lower, number)                                                 \
    case MMOFL_MESSAGE_##name:                                                         \
        return mmofl_read_##lower(p, in->lower, &out->body.lower);
        MMOFL_MESSAGE_LIST(READ_BODY)
#undef READ_BODY
    }
    return mmofl_fail(p->err, MMOFL_E_UNKNOWN, "a message of a kind not known here");
}

mmofl_status mmofl_message_read(const void *bytes, size_t size,
                                const mmofl_wire_limits *limits, mmofl_message *message,
                                mmofl_error *err)
{
    if (size > limits->message_bytes)
        return mmofl_fail(err, MMOFL_E_LIMIT, "a message of %zu bytes, wanted %zu",
                          size, limits->message_bytes);
    mmofl_message out = {.kind = mmofl_message_kind_peek(bytes, size)};
    if (out.kind == 0)
        return mmofl_fail(err, MMOFL_E_UNKNOWN, "a message of a kind not known here");
    mmofl_wire_memory *memory = mmofl_wire_memory_new(memory_limit(limits, size));
    if (!memory)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a message");
    mmofl_passage p = {memory, limits, err};
    const Mmofl__Wire__Message *in =
        mmofl__wire__message__unpack(&memory->allocator, size, bytes);
    mmofl_status st;
    if (!in)
        st = mmofl_fail(err, mmofl_wire_memory_refusal(memory), "no %s",
                        mmofl_message_kind_name(out.kind));
    else if ((int)in->body_case != (int)out.kind)
        st = mmofl_fail(err, MMOFL_E_SYNTAX, "a message of two kinds");
    else
        st = read_body(&p, in, &out);
    if (st) {
        mmofl_wire_memory_delete(memory);
        return st;
    }
    out.memory = memory;
    *message = out;
    return MMOFL_OK;
}

void mmofl_message_free(mmofl_message *message)
{
    mmofl_wire_memory_delete(message->memory);
    message->memory = NULL;
}

/* ---- writing --------------------------------------------------------------------- */

typedef union body_space {
    Mmofl__Wire__Hello hello;
    Mmofl__Wire__Welcome welcome;
    Mmofl__Wire__Refusal refusal;
    Mmofl__Wire__Round round;
    Mmofl__Wire__Task task;
    Mmofl__Wire__Update update;
    Mmofl__Wire__Decline decline;
    Mmofl__Wire__Ack ack;
    Mmofl__Wire__Want want;
    Mmofl__Wire__Heartbeat heartbeat;
    Mmofl__Wire__Bye bye;
    Mmofl__Wire__PartialSum partial_sum;
} body_space;

/* Fill in *out, whose body lies in *body. */
static mmofl_status write_body(mmofl_passage *p, const mmofl_message *in,
                               body_space *body, Mmofl__Wire__Message *out)
{
    switch (in->kind) {
#define WRITE_BODY(name, lower, number)                                                \
    case MMOFL_MESSAGE_##name:                                                         \
        mmofl__wire__##lower##__init(&body->lower);                                    \
        out->body_case = MMOFL__WIRE__MESSAGE__BODY_##name;                            \
        out->lower = &body->lower;                                                     \
        return mmofl_write_##lower(p, &in->body.lower, &body->lower);
        MMOFL_MESSAGE_LIST(WRITE_BODY)
#undef WRITE_BODY
    }
    assert(0);
    return MMOFL_E_UNKNOWN;
}

mmofl_status mmofl_message_write(const mmofl_message *message,
                                 const mmofl_wire_limits *limits, uint8_t **bytes,
                                 size_t *size)
{
    mmofl_wire_memory *memory = mmofl_wire_memory_new(SIZE_MAX);
    if (!memory)
        return MMOFL_E_MEMORY;
    mmofl_passage p = {memory, limits, NULL};
    body_space body;
    Mmofl__Wire__Message out = MMOFL__WIRE__MESSAGE__INIT;
    mmofl_status st = write_body(&p, message, &body, &out);
    size_t n = st ? 0 : mmofl__wire__message__get_packed_size(&out);
    uint8_t *packed = st ? NULL : malloc(n);
    if (!st && !packed)
        st = MMOFL_E_MEMORY;
    if (!st && message->kind == MMOFL_MESSAGE_UPDATE)
        st = mmofl_write_update_numbers(&p, &message->body.update, &body.update);
    if (st) {
        free(packed);
    } else {
        mmofl__wire__message__pack(&out, packed);
        *bytes = packed;
        *size = n;
    }
    mmofl_wire_memory_delete(memory);
    return st;
}
