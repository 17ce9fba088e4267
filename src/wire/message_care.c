/* message_care.c - the small messages; reading and writing each are neighbours. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "wire/frames.h"
#include "wire/message_parts.h"

enum { STATUS_NAME_BYTES = 32 };

/* ---- statuses by name ------------------------------------------------------------ */

/* A name of a later version is E_UNKNOWN here: what was refused stays refused. */
static mmofl_status read_status(mmofl_passage *p, const char *name, bool may_be_ok,
                                mmofl_status *out)
{
    mmofl_status st = mmofl_read_text(p, "status", name, 1, STATUS_NAME_BYTES, false);
    if (st)
        return st;
    mmofl_status found = MMOFL_E_UNKNOWN;
    for (int i = 0; i < MMOFL_STATUS_COUNT; i++)
        if (strcmp(name, mmofl_status_name((mmofl_status)i)) == 0)
            found = (mmofl_status)i;
    if (found == MMOFL_OK && !may_be_ok)
        return mmofl_fail(p->err, MMOFL_E_RANGE, "a refusal with the status OK");
    *out = found;
    return MMOFL_OK;
}

static char *status_name(mmofl_status status)
{
    return mmofl_wire_text(mmofl_status_name(status));
}

/* ---- joining --------------------------------------------------------------------- */

mmofl_status mmofl_read_hello(mmofl_passage *p, const Mmofl__Wire__Hello *in,
                              mmofl_hello *out)
{
    mmofl_status st =
        mmofl_read_digest(p, "config", &in->config_digest, true, &out->config);
    if (!st)
        st =
            mmofl_read_text(p, "program", in->program, 0, MMOFL_WIRE_LINE_BYTES, false);
    if (st)
        return st;
    if (in->oldest_version == 0 || in->oldest_version > in->newest_version)
        return mmofl_fail(p->err, MMOFL_E_RANGE, "versions from %u to %u",
                          in->oldest_version, in->newest_version);
    out->oldest_version = in->oldest_version;
    out->newest_version = in->newest_version;
    out->round = in->round;
    out->program = in->program;
    return MMOFL_OK;
}

mmofl_status mmofl_write_hello(mmofl_passage *p, const mmofl_hello *in,
                               Mmofl__Wire__Hello *out)
{
    assert(in->oldest_version >= 1 && in->oldest_version <= in->newest_version);
    out->oldest_version = in->oldest_version;
    out->newest_version = in->newest_version;
    out->config_digest = mmofl_write_digest(&in->config);
    out->round = in->round;
    out->program = mmofl_write_text(p, in->program, MMOFL_WIRE_LINE_BYTES, false);
    return out->program ? MMOFL_OK : MMOFL_E_MEMORY;
}

mmofl_status mmofl_wire_version_choose(const mmofl_hello *hello, uint32_t *version)
{
    uint32_t newest = hello->newest_version < MMOFL_WIRE_VERSION ? hello->newest_version
                                                                 : MMOFL_WIRE_VERSION;
    if (newest < hello->oldest_version || newest < MMOFL_WIRE_OLDEST_VERSION)
        return MMOFL_E_VERSION;
    *version = newest;
    return MMOFL_OK;
}

mmofl_status mmofl_read_refusal(mmofl_passage *p, const Mmofl__Wire__Refusal *in,
                                mmofl_refusal *out)
{
    mmofl_status st = read_status(p, in->status, false, &out->status);
    if (!st)
        st = mmofl_read_text(p, "text", in->text, 0, MMOFL_WIRE_TEXT_BYTES, true);
    out->text = in->text;
    out->final = in->final;
    return st;
}

mmofl_status mmofl_write_refusal(mmofl_passage *p, const mmofl_refusal *in,
                                 Mmofl__Wire__Refusal *out)
{
    assert(in->status != MMOFL_OK);
    out->status = status_name(in->status);
    out->text = mmofl_write_text(p, in->text, MMOFL_WIRE_TEXT_BYTES, true);
    out->final = in->final;
    return out->text ? MMOFL_OK : MMOFL_E_MEMORY;
}

/* ---- rounds ---------------------------------------------------------------------- */

mmofl_status mmofl_read_round(mmofl_passage *p, const Mmofl__Wire__Round *in,
                              mmofl_round_notice *out)
{
    out->round = in->round;
    out->open = in->open;
    out->done = in->done;
    mmofl_status st =
        mmofl_read_digest(p, "config", &in->config_digest, false, &out->config);
    return st ? st
              : mmofl_read_digest(p, "model", &in->model_digest, true, &out->model);
}

mmofl_status mmofl_write_round(mmofl_passage *p, const mmofl_round_notice *in,
                               Mmofl__Wire__Round *out)
{
    (void)p;
    assert(!mmofl_digest_is_none(&in->config));
    out->round = in->round;
    out->open = in->open;
    out->done = in->done;
    out->config_digest = mmofl_write_digest(&in->config);
    out->model_digest = mmofl_write_digest(&in->model);
    return MMOFL_OK;
}

mmofl_status mmofl_read_decline(mmofl_passage *p, const Mmofl__Wire__Decline *in,
                                mmofl_decline *out)
{
    if (in->round == 0)
        return mmofl_fail(p->err, MMOFL_E_RANGE, "round 0 cannot be declined");
    mmofl_status st = read_status(p, in->status, false, &out->status);
    if (!st)
        st = mmofl_read_text(p, "text", in->text, 0, MMOFL_WIRE_TEXT_BYTES, true);
    out->round = in->round;
    out->text = in->text;
    return st;
}

