/* gemm.c - the strided matrix product, compiled once for each instruction set.
 *
 * C is cut into strips of columns and each strip into tiles that stay in registers:
 *
 *            n: NR columns = NV vectors             a tile, depth step k:
 *        +--------+--------+-----+           B[k, j..]  =  b0  b1     (NV vectors)
 *    MR  |  tile  |  tile  |tail |     A[i,k] broadcast -> a0  += a0*b0 a0*b1
 *        +--------+--------+-----+                         a1  += a1*b0 a1*b1
 *    MR  |  tile  |  ...   |     |                         ...
 *        +--------+--------+-----+                         MR x NV accumulators
 *
 * Columns that do not fill a vector are copied into a zero-padded panel first, PANEL
 * rows of B at a time; the running sums go on from one panel to the next.  The
 * accumulator loops have constant bounds and unroll completely at -O3. */
#include <assert.h>
#include <string.h>

#if defined(__FMA__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "nn/isa.h"
#include "nn/kernels/tables.h"
#include "nn/kernels/vector_math.h"

#if defined(__AVX512F__)
enum { VECTOR = 16, MR = 8 };
#elif defined(__AVX__)
enum { VECTOR = 8, MR = 6 };
#elif defined(__aarch64__)
enum { VECTOR = 4, MR = 8 };
#else
enum { VECTOR = 4, MR = 4 };
#endif
enum { NR = 2 * VECTOR, PANEL = 128 };

/* A strip of work with the columns fixed: B and C point at its first column. */
typedef struct strip {
    int depth, groups;
    const float *a, *b, *bias;
    ptrdiff_t a_row, a_step, a_group, b_step, b_group, c_row;
    float *c;
    bool accumulate;
} strip;

#define INLINE static inline __attribute__((always_inline))

/* One vector of floats: in a register, and at any address. */
typedef float vec __attribute__((vector_size(4 * VECTOR)));
typedef float vec_anywhere
    __attribute__((vector_size(4 * VECTOR), aligned(4), may_alias));

INLINE vec load(const float *p)
{
    return *(const vec_anywhere *)p;
}

INLINE void store(float *p, vec v)
{
    *(vec_anywhere *)p = v;
}

/* acc + a*b in each lane, rounded once exactly where mla rounds once.  Spelled out: a
 * compiler that is only allowed to contract does so in most places, and where it does
 * not (behind a sanitizer's branch, say) the bits would depend on the build. */
INLINE vec multiply_add(float a, vec b, vec acc)
{
#if defined(__AVX512F__)
    return (vec)_mm512_fmadd_ps(_mm512_set1_ps(a), (__m512)b, (__m512)acc);
#elif defined(__FMA__)
    return (vec)_mm256_fmadd_ps(_mm256_set1_ps(a), (__m256)b, (__m256)acc);
#elif defined(__aarch64__)
    return (vec)vfmaq_n_f32((float32x4_t)acc, (float32x4_t)b, a);
#elif MMOFL_FUSED
    for (int j = 0; j < VECTOR; j++)
        acc[j] = mla(a, b[j], acc[j]);
    return acc;
#else
    return acc + a * b;
#endif
}

/* mr x (nv vectors) outputs; with width > 0 (then nv = 1) only `width` columns of C
 * exist. */
