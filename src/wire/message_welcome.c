/* message_welcome.c - what a device must know before it can learn. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/digest_parts.h"
#include "wire/frames.h"
#include "wire/message_parts.h"

enum { MOST_VALUES = 1 << 26, MOST_VOCABULARY = 1 << 24 };

/* Of a heartbeat or a lease: a year. */
#define MOST_SECONDS 31536000.0

static const char *const standardize_names[] = {"none", "channel", "window"};

enum { STANDARDIZE_COUNT = sizeof standardize_names / sizeof *standardize_names };

static size_t channels(const mmofl_modality *modality)
{
    return (size_t)modality->shape.dim[modality->shape.n - 1];
}

/* ---- the digest ------------------------------------------------------------------ */

mmofl_digest mmofl_welcome_digest(const mmofl_welcome *w)
{
    mmofl_hash hash;
    mmofl_hash_begin(&hash);
    mmofl_hash_text(&hash, "mmofl/1 config");
    mmofl_hash_u64(&hash, w->seed);
    mmofl_hash_text(&hash, w->config);
    mmofl_hash_u32(&hash, (uint32_t)w->n_signals);
    for (int i = 0; i < w->n_signals; i++) {
        const mmofl_signal *s = &w->signal[i];
        const mmofl_modality *m = &s->modality;
        mmofl_hash_text(&hash, m->name);
        mmofl_hash_text(&hash, m->unit);
        mmofl_hash_f64(&hash, m->rate_hz);
        mmofl_hash_u8(&hash, m->dtype == MMOFL_TOKENS);
        mmofl_hash_u32(&hash, (uint32_t)m->vocabulary);
        mmofl_hash_u32(&hash, (uint32_t)m->shape.n);
        for (int d = 0; d < m->shape.n; d++)
            mmofl_hash_u32(&hash, (uint32_t)m->shape.dim[d]);
        mmofl_hash_f32s(&hash, s->mean, s->mean ? channels(m) : 0);
        mmofl_hash_f32s(&hash, s->sd, s->sd ? channels(m) : 0);
    }
    mmofl_hash_u32(&hash, (uint32_t)w->n_classes);
    for (int k = 0; k < w->n_classes; k++)
        mmofl_hash_text(&hash, w->class_name[k]);
    mmofl_hash_text(&hash, standardize_names[w->standardize]);
    return mmofl_hash_end(&hash);
}

mmofl_digest mmofl_layout_digest(const mmofl_model *model)
{
    mmofl_parameter p;
    mmofl_hash hash;
    mmofl_hash_begin(&hash);
    mmofl_hash_text(&hash, "mmofl/1 layout");
    mmofl_hash_u64(&hash, model->n_parameters);
    for (int i = 0; mmofl_model_parameter(model, i, &p); i++) {
        mmofl_hash_text(&hash, p.name);
        mmofl_hash_u64(&hash, p.offset);
        mmofl_hash_u32(&hash, (uint32_t)p.plan->n_dims);
        for (int d = 0; d < p.plan->n_dims; d++) {
            mmofl_hash_u64(&hash, p.plan->dim[d]);
            mmofl_hash_u32(&hash, (uint32_t)p.plan->axis[d]);
        }
    }
    return mmofl_hash_end(&hash);
}

/* ---- signals --------------------------------------------------------------------- */

static mmofl_status read_shape(mmofl_passage *p, const Mmofl__Wire__Signal *in,
                               mmofl_shape *out)
{
    if (in->n_shape < 1 || in->n_shape > MMOFL_MAX_DIMS)
        return mmofl_fail(p->err, MMOFL_E_COUNT, "signal %s of %zu dimensions",
                          in->name, in->n_shape);
    *out = (mmofl_shape){.n = (int)in->n_shape};
    size_t count = 1;
    for (int i = 0; i < out->n; i++) {
        if (in->shape[i] == 0 || !mmofl_bytes_product(count, in->shape[i], &count) ||
            count > MOST_VALUES)
            return mmofl_fail(p->err, MMOFL_E_RANGE,
                              "a sample of signal %s has none or more than %d values",
                              in->name, MOST_VALUES);
        out->dim[i] = (int)in->shape[i];
    }
    return MMOFL_OK;
}

