/* lstm.c - long short-term memory.  With a_k = W_ik x + b_ik + W_hk h + b_hk:
 *
 *   i = sigmoid(a_i)   f = sigmoid(a_f)   g = tanh(a_g)   o = sigmoid(a_o)
 *   c' = f c + i g     h' = o tanh c'
 *
 * A state is h and c, one after the other; tanh c' is kept, so that nobody computes it
 * twice.  Derivatives, with d' that by h', and e' = (that by c') + d' o (1 - tanh^2
 * c'):
 *
 *   by a_i: e' g i (1 - i)     by a_f: e' c f (1 - f)     by a_g: e' i (1 - g^2)
 *   by a_o: d' tanh c' o (1 - o)          by c: e' f      by h, beside W_hh: 0 */
#include "nn/kernels/vector_math.h"
#include "nn/layers/recurrent.h"

static void step_forward(size_t units, float *kept, const float *before, float *after)
{
    float *i = kept, *f = i + units, *g = f + units, *o = g + units,
          *tanh_c = o + units;
    const float *c = before + units;
    float *next_h = after, *next_c = after + units;
#pragma omp simd
    for (size_t u = 0; u < units; u++) {
        i[u] = vsigmoid(i[u]);
        f[u] = vsigmoid(f[u]);
        g[u] = vtanh(g[u]);
        o[u] = vsigmoid(o[u]);
        next_c[u] = mla(f[u], c[u], i[u] * g[u]);
        tanh_c[u] = vtanh(next_c[u]);
        next_h[u] = o[u] * tanh_c[u];
    }
}

static void step_backward(size_t units, float *kept, const float *before, float *dstate)
{
    float *i = kept, *f = i + units, *g = f + units, *o = g + units;
    const float *tanh_c = o + units, *c = before + units;
    float *dh = dstate, *dc = dstate + units;
#pragma omp simd
    for (size_t u = 0; u < units; u++) {
        float iu = i[u], fu = f[u], gu = g[u], ou = o[u], tu = tanh_c[u];
        float e = mla(dh[u] * ou, mla(-tu, tu, 1.0f), dc[u]);
        i[u] = e * gu * iu * (1.0f - iu);
        f[u] = e * c[u] * fu * (1.0f - fu);
        g[u] = e * iu * mla(-gu, gu, 1.0f);
        o[u] = dh[u] * tu * ou * (1.0f - ou);
        dh[u] = 0;
        dc[u] = e * fu;
    }
}

static const mmofl_recurrent_cell cell = {.gates = 4,
                                          .apart = 0,
                                          .kept = 5,
                                          .state = 2,
                                          .forward = step_forward,
                                          .backward = step_backward};

MMOFL_RECURRENT_KIND(lstm,
                     "long short-term memory over time; for several layers, several "
                     "entries, all but the last with return: sequence",
                     "PyTorch LSTM, one layer");