INLINE void tile(int mr, int nv, int width, const strip *s, int row)
{
    vec acc[MR][2];
    float *c = s->c + row * s->c_row;
    float edge[VECTOR] = {0};
#pragma GCC unroll 8
    for (int i = 0; i < mr; i++) {
        const float *start = s->accumulate ? c + i * s->c_row : s->bias;
        if (width && start) {
            for (int j = 0; j < width; j++)
                edge[j] = start[j];
            start = edge;
        }
#pragma GCC unroll 2
        for (int j = 0; j < nv; j++)
            acc[i][j] = start ? load(start + j * VECTOR) : (vec){0};
    }
    for (int g = 0; g < s->groups; g++) {
        const float *a = s->a + row * s->a_row + g * s->a_group;
        const float *b = s->b + g * s->b_group;
        for (int k = 0; k < s->depth; k++, a += s->a_step, b += s->b_step) {
            vec b0 = load(b), b1 = nv > 1 ? load(b + VECTOR) : (vec){0};
#pragma GCC unroll 8
            for (int i = 0; i < mr; i++) {
                float ai = a[i * s->a_row];
                acc[i][0] = multiply_add(ai, b0, acc[i][0]);
                if (nv > 1)
                    acc[i][1] = multiply_add(ai, b1, acc[i][1]);
            }
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < mr; i++) {
        if (width) {
            store(edge, acc[i][0]);
            for (int j = 0; j < width; j++)
                c[i * s->c_row + j] = edge[j];
            continue;
        }
#pragma GCC unroll 2
        for (int j = 0; j < nv; j++)
            store(c + i * s->c_row + j * VECTOR, acc[i][j]);
    }
}

/* All rows of a strip of nv vectors of columns. */
INLINE void rows(int nv, int width, const strip *s, int m)
{
    int i = 0;
    for (; i + MR <= m; i += MR)
        tile(MR, nv, width, s, i);
    if (MR >= 8 && i + 4 <= m) {
        tile(4, nv, width, s, i);
        i += 4;
    }
    if (i + 2 <= m) {
        tile(2, nv, width, s, i);
        i += 2;
    }
    if (MR == 6 && i + 2 <= m) {
        tile(2, nv, width, s, i);
        i += 2;
    }
    if (i < m)
        tile(1, nv, width, s, i);
}

static __attribute__((noinline)) void rows_wide(const strip *s, int m)
{
    rows(2, 0, s, m);
}

static __attribute__((noinline)) void rows_narrow(const strip *s, int m)
{
    rows(1, 0, s, m);
}

static __attribute__((noinline)) void rows_tail(const strip *s, int m, int width)
{
    rows(1, width, s, m);
}

/* The last columns, fewer than a vector: through a padded copy of B. */
static void strip_tail(strip s, int m, int width)
{
    float panel[PANEL * VECTOR];
    const strip whole = s;
    for (int g = 0; g < whole.groups; g++) {
        for (int k0 = 0; k0 < whole.depth; k0 += PANEL) {
            int depth = whole.depth - k0 < PANEL ? whole.depth - k0 : PANEL;
            const float *b = whole.b + g * whole.b_group + k0 * whole.b_step;
            for (int k = 0; k < depth; k++)
                for (int j = 0; j < VECTOR; j++)
                    panel[k * VECTOR + j] = j < width ? b[k * whole.b_step + j] : 0.0f;
            s.a = whole.a + g * whole.a_group + k0 * whole.a_step;
            s.b = panel;
            s.b_step = VECTOR;
            s.depth = depth;
            s.groups = 1;
            rows_tail(&s, m, width);
            s.accumulate = true;
        }
    }
}

/* One product with its columns cut into strips. */
static void product(const mmofl_gemm *g, const strip *whole)
{
    strip s = *whole;
    int j = 0;
    for (; j + NR <= g->n; j += NR) {
        rows_wide(&s, g->m);
        s.b += NR, s.c += NR, s.bias = s.bias ? s.bias + NR : NULL;
    }
    if (j + VECTOR <= g->n) {
        rows_narrow(&s, g->m);
        s.b += VECTOR, s.c += VECTOR, s.bias = s.bias ? s.bias + VECTOR : NULL;
        j += VECTOR;
    }
    if (j < g->n)
        strip_tail(s, g->m, g->n - j);
}

void MMOFL_ISA(mmofl_gemm_run)(const mmofl_gemm *g)
{
    assert(g->m >= 0 && g->n >= 1 && g->depth >= 1 && g->groups >= 1);
    assert(g->a && g->b && g->c);
    strip s = {.depth = g->depth,
               .groups = 1,
               .a = g->a,
               .b = g->b,
               .c = g->c,
               .bias = g->accumulate ? NULL : g->bias,
               .a_row = g->a_row,
               .a_step = g->a_step,
               .a_group = g->a_group,
               .b_step = g->b_step,
               .b_group = g->b_group,
               .c_row = g->c_row,
               .accumulate = g->accumulate};
    /* Short sums over many groups stay in the registers; long ones go group by group,
     * while the group's data are in the nearest cache. */
    if (g->groups > 1 && g->c_group == 0 && g->accumulate && g->depth < 48) {
        s.groups = g->groups;
        product(g, &s);
        return;
    }
    for (int i = 0; i < g->groups; i++) {
        product(g, &s);
        s.a += g->a_group, s.b += g->b_group, s.c += g->c_group;
    }
}
