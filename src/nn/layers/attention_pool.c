/* attention_pool.c - rows pooled with weights that several heads give them:
 *
 *   u = tanh(W1 x + b1)   (T,A)        a = softmax over the rows of W2 u + b2   (T,H)
 *   y[h,:] = sum_t a[t,h] x[t,:]       (H,C): the heads one after the other
 *
 * Shapes: T rows, C channels, A hidden units, H heads.  Additive attention is that of
 * Bahdanau et al. 2015, several heads that share u that of Lin et al. 2017; with 128
 * channels, 512 hidden units and 6 heads it is FedMultimodal's fusion (Feng et al. KDD
 * 2023, FuseBaseSelfAttention), which tells absent rows by given lengths where we tell
 * them by their zeros.  They get the score minus infinity.  Backwards, from dy (H,C):
 *
 *   da[t,h] = x[t,:] . dy[h,:]                  de = a (da - sum_t' a da)
 *   du = (de W2^T) (1 - u^2)
 *   dx[t,:] = du[t,:] W1^T + sum_h a[t,h] dy[h,:]
 *
 * A row without weight has de = 0 and so no part in any gradient. */
#include <math.h>

#include "nn/kernels/vector_math.h"
#include "nn/layers/absent_rows.h"
#include "nn/layers/affine_map.h"
#include "nn/layers/layers.h"

enum { MAX_HEADS = 64 };

typedef struct attention_options {
    int heads, hidden;
    bool masked;
} attention_options;

static const mmofl_option options[] = {
    MMOFL_INT_OPTION(attention_options, heads, 1, MAX_HEADS, "1",
                     "sets of weights; each gives a pooled row"),
    MMOFL_INT_OPTION(attention_options, hidden, 1, 65536, NULL,
                     "hidden units that the weights come from"),
    MMOFL_BOOL_OPTION(attention_options, masked, "true", "leave out rows of zeros"),
};

enum { HIDDEN_WEIGHT, HIDDEN_BIAS, HEADS_WEIGHT, HEADS_BIAS };

typedef struct sizes {
    size_t rows, channels, hidden, heads;
} sizes;

static sizes sizes_of(const mmofl_layer *layer)
{
    const attention_options *o = layer->options;
    return (sizes){.rows = mmofl_shape_rows(layer->in),
                   .channels = mmofl_shape_channels(layer->in),
                   .hidden = (size_t)o->hidden,
                   .heads = (size_t)o->heads};
}

/* Scratch: what does not depend on samples first, then arrays over all of them. */
typedef struct parts {
    float *w1_back; /* (A,C) W1 transposed */
    float *w2_back; /* (H,A) W2 transposed */
    float *turned;  /* (C,H) dy of one sample, transposed */
    float *u, *du;  /* (n,T,A) */
    float *a, *de;  /* (n,T,H) */
} parts;

static parts parts_of(const sizes *d, const mmofl_layer_run *run)
{
    size_t n = (size_t)run->capacity;
    parts p = {.w1_back = run->scratch};
    p.w2_back = p.w1_back + d->hidden * d->channels;
    p.turned = p.w2_back + d->heads * d->hidden;
    p.u = p.turned + d->channels * d->heads;
    p.du = p.u + n * d->rows * d->hidden;
    p.a = p.du + n * d->rows * d->hidden;
    p.de = p.a + n * d->rows * d->heads;
    return p;
}

/* The two linear maps, and what undoes their direction. */
static mmofl_affine_map map_between(size_t rows, size_t in, size_t out)
{
    return (mmofl_affine_map){.rows = rows, .step = in, .depth = in, .channels = out};
}

static mmofl_status plan(mmofl_layer *layer, mmofl_error *err)
{
    if (layer->in.n < 2) {
        char shape[64];
        mmofl_shape_text(layer->in, shape, sizeof shape);
        return mmofl_fail(err, MMOFL_E_SHAPE,
                          "attention_pool wants an input (rows, channels), not %s",
                          shape);
    }
    sizes d = sizes_of(layer);
    layer->out = (mmofl_shape){1, {(int)(d.heads * d.channels)}};
    affine_map_add_tensors(layer, "hidden.weight", "hidden.bias", d.channels, d.hidden);
    affine_map_add_tensors(layer, "heads.weight", "heads.bias", d.hidden, d.heads);
    layer->fixed_scratch =
        d.hidden * d.channels + d.heads * d.hidden + d.channels * d.heads;
    layer->sample_scratch = 2 * d.rows * (d.hidden + d.heads);
    double to_hidden = 2.0 * (double)(d.rows * d.channels * d.hidden);
    double to_heads = 2.0 * (double)(d.rows * d.hidden * d.heads);
    double pooling = 2.0 * (double)(d.rows * d.heads * d.channels);
    layer->flops = to_hidden + to_heads + pooling;
    layer->dw_flops = to_hidden + 2 * to_heads + pooling;
    layer->dx_flops = to_hidden + pooling;
    return MMOFL_OK;
}