/* Mean and spread by channel, which measured values have and ids do not. */
static mmofl_status read_scale(mmofl_passage *p, const Mmofl__Wire__Signal *in,
                               mmofl_signal *out)
{
    if (in->tokens) {
        if (in->mean.len > 0 || in->sd.len > 0)
            return mmofl_fail(p->err, MMOFL_E_COUNT, "a mean of ids: signal %s",
                              in->name);
        return MMOFL_OK;
    }
    float *mean, *sd;
    size_t n = channels(&out->modality);
    mmofl_status st = mmofl_read_float_bytes(p, "a signal's mean", &in->mean, n, &mean);
    if (!st)
        st = mmofl_read_float_bytes(p, "a signal's sd", &in->sd, n, &sd);
    if (st)
        return st;
    for (size_t c = 0; c < n; c++)
        if (!(sd[c] > 0))
            return mmofl_fail(p->err, MMOFL_E_RANGE, "signal %s: sd %g, wanted > 0",
                              in->name, (double)sd[c]);
    out->mean = mean;
    out->sd = sd;
    return MMOFL_OK;
}

static mmofl_status read_signal(mmofl_passage *p, const Mmofl__Wire__Signal *in,
                                mmofl_signal *out)
{
    mmofl_modality *m = &out->modality;
    mmofl_status st =
        mmofl_read_text(p, "a signal's name", in->name, 1, sizeof m->name - 1, false);
    if (!st)
        st = mmofl_read_text(p, "a unit", in->unit, 0, sizeof m->unit - 1, false);
    if (!st)
        st = mmofl_read_real(p, "rate_hz", in->rate_hz, 0, 1e12);
    if (!st)
        st = read_shape(p, in, &m->shape);
    if (st)
        return st;
    bool fits = in->tokens ? in->vocabulary >= 2 && in->vocabulary <= MOST_VOCABULARY
                           : in->vocabulary == 0;
    if (!fits)
        return mmofl_fail(p->err, MMOFL_E_RANGE, "signal %s: a vocabulary of %u",
                          in->name, in->vocabulary);
    memcpy(m->name, in->name, strlen(in->name) + 1);
    memcpy(m->unit, in->unit, strlen(in->unit) + 1);
    m->rate_hz = in->rate_hz;
    m->dtype = in->tokens ? MMOFL_TOKENS : MMOFL_F32;
    m->vocabulary = (int)in->vocabulary;
    return read_scale(p, in, out);
}

static mmofl_status read_signals(mmofl_passage *p, const Mmofl__Wire__Welcome *in,
                                 mmofl_welcome *out)
{
    if (in->n_signals < 1 || in->n_signals > MMOFL_MAX_MODALITIES)
        return mmofl_fail(p->err, MMOFL_E_COUNT, "%zu signals, wanted 1 to %d",
                          in->n_signals, MMOFL_MAX_MODALITIES);
    mmofl_signal *signal = MMOFL_WIRE_NEW(p->memory, in->n_signals, mmofl_signal);
    if (!signal)
        return mmofl_fail(p->err, MMOFL_E_MEMORY, "no memory for signals");
    for (size_t i = 0; i < in->n_signals; i++) {
        mmofl_status st = read_signal(p, in->signals[i], &signal[i]);
        for (size_t j = 0; !st && j < i; j++)
            if (strcmp(signal[j].modality.name, signal[i].modality.name) == 0)
                st = mmofl_fail(p->err, MMOFL_E_DUPLICATE, "signal %s twice",
                                in->signals[i]->name);
        if (st)
            return st;
    }
    out->n_signals = (int)in->n_signals;
    out->signal = signal;
    return MMOFL_OK;
}

