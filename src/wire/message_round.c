/* message_round.c - the model of a round, and what a device made of it. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "wire/message_parts.h"

static mmofl_expected parameter_tensor(const mmofl_passage *p, bool exact)
{
    return (mmofl_expected){"parameters", {p->limits->parameters, 0}, exact};
}

mmofl_status mmofl_read_head(mmofl_passage *p, uint64_t round,
                             const ProtobufCBinaryData *config_in,
                             const ProtobufCBinaryData *model_in, mmofl_digest *config,
                             mmofl_digest *model)
{
    if (p->limits->parameters == 0)
        return mmofl_fail(p->err, MMOFL_E_STATE, "a model, while none is known");
    if (round == 0)
        return mmofl_fail(p->err, MMOFL_E_RANGE, "round 0 has no model");
    mmofl_status st = mmofl_read_digest(p, "config", config_in, false, config);
    return st ? st : mmofl_read_digest(p, "model", model_in, false, model);
}

/* ---- Task ------------------------------------------------------------------------ */

mmofl_status mmofl_read_task(mmofl_passage *p, const Mmofl__Wire__Task *in,
                             mmofl_task *out)
{
    float *parameters, *rule, *mean = NULL;
    uint32_t *seen = NULL;
    mmofl_status st = mmofl_read_head(p, in->round, &in->config_digest,
                                      &in->model_digest, &out->config, &out->model);
    if (!st)
        st = mmofl_read_floats(p, in->parameters, parameter_tensor(p, true),
                               &parameters);
    if (!st)
        st = mmofl_read_prototypes(p, in->prototypes, &mean, &seen);
    if (!st)
        st = mmofl_read_rule(p, in->rule, p->limits->rule_down, &rule);
    if (!st)
        st = mmofl_read_real(p, "seconds_left", in->seconds_left, 0, 1e9);
    if (st)
        return st;
    mmofl_prototypes *prototypes = NULL;
    if (mean) {
        if (!(prototypes = MMOFL_WIRE_NEW(p->memory, 1, mmofl_prototypes)))
            return mmofl_fail(p->err, MMOFL_E_MEMORY, "no memory for prototypes");
        *prototypes = (mmofl_prototypes){mean, seen};
    }
    out->broadcast = (mmofl_broadcast){in->round, p->limits->parameters, parameters,
                                       prototypes, rule};
    out->seconds_left = in->seconds_left;
    out->closing = in->closing;
    return MMOFL_OK;
}

bool mmofl_task_is_same(const mmofl_task *a, const mmofl_task *b)
{
    return a->broadcast.round == b->broadcast.round && a->closing == b->closing &&
           mmofl_digest_equal(&a->model, &b->model);
}

mmofl_status mmofl_write_task(mmofl_passage *p, const mmofl_task *in,
                              Mmofl__Wire__Task *out)
{
    const mmofl_broadcast *b = &in->broadcast;
    assert(b->n_parameters == p->limits->parameters && b->round >= 1);
    assert(!b->prototypes == !p->limits->prototypes);
    assert(!b->rule == !p->limits->rule_down);
    out->round = b->round;
    out->config_digest = mmofl_write_digest(&in->config);
    out->model_digest = mmofl_write_digest(&in->model);
    out->seconds_left = in->seconds_left;
    out->closing = in->closing;
    out->parameters = mmofl_write_floats(p, b->parameters, parameter_tensor(p, true));
    if (b->prototypes)
        out->prototypes =
            mmofl_write_prototypes(p, b->prototypes->mean, b->prototypes->seen);
    if (b->rule)
        out->rule = mmofl_write_floats(p, b->rule, parameter_tensor(p, true));
    bool whole =
        out->parameters && !out->prototypes == !b->prototypes && !out->rule == !b->rule;
    return whole ? MMOFL_OK : MMOFL_E_MEMORY;
}

/* ---- Update: the report and the quality ------------------------------------------ */

mmofl_status mmofl_read_report(mmofl_passage *p, const Mmofl__Wire__Report *in,
                               mmofl_device_report *out)
{
    if (!in)
        return mmofl_fail(p->err, MMOFL_E_MISSING, "no report");
    const double losses[] = {in->fresh_loss, in->train_loss, in->whole_loss,
                             in->partial_loss, in->method_loss};
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
        if (!isfinite(losses[i]))
            return mmofl_fail(p->err, MMOFL_E_NONFINITE, "a loss is %g", losses[i]);
    if (in->fresh_correct > in->fresh)
        return mmofl_fail(p->err, MMOFL_E_RANGE, "%u of %u predicted rightly",
                          in->fresh_correct, in->fresh);
    *out = (mmofl_device_report){in->fresh,      in->fresh_correct, in->fresh_loss,
                                 in->steps,      in->train_loss,    in->whole,
                                 in->partial,    in->whole_loss,    in->partial_loss,
                                 in->method_loss};
    return MMOFL_OK;
}