static void prepare(const mmofl_layer *layer, const mmofl_layer_run *run,
                    const float *w)
{
    if (!run->training)
        return;
    sizes d = sizes_of(layer);
    parts p = parts_of(&d, run);
    mmofl_transpose_all(run->ops, p.w2_back, w + layer->tensor[HEADS_WEIGHT].offset,
                        d.hidden, d.heads);
    if (run->wants_dx)
        mmofl_transpose_all(run->ops, p.w1_back, w, d.channels, d.hidden);
}

/* ---------------------------------------------------------------- forward */

static void tanh_all(float *u, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        u[i] = vtanh(u[i]);
}

/* Scores e (T,H) of one sample become weights: softmax over the rows of each head.
 * A sample without any row gets no weights at all. */
static void soften(const sizes *d, bool masked, const float *x, float *e)
{
    float top[MAX_HEADS], sum[MAX_HEADS];
    for (size_t h = 0; h < d->heads; h++)
        top[h] = -HUGE_VALF, sum[h] = 0;
    for (size_t t = 0; t < d->rows; t++) {
        float *row = e + t * d->heads;
        bool absent = masked && row_is_absent(x + t * d->channels, d->channels);
        for (size_t h = 0; h < d->heads; h++) {
            row[h] = absent ? -HUGE_VALF : row[h];
            top[h] = row[h] > top[h] ? row[h] : top[h];
        }
    }
    for (size_t t = 0; t < d->rows; t++) {
        float *row = e + t * d->heads;
#pragma omp simd
        for (size_t h = 0; h < d->heads; h++) {
            float power = vexp(row[h] - top[h]);
            row[h] = row[h] == -HUGE_VALF ? 0.0f : power;
            sum[h] += row[h];
        }
    }
    for (size_t h = 0; h < d->heads; h++)
        sum[h] = sum[h] == 0 ? 0.0f : 1.0f / sum[h];
    for (size_t t = 0; t < d->rows; t++)
        for (size_t h = 0; h < d->heads; h++)
            e[t * d->heads + h] *= sum[h];
}

/* to[h,:] = sum_t weight[t,h] x[t,:] of each sample. */
static void pool(const sizes *d, const mmofl_ops *ops, int n, const float *weight,
                 mmofl_span x, mmofl_span to)
{
    ops->gemm(&(mmofl_gemm){.m = (int)d->heads,
                            .n = (int)d->channels,
                            .depth = (int)d->rows,
                            .a = weight,
                            .a_row = 1,
                            .a_step = (ptrdiff_t)d->heads,
                            .b = x.at,
                            .b_step = (ptrdiff_t)d->channels,
                            .c = to.at,
                            .c_row = (ptrdiff_t)d->channels,
                            .groups = n,
                            .a_group = (ptrdiff_t)(d->rows * d->heads),
                            .b_group = (ptrdiff_t)x.stride,
                            .c_group = (ptrdiff_t)to.stride});
}

static void forward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                    const float *w, mmofl_span x, mmofl_span y)
{
    const attention_options *o = layer->options;
    const mmofl_tensor_plan *tensor = layer->tensor;
    sizes d = sizes_of(layer);
    parts p = parts_of(&d, run);
    mmofl_affine_map to_hidden = map_between(d.rows, d.channels, d.hidden);
    mmofl_affine_map to_heads = map_between(d.rows, d.hidden, d.heads);
    affine_map_forward(&to_hidden, run->ops, n, w, w + tensor[HIDDEN_BIAS].offset, x.at,
                       x.stride, p.u, d.rows * d.hidden);
    tanh_all(p.u, (size_t)n * d.rows * d.hidden);
    affine_map_forward(&to_heads, run->ops, n, w + tensor[HEADS_WEIGHT].offset,
                       w + tensor[HEADS_BIAS].offset, p.u, d.rows * d.hidden, p.a,
                       d.rows * d.heads);
    for (size_t s = 0; s < (size_t)n; s++)
        soften(&d, o->masked, x.at + s * x.stride, p.a + s * d.rows * d.heads);
    pool(&d, run->ops, n, p.a, x, y);
}

/* ---------------------------------------------------------------- backward */