static Mmofl__Wire__Signal *write_signal(mmofl_passage *p, const mmofl_signal *in)
{
    const mmofl_modality *m = &in->modality;
    size_t dims = (size_t)m->shape.n, n = channels(m);
    Mmofl__Wire__Signal *out = MMOFL_WIRE_NEW(p->memory, 1, Mmofl__Wire__Signal);
    uint32_t *shape = MMOFL_WIRE_NEW(p->memory, dims, uint32_t);
    if (!out || !shape)
        return NULL;
    mmofl__wire__signal__init(out);
    out->name = mmofl_wire_text(m->name);
    out->unit = mmofl_wire_text(m->unit);
    out->rate_hz = m->rate_hz;
    out->tokens = m->dtype == MMOFL_TOKENS;
    out->vocabulary = out->tokens ? (uint32_t)m->vocabulary : 0;
    out->n_shape = dims;
    out->shape = shape;
    for (size_t d = 0; d < dims; d++)
        shape[d] = (uint32_t)m->shape.dim[d];
    if (out->tokens)
        return out;
    assert(in->mean && in->sd);
    out->mean = mmofl_write_float_bytes(p, in->mean, n);
    out->sd = mmofl_write_float_bytes(p, in->sd, n);
    return out->mean.data && out->sd.data ? out : NULL;
}

/* ---- classes --------------------------------------------------------------------- */

static mmofl_status read_classes(mmofl_passage *p, const Mmofl__Wire__Welcome *in,
                                 mmofl_welcome *out)
{
    if (in->n_classes < 2 || in->n_classes > MMOFL_MAX_CLASSES)
        return mmofl_fail(p->err, MMOFL_E_COUNT, "%zu classes, wanted 2 to %d",
                          in->n_classes, MMOFL_MAX_CLASSES);
    char(*name)[MMOFL_NAME_BYTES] =
        mmofl_wire_take(p->memory, in->n_classes, sizeof *name);
    if (!name)
        return mmofl_fail(p->err, MMOFL_E_MEMORY, "no memory for classes");
    for (size_t k = 0; k < in->n_classes; k++) {
        mmofl_status st = mmofl_read_text(p, "a class's name", in->classes[k], 1,
                                          sizeof name[k] - 1, false);
        if (st)
            return st;
        memcpy(name[k], in->classes[k], strlen(in->classes[k]) + 1);
    }
    out->n_classes = (int)in->n_classes;
    out->class_name = (const char(*)[MMOFL_NAME_BYTES])name;
    return MMOFL_OK;
}

/* ---- how to send ----------------------------------------------------------------- */

static mmofl_status read_coding(mmofl_passage *p, const Mmofl__Wire__UpdateCoding *in,
                                mmofl_update_coding *out)
{
    *out = (mmofl_update_coding){0};
    if (!in)
        return MMOFL_OK;
    if (in->dtype != MMOFL__WIRE__DTYPE__F32 && in->dtype != MMOFL__WIRE__DTYPE__F16 &&
        in->dtype != MMOFL__WIRE__DTYPE__I8)
        return mmofl_fail(p->err, MMOFL_E_UNKNOWN, "updates of dtype %d",
                          (int)in->dtype);
    out->difference = in->difference;
    out->coding = (mmofl_wire_coding){(mmofl_wire_dtype)in->dtype, in->top};
    if (!isfinite(in->top))
        return mmofl_fail(p->err, MMOFL_E_NONFINITE, "top is %g", in->top);
    if (mmofl_wire_coding_check(out->coding))
        return mmofl_fail(p->err, MMOFL_E_RANGE, "top is %g, wanted 0 to 1", in->top);
    if (!in->difference && (out->coding.dtype != MMOFL_WIRE_F32 || in->top > 0))
        return mmofl_fail(p->err, MMOFL_E_TYPE,
                          "a lossy coding of what is no difference");
    return MMOFL_OK;
}

static mmofl_status read_standardize(mmofl_passage *p, const char *name,
                                     mmofl_standardize *out)
{
    for (int i = 0; i < STANDARDIZE_COUNT; i++)
        if (strcmp(name, standardize_names[i]) == 0) {
            *out = (mmofl_standardize)i;
            return MMOFL_OK;
        }
    return mmofl_fail(p->err, MMOFL_E_UNKNOWN, "standardize is none of %s",
                      MMOFL_STANDARDIZE_CHOICES);
}

