/* gated_sum.c - rows added up through gates that see all of them:
 *
 *   g = sigmoid(W vec(x) + b)   (M,C)        y[c] = sum_m g[m,c] x[m,c]   (C)
 *
 * Shapes: M rows (stacked modalities), C channels; W (M*C, M*C).  The gated multimodal
 * unit of Arevalo et al. 2017 for any number of modalities, with the encoders in place
 * of its tanh maps.  An absent row adds nothing, and the gates see its zeros.
 *
 *   dp = dy x g (1 - g)        dx = W^T dp + g dy */
#include "nn/kernels/vector_math.h"
#include "nn/layers/affine_map.h"
#include "nn/layers/layers.h"

/* Scratch: W transposed, then for all samples the gates and their gradient. */
typedef struct parts {
    float *w_back;          /* (M*C, M*C) */
    float *g, *dp;          /* (n, M*C) */
    size_t channels, count; /* C, M*C */
} parts;

static parts parts_of(const mmofl_layer *layer, const mmofl_layer_run *run)
{
    size_t count = mmofl_shape_count(layer->in);
    parts p = {.w_back = run->scratch,
               .channels = mmofl_shape_channels(layer->in),
               .count = count};
    p.g = p.w_back + count * count;
    p.dp = p.g + (size_t)run->capacity * count;
    return p;
}

static mmofl_affine_map map_of(size_t count)
{
    return (mmofl_affine_map){
        .rows = 1, .step = count, .depth = count, .channels = count};
}

static mmofl_status plan(mmofl_layer *layer, mmofl_error *err)
{
    if (layer->in.n != 2) {
        char shape[64];
        mmofl_shape_text(layer->in, shape, sizeof shape);
        return mmofl_fail(err, MMOFL_E_SHAPE,
                          "gated_sum wants an input (rows, channels), not %s", shape);
    }
    size_t count = mmofl_shape_count(layer->in);
    layer->out = (mmofl_shape){1, {layer->in.dim[1]}};
    affine_map_add_tensors(layer, "weight", "bias", count, count);
    layer->fixed_scratch = count * count;
    layer->sample_scratch = 2 * count;
    layer->flops = layer->dw_flops = layer->dx_flops = 2.0 * (double)(count * count);
    return MMOFL_OK;
}

static void prepare(const mmofl_layer *layer, const mmofl_layer_run *run,
                    const float *w)
{
    parts p = parts_of(layer, run);
    if (run->training && run->wants_dx)
        mmofl_transpose_all(run->ops, p.w_back, w, p.count, p.count);
}

static void forward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                    const float *w, mmofl_span x, mmofl_span y)
{
    parts p = parts_of(layer, run);
    mmofl_affine_map map = map_of(p.count);
    affine_map_forward(&map, run->ops, n, w, w + layer->tensor[1].offset, x.at,
                       x.stride, p.g, p.count);
#pragma omp simd
    for (size_t i = 0; i < (size_t)n * p.count; i++)
        p.g[i] = vsigmoid(p.g[i]);
    for (size_t s = 0; s < (size_t)n; s++) {
        const float *g = p.g + s * p.count, *in = x.at + s * x.stride;
        float *restrict out = y.at + s * y.stride;
        for (size_t c = 0; c < p.channels; c++)
            out[c] = 0;
        for (size_t m = 0; m < p.count; m += p.channels) {
#pragma omp simd
            for (size_t c = 0; c < p.channels; c++)
                out[c] = mla(g[m + c], in[m + c], out[c]);
        }
    }
}

static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw)
{
    (void)w, (void)y;
    parts p = parts_of(layer, run);
    mmofl_affine_map map = map_of(p.count);
    for (size_t s = 0; s < (size_t)n; s++)
        for (size_t m = 0; m < p.count; m += p.channels) {
            const float *restrict g = p.g + s * p.count + m;
            const float *restrict in = x.at + s * x.stride + m;
            const float *restrict d = dy.at + s * dy.stride;
            float *restrict dp = p.dp + s * p.count + m;
#pragma omp simd
            for (size_t c = 0; c < p.channels; c++)
                dp[c] = d[c] * in[c] * g[c] * (1.0f - g[c]);
        }
    affine_map_gradient(&map, run->ops, false, n, x.at, x.stride, p.dp, p.count, dw,
                        dw + layer->tensor[1].offset);
    if (!dx.at)
        return;
    affine_map_forward(&map, run->ops, n, p.w_back, NULL, p.dp, p.count, dx.at,
                       dx.stride);
    for (size_t s = 0; s < (size_t)n; s++)
        for (size_t m = 0; m < p.count; m += p.channels) {
            const float *restrict g = p.g + s * p.count + m;
            const float *restrict d = dy.at + s * dy.stride;
            float *restrict to = dx.at + s * dx.stride + m;
#pragma omp simd
            for (size_t c = 0; c < p.channels; c++)
                to[c] = mla(g[c], d[c], to[c]);
        }
}

const mmofl_layer_kind MMOFL_LAYER_NAME(gated_sum) = {
    .kind = {.name = "gated_sum",
             .help = "rows added up through gates that see all of them",
             .source = "Arevalo et al. 2017, gated multimodal unit"},
    .uses_x = true,
    .plan = plan,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
};