mmofl_status mmofl_write_decline(mmofl_passage *p, const mmofl_decline *in,
                                 Mmofl__Wire__Decline *out)
{
    assert(in->round >= 1 && in->status != MMOFL_OK);
    out->round = in->round;
    out->status = status_name(in->status);
    out->text = mmofl_write_text(p, in->text, MMOFL_WIRE_TEXT_BYTES, true);
    return out->text ? MMOFL_OK : MMOFL_E_MEMORY;
}

/* ---- care ------------------------------------------------------------------------ */

static mmofl_status read_object_id(mmofl_passage *p, const ProtobufCBinaryData *in,
                                   mmofl_object_id *out)
{
    if (in->len != sizeof out->bytes)
        return mmofl_fail(p->err, MMOFL_E_COUNT, "the name of an object with %zu bytes",
                          in->len);
    memcpy(out->bytes, in->data, sizeof out->bytes);
    return MMOFL_OK;
}

mmofl_status mmofl_read_ack(mmofl_passage *p, const Mmofl__Wire__Ack *in,
                            mmofl_ack *out)
{
    mmofl_status st = read_object_id(p, &in->object, &out->object);
    if (!st)
        st = read_status(p, in->status, true, &out->status);
    if (!st)
        st = mmofl_read_text(p, "text", in->text, 0, MMOFL_WIRE_LINE_BYTES, true);
    out->text = in->text;
    return st;
}

mmofl_status mmofl_write_ack(mmofl_passage *p, const mmofl_ack *in,
                             Mmofl__Wire__Ack *out)
{
    out->object = mmofl_wire_bytes(in->object.bytes, sizeof in->object.bytes);
    out->status = status_name(in->status);
    out->text = mmofl_write_text(p, in->text, MMOFL_WIRE_LINE_BYTES, true);
    return out->text ? MMOFL_OK : MMOFL_E_MEMORY;
}

mmofl_status mmofl_read_want(mmofl_passage *p, const Mmofl__Wire__Want *in,
                             mmofl_want *out)
{
    mmofl_status st = read_object_id(p, &in->object, &out->object);
    if (st)
        return st;
    if (in->n_from != in->n_to)
        return mmofl_fail(p->err, MMOFL_E_COUNT,
                          "%zu beginnings and %zu ends of ranges", in->n_from,
                          in->n_to);
    if (in->n_from > MMOFL_WIRE_RANGES)
        return mmofl_fail(p->err, MMOFL_E_LIMIT, "%zu ranges, wanted at most %d",
                          in->n_from, MMOFL_WIRE_RANGES);
    if (in->chunk_bytes == 0)
        return mmofl_fail(p->err, MMOFL_E_RANGE, "chunks of no bytes");
    out->chunk_bytes = in->chunk_bytes;
    out->n = (int)in->n_from;
    uint64_t least = 0;
    for (int i = 0; i < out->n; i++) {
        if (in->from[i] < least || in->to[i] < in->from[i])
            return mmofl_fail(p->err, MMOFL_E_RANGE,
                              "ranges of chunks that do not rise");
        out->first[i] = in->from[i];
        out->last[i] = in->to[i];
        least = (uint64_t)in->to[i] + 1;
    }
    return MMOFL_OK;
}

mmofl_status mmofl_write_want(mmofl_passage *p, const mmofl_want *in,
                              Mmofl__Wire__Want *out)
{
    assert(in->n >= 0 && in->n <= MMOFL_WIRE_RANGES && in->chunk_bytes > 0);
    size_t n = (size_t)in->n;
    out->object = mmofl_wire_bytes(in->object.bytes, sizeof in->object.bytes);
    out->chunk_bytes = in->chunk_bytes;
    if (n == 0)
        return MMOFL_OK;
    if (!(out->from = MMOFL_WIRE_NEW(p->memory, 2 * n, uint32_t)))
        return MMOFL_E_MEMORY;
    out->to = out->from + n;
    out->n_from = out->n_to = n;
    memcpy(out->from, in->first, n * sizeof *out->from);
    memcpy(out->to, in->last, n * sizeof *out->to);
    return MMOFL_OK;
}

mmofl_status mmofl_read_heartbeat(mmofl_passage *p, const Mmofl__Wire__Heartbeat *in,
                                  mmofl_heartbeat *out)
{
    out->round = in->round;
    out->samples = in->samples;
    out->uptime_s = in->uptime_s;
    return mmofl_read_real(p, "uptime_s", in->uptime_s, 0, 1e12);
}

mmofl_status mmofl_write_heartbeat(mmofl_passage *p, const mmofl_heartbeat *in,
                                   Mmofl__Wire__Heartbeat *out)
{
    (void)p;
    assert(isfinite(in->uptime_s) && in->uptime_s >= 0);
    out->round = in->round;
    out->samples = in->samples;
    out->uptime_s = in->uptime_s;
    return MMOFL_OK;
}

mmofl_status mmofl_read_bye(mmofl_passage *p, const Mmofl__Wire__Bye *in,
                            mmofl_bye *out)
{
    out->reason = in->reason;
    return mmofl_read_text(p, "reason", in->reason, 0, MMOFL_WIRE_LINE_BYTES, true);
}

mmofl_status mmofl_write_bye(mmofl_passage *p, const mmofl_bye *in,
                             Mmofl__Wire__Bye *out)
{
    out->reason = mmofl_write_text(p, in->reason, MMOFL_WIRE_LINE_BYTES, true);
    return out->reason ? MMOFL_OK : MMOFL_E_MEMORY;
}