/* ---- the whole ------------------------------------------------------------------- */

mmofl_status mmofl_read_welcome(mmofl_passage *p, const Mmofl__Wire__Welcome *in,
                                mmofl_welcome *out)
{
    if (in->version < MMOFL_WIRE_OLDEST_VERSION || in->version > MMOFL_WIRE_VERSION)
        return mmofl_fail(p->err, MMOFL_E_RANGE, "protocol %u, wanted %d", in->version,
                          MMOFL_WIRE_VERSION);
    mmofl_status st =
        mmofl_read_text(p, "config", in->config, 1, MMOFL_WIRE_CONFIG_BYTES, true);
    if (!st)
        st = mmofl_read_digest(p, "config", &in->config_digest, false,
                               &out->config_digest);
    if (!st)
        st = read_signals(p, in, out);
    if (!st)
        st = read_classes(p, in, out);
    if (!st)
        st = read_standardize(p, in->standardize, &out->standardize);
    if (!st)
        st = mmofl_read_real(p, "heartbeat_s", in->heartbeat_s, 1e-3, MOST_SECONDS);
    if (!st)
        st = mmofl_read_real(p, "lease_s", in->lease_s, in->heartbeat_s, MOST_SECONDS);
    if (!st)
        st = read_coding(p, in->coding, &out->coding);
    if (!st)
        st = mmofl_read_digest(p, "layout", &in->layout_digest, true, &out->layout);
    if (st)
        return st;
    out->version = in->version;
    out->device = in->device;
    out->seed = in->seed;
    out->config = in->config;
    out->heartbeat_s = in->heartbeat_s;
    out->lease_s = in->lease_s;
    mmofl_digest digest = mmofl_welcome_digest(out);
    if (!mmofl_digest_equal(&digest, &out->config_digest))
        return mmofl_fail(p->err, MMOFL_E_DIGEST,
                          "the config is not that of its digest");
    return MMOFL_OK;
}

static mmofl_status write_lists(mmofl_passage *p, const mmofl_welcome *in,
                                Mmofl__Wire__Welcome *out)
{
    out->n_signals = (size_t)in->n_signals;
    out->n_classes = (size_t)in->n_classes;
    out->signals = MMOFL_WIRE_NEW(p->memory, out->n_signals, Mmofl__Wire__Signal *);
    out->classes = MMOFL_WIRE_NEW(p->memory, out->n_classes, char *);
    if (!out->signals || !out->classes)
        return MMOFL_E_MEMORY;
    for (size_t i = 0; i < out->n_signals; i++)
        if (!(out->signals[i] = write_signal(p, &in->signal[i])))
            return MMOFL_E_MEMORY;
    for (size_t k = 0; k < out->n_classes; k++)
        out->classes[k] = mmofl_wire_text(in->class_name[k]);
    return MMOFL_OK;
}

mmofl_status mmofl_write_welcome(mmofl_passage *p, const mmofl_welcome *in,
                                 Mmofl__Wire__Welcome *out)
{
    assert(in->heartbeat_s > 0 && in->lease_s >= in->heartbeat_s);
    out->version = in->version;
    out->device = in->device;
    out->seed = in->seed;
    out->config = mmofl_wire_text(in->config);
    out->config_digest = mmofl_write_digest(&in->config_digest);
    out->standardize = mmofl_wire_text(standardize_names[in->standardize]);
    out->heartbeat_s = in->heartbeat_s;
    out->lease_s = in->lease_s;
    out->layout_digest = mmofl_write_digest(&in->layout);
    out->coding = MMOFL_WIRE_NEW(p->memory, 1, Mmofl__Wire__UpdateCoding);
    if (!out->coding)
        return MMOFL_E_MEMORY;
    mmofl__wire__update_coding__init(out->coding);
    out->coding->difference = in->coding.difference;
    out->coding->dtype = (Mmofl__Wire__Dtype)in->coding.coding.dtype;
    out->coding->top = in->coding.coding.top;
    return write_lists(p, in, out);
}