void mmofl_write_report(const mmofl_device_report *in, Mmofl__Wire__Report *out)
{
    mmofl__wire__report__init(out);
    out->fresh = in->fresh;
    out->fresh_correct = in->fresh_correct;
    out->fresh_loss = in->fresh_loss;
    out->steps = in->steps;
    out->train_loss = in->train_loss;
    out->whole = in->whole;
    out->partial = in->partial;
    out->whole_loss = in->whole_loss;
    out->partial_loss = in->partial_loss;
    out->method_loss = in->method_loss;
}

static mmofl_status read_quality(mmofl_passage *p, const Mmofl__Wire__Update *in,
                                 mmofl_update_message *out)
{
    size_t n = p->limits->encoders;
    out->quality = NULL;
    if (in->n_quality == 0)
        return MMOFL_OK;
    if (in->n_quality != n)
        return mmofl_fail(p->err, MMOFL_E_COUNT,
                          "quality of %zu modalities, wanted %zu", in->n_quality, n);
    mmofl_quality *quality = MMOFL_WIRE_NEW(p->memory, n, mmofl_quality);
    if (!quality)
        return mmofl_fail(p->err, MMOFL_E_MEMORY, "no memory for quality");
    for (size_t m = 0; m < n; m++) {
        const Mmofl__Wire__Quality *q = in->quality[m];
        if (!isfinite(q->mean) || !isfinite(q->sd))
            return mmofl_fail(p->err, MMOFL_E_NONFINITE, "quality of modality %zu", m);
        if (q->sd < 0 || q->missing > q->samples || q->unlabelled > q->samples)
            return mmofl_fail(p->err, MMOFL_E_RANGE, "quality of modality %zu", m);
        quality[m] =
            (mmofl_quality){q->samples, q->missing, q->unlabelled, q->mean, q->sd};
    }
    out->quality = quality;
    return MMOFL_OK;
}

static mmofl_status write_quality(mmofl_passage *p, const mmofl_quality *in,
                                  Mmofl__Wire__Update *out)
{
    size_t n = p->limits->encoders;
    if (!in || n == 0)
        return MMOFL_OK;
    Mmofl__Wire__Quality *each = MMOFL_WIRE_NEW(p->memory, n, Mmofl__Wire__Quality);
    out->quality = MMOFL_WIRE_NEW(p->memory, n, Mmofl__Wire__Quality *);
    if (!each || !out->quality)
        return MMOFL_E_MEMORY;
    for (size_t m = 0; m < n; m++) {
        mmofl__wire__quality__init(&each[m]);
        each[m].samples = in[m].samples;
        each[m].missing = in[m].missing;
        each[m].unlabelled = in[m].unlabelled;
        each[m].mean = in[m].mean;
        each[m].sd = in[m].sd;
        out->quality[m] = &each[m];
    }
    out->n_quality = n;
    return MMOFL_OK;
}

/* ---- Update: parameters ---------------------------------------------------------- */

static bool is_lossy(const mmofl_update_coding *coding)
{
    return coding->coding.dtype != MMOFL_WIRE_F32 || coding->coding.top > 0;
}

/* The tensor, with room for what mmofl_write_update_numbers will put there. */
static Mmofl__Wire__Tensor *lay_out_parameters(mmofl_passage *p,
                                               const mmofl_update_message *in)
{
    mmofl_wire_coding coding = in->coding.coding;
    size_t kept = mmofl_wire_coding_kept(coding, p->limits->parameters);
    size_t bytes = mmofl_wire_data_bytes(coding.dtype, kept);
    Mmofl__Wire__Tensor *t = mmofl_write_tensor(p, parameter_tensor(p, false),
                                                (Mmofl__Wire__Dtype)coding.dtype);
    uint8_t *data = t ? MMOFL_WIRE_NEW(p->memory, bytes, uint8_t) : NULL;
    if (!data)
        return NULL;
    t->data = mmofl_wire_bytes(data, bytes);
    if (coding.top > 0) {
        uint8_t *index = MMOFL_WIRE_NEW(p->memory, 4 * kept, uint8_t);
        if (!index)
            return NULL;
        t->index = mmofl_wire_bytes(index, 4 * kept);
    }
    return t;
}

mmofl_status mmofl_write_update_numbers(const mmofl_passage *p,
                                        const mmofl_update_message *in,
                                        const Mmofl__Wire__Update *out)
{
    size_t n = p->limits->parameters;
    if (!in->coding.difference)
        return MMOFL_OK; /* they went as they are */
    float *difference = MMOFL_WIRE_NEW(p->memory, n, float);
    if (!difference)
        return MMOFL_E_MEMORY;
    for (size_t i = 0; i < n; i++)
        difference[i] = in->update.parameters[i] - in->received[i];
    const Mmofl__Wire__Tensor *t = out->parameters;
    return mmofl_wire_encode(in->coding.coding, difference, n, in->residual,
                             t->data.data, t->index.data);
}

