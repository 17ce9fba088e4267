/* gru.c - gated recurrent unit.  With p_k = W_ik x + b_ik, q_k = W_hk h + b_hk:
 *
 *   r = sigmoid(p_r + q_r)      z = sigmoid(p_z + q_z)      n = tanh(p_n + r q_n)
 *   h' = (1 - z) n + z h
 *
 * q_n is kept apart, because r multiplies it (PyTorch's and cuDNN's form; Cho et al.
 * multiply h before the product).  Derivatives, with d' that by h':
 *
 *   by p_n: dn = d' (1 - z) (1 - n^2)        by p_r = q_r: dn q_n r (1 - r)
 *   by q_n: dn r                             by p_z = q_z: d' (h - n) z (1 - z)
 *   by h, beside W_hh: d' z */
#include "nn/kernels/vector_math.h"
#include "nn/layers/recurrent.h"

static void step_forward(size_t units, float *kept, const float *before, float *after)
{
    float *r = kept, *z = r + units, *n = z + units, *q = n + units;
#pragma omp simd
    for (size_t i = 0; i < units; i++) {
        r[i] = vsigmoid(r[i]);
        z[i] = vsigmoid(z[i]);
        n[i] = vtanh(mla(r[i], q[i], n[i]));
        after[i] = mla(z[i], before[i] - n[i], n[i]);
    }
}

static void step_backward(size_t units, float *kept, const float *before, float *dstate)
{
    float *r = kept, *z = r + units, *n = z + units, *q = n + units;
#pragma omp simd
    for (size_t i = 0; i < units; i++) {
        float d = dstate[i], ri = r[i], zi = z[i], ni = n[i];
        float dn = d * (1.0f - zi) * mla(-ni, ni, 1.0f);
        r[i] = dn * q[i] * ri * (1.0f - ri);
        z[i] = d * (before[i] - ni) * zi * (1.0f - zi);
        n[i] = dn;
        q[i] = dn * ri;
        dstate[i] = d * zi;
    }
}

static const mmofl_recurrent_cell cell = {.gates = 3,
                                          .apart = 1,
                                          .kept = 4,
                                          .state = 1,
                                          .forward = step_forward,
                                          .backward = step_backward};

MMOFL_RECURRENT_KIND(gru,
                     "gated recurrent unit over time; for several layers, several "
                     "entries, all but the last with return: sequence",
                     "PyTorch GRU, one layer");