/* de (T,H) of one sample holds da and becomes the gradient of the scores. */
static void soften_back(const sizes *d, const float *a, float *de)
{
    float mean[MAX_HEADS] = {0};
    for (size_t t = 0; t < d->rows; t++)
        for (size_t h = 0; h < d->heads; h++)
            mean[h] = mla(a[t * d->heads + h], de[t * d->heads + h], mean[h]);
    for (size_t t = 0; t < d->rows; t++)
        for (size_t h = 0; h < d->heads; h++) {
            size_t i = t * d->heads + h;
            de[i] = a[i] * (de[i] - mean[h]);
        }
}

/* de of one sample from its dy. */
static void score_gradient(const sizes *d, const mmofl_ops *ops, const parts *p,
                           size_t s, const float *x, const float *dy)
{
    float *de = p->de + s * d->rows * d->heads;
    mmofl_transpose_all(ops, p->turned, dy, d->heads, d->channels);
    ops->gemm(&(mmofl_gemm){.m = (int)d->rows,
                            .n = (int)d->heads,
                            .depth = (int)d->channels,
                            .a = x,
                            .a_row = (ptrdiff_t)d->channels,
                            .a_step = 1,
                            .b = p->turned,
                            .b_step = (ptrdiff_t)d->heads,
                            .c = de,
                            .c_row = (ptrdiff_t)d->heads,
                            .groups = 1});
    soften_back(d, p->a + s * d->rows * d->heads, de);
}

static void tanh_back(float *restrict du, const float *restrict u, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        du[i] *= mla(-u[i], u[i], 1.0f);
}

/* dx[t,:] += sum_h a[t,h] dy[h,:] of each sample. */
static void add_pooled(const sizes *d, const mmofl_ops *ops, int n, const float *a,
                       mmofl_span dy, mmofl_span dx)
{
    ops->gemm(&(mmofl_gemm){.m = (int)d->rows,
                            .n = (int)d->channels,
                            .depth = (int)d->heads,
                            .a = a,
                            .a_row = (ptrdiff_t)d->heads,
                            .a_step = 1,
                            .b = dy.at,
                            .b_step = (ptrdiff_t)d->channels,
                            .c = dx.at,
                            .c_row = (ptrdiff_t)d->channels,
                            .groups = n,
                            .a_group = (ptrdiff_t)(d->rows * d->heads),
                            .b_group = (ptrdiff_t)dy.stride,
                            .c_group = (ptrdiff_t)dx.stride,
                            .accumulate = true});
}

static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw)
{
    (void)w, (void)y;
    const mmofl_tensor_plan *tensor = layer->tensor;
    sizes d = sizes_of(layer);
    parts p = parts_of(&d, run);
    size_t u_stride = d.rows * d.hidden, a_stride = d.rows * d.heads;
    for (size_t s = 0; s < (size_t)n; s++)
        score_gradient(&d, run->ops, &p, s, x.at + s * x.stride, dy.at + s * dy.stride);
    mmofl_affine_map to_heads = map_between(d.rows, d.hidden, d.heads);
    mmofl_affine_map from_heads = map_between(d.rows, d.heads, d.hidden);
    affine_map_gradient(&to_heads, run->ops, false, n, p.u, u_stride, p.de, a_stride,
                        dw + tensor[HEADS_WEIGHT].offset,
                        dw + tensor[HEADS_BIAS].offset);
    affine_map_forward(&from_heads, run->ops, n, p.w2_back, NULL, p.de, a_stride, p.du,
                       u_stride);
    tanh_back(p.du, p.u, (size_t)n * u_stride);
    mmofl_affine_map to_hidden = map_between(d.rows, d.channels, d.hidden);
    mmofl_affine_map from_hidden = map_between(d.rows, d.hidden, d.channels);
    affine_map_gradient(&to_hidden, run->ops, false, n, x.at, x.stride, p.du, u_stride,
                        dw, dw + tensor[HIDDEN_BIAS].offset);
    if (!dx.at)
        return;
    affine_map_forward(&from_hidden, run->ops, n, p.w1_back, NULL, p.du, u_stride,
                       dx.at, dx.stride);
    add_pooled(&d, run->ops, n, p.a, dy, dx);
}

const mmofl_layer_kind MMOFL_LAYER_NAME(attention_pool) = {
    .kind = {.name = "attention_pool",
             .help = "rows pooled by additive attention with several heads",
             .source = "Lin et al. 2017; FedMultimodal (Feng et al. 2023)",
             .options = options,
             .n_options = (int)MMOFL_COUNT_OF(options),
             .options_size = sizeof(attention_options)},
    .uses_x = true,
    .plan = plan,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
};