mmofl_status mmofl_update_rebuild(mmofl_update_message *update, const float *received,
                                  const mmofl_digest *received_digest)
{
    if (!update->difference)
        return MMOFL_OK;
    if (!mmofl_digest_equal(&update->model, received_digest))
        return MMOFL_E_STALE;
    /* They are the message's own, which is the caller's. */
    float *parameters =
        (float *)(void *)mmofl_wire_bytes(update->update.parameters, 0).data;
    for (size_t i = 0; i < update->update.n_parameters; i++)
        if (!isfinite(received[i] + parameters[i]))
            return MMOFL_E_NONFINITE;
    for (size_t i = 0; i < update->update.n_parameters; i++)
        parameters[i] = received[i] + parameters[i];
    update->difference = false;
    return MMOFL_OK;
}

/* ---- Update ---------------------------------------------------------------------- */

static mmofl_status read_arrays(mmofl_passage *p, const Mmofl__Wire__Update *in,
                                mmofl_update *out)
{
    float *parameters, *rule, *sum = NULL;
    uint32_t *count = NULL;
    mmofl_status st = mmofl_read_floats(
        p, in->parameters, parameter_tensor(p, !in->difference), &parameters);
    if (!st)
        st = mmofl_read_prototypes(p, in->prototypes, &sum, &count);
    if (!st)
        st = mmofl_read_rule(p, in->rule, p->limits->rule_up, &rule);
    if (st)
        return st;
    if (in->n_recorded != p->limits->encoders)
        return mmofl_fail(p->err, MMOFL_E_COUNT, "%zu counts of recordings, wanted %zu",
                          in->n_recorded, p->limits->encoders);
    out->n_parameters = p->limits->parameters;
    out->parameters = parameters;
    out->recorded = in->recorded;
    out->rule = rule;
    out->prototypes = NULL;
    if (sum) {
        mmofl_prototype_sums *sums = MMOFL_WIRE_NEW(p->memory, 1, mmofl_prototype_sums);
        if (!sums)
            return mmofl_fail(p->err, MMOFL_E_MEMORY, "no memory for prototypes");
        *sums = (mmofl_prototype_sums){sum, count};
        out->prototypes = sums;
    }
    return MMOFL_OK;
}

mmofl_status mmofl_read_update(mmofl_passage *p, const Mmofl__Wire__Update *in,
                               mmofl_update_message *out)
{
    *out = (mmofl_update_message){.difference = in->difference};
    mmofl_status st = mmofl_read_head(p, in->round, &in->config_digest,
                                      &in->model_digest, &out->config, &out->model);
    if (!st)
        st = read_arrays(p, in, &out->update);
    if (!st)
        st = mmofl_read_report(p, in->report, &out->update.report);
    if (!st)
        st = read_quality(p, in, out);
    out->update.round = in->round;
    out->update.samples = in->samples;
    return st;
}

mmofl_status mmofl_write_update(mmofl_passage *p, const mmofl_update_message *in,
                                Mmofl__Wire__Update *out)
{
    const mmofl_update *u = &in->update;
    assert(u->n_parameters == p->limits->parameters && u->round >= 1);
    assert(!u->prototypes == !p->limits->prototypes && !u->rule == !p->limits->rule_up);
    assert(!in->coding.difference || in->received);
    if (is_lossy(&in->coding) && !in->coding.difference)
        return MMOFL_E_TYPE;
    out->round = u->round;
    out->config_digest = mmofl_write_digest(&in->config);
    out->model_digest = mmofl_write_digest(&in->model);
    out->difference = in->coding.difference;
    out->samples = u->samples;
    out->n_recorded = p->limits->encoders;
    out->recorded = (uint32_t *)(void *)mmofl_wire_bytes(u->recorded, 0).data;
    out->parameters = out->difference ? lay_out_parameters(p, in)
                                      : mmofl_write_floats(p, u->parameters,
                                                           parameter_tensor(p, true));
    if (u->prototypes)
        out->prototypes =
            mmofl_write_prototypes(p, u->prototypes->sum, u->prototypes->count);
    if (u->rule)
        out->rule = mmofl_write_floats(p, u->rule, parameter_tensor(p, true));
    out->report = MMOFL_WIRE_NEW(p->memory, 1, Mmofl__Wire__Report);
    if (out->report)
        mmofl_write_report(&u->report, out->report);
    bool whole = out->parameters && out->report && !out->prototypes == !u->prototypes &&
                 !out->rule == !u->rule;
    return whole ? write_quality(p, in->quality, out) : MMOFL_E_MEMORY;
}
