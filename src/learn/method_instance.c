/* method_instance.c - between the hooks of a pass and a method's functions. */
#include "learn/method_instance.h"

static void fuse(void *context, const mmofl_batch *batch, int from, int n, mmofl_span z)
{
    mmofl_method_instance *m = context;
    m->kind->fuse(m->state, batch, from, n, z);
}

static void add_gradient(void *context, const mmofl_batch *batch, int from, int n,
                         mmofl_span z, mmofl_span dz)
{
    mmofl_method_instance *m = context;
    m->kind->add_gradient(m->state, batch, from, n, z, dz, &m->loss);
}

/* What a method sees at test time: masks, and no label. */
static void fuse_test(void *context, const mmofl_batch *batch, int from, int n,
                      mmofl_span z)
{
    mmofl_method_instance *m = context;
    m->kind->fuse_test(m->state, batch->mask + from, n, z);
}

mmofl_status mmofl_method_instance_init(mmofl_method_instance *m,
                                        const mmofl_pick *pick,
                                        const mmofl_model *model, int batch,
                                        mmofl_arena *arena)
{
    const mmofl_method_kind *kind = mmofl_method_of(pick);
    mmofl_method_setup setup = {model, pick->options.bytes, batch, arena};
    *m = (mmofl_method_instance){
        .kind = kind,
        .training = {.fused = kind->fuse ? fuse : NULL,
                     .gradient = kind->add_gradient ? add_gradient : NULL,
                     .context = m},
        .testing = {.fused = kind->fuse_test ? fuse_test : NULL, .context = m}};
    if (!kind->make)
        return MMOFL_OK;
    m->state = kind->make(&setup);
    return m->state ? MMOFL_OK : MMOFL_E_MEMORY;
}

void mmofl_method_instance_drop(mmofl_method_instance *m)
{
    if (m->state && m->kind->drop)
        m->kind->drop(m->state);
    m->state = NULL;
}

void mmofl_method_instance_begin(mmofl_method_instance *m,
                                 const mmofl_method_round *round)
{
    if (m->kind->begin_round)
        m->kind->begin_round(m->state, round);
}

void mmofl_method_instance_train(mmofl_method_instance *m, mmofl_batch *batch)
{
    m->loss = (mmofl_method_loss){0};
    batch->zeros = m->kind->zeros;
    batch->hooks = &m->training;
    if (m->kind->begin_batch)
        m->kind->begin_batch(m->state, batch);
}

void mmofl_method_instance_test(mmofl_method_instance *m, mmofl_batch *batch)
{
    batch->zeros = m->kind->zeros;
    batch->hooks = &m->testing;
}

double mmofl_method_instance_end(mmofl_method_instance *m, const mmofl_batch *batch,
                                 const float *w, mmofl_gradient *g)
{
    if (m->kind->end_batch)
        m->kind->end_batch(m->state, batch, w, g, &m->loss);
    return m->loss.terms;
}
