/* gemm.c - the strided matrix product, compiled once for each instruction set.
 *
 * C is cut into strips of columns and each strip into tiles that stay in registers:
 *
 *            n: NR columns = NV vectors             a tile, depth step k:
 *        +--------+--------+-----+           B[k, j..]  =  b0  b1     (NV vectors)
 *    MR  |  tile  |  tile  |part |     A[i,k] broadcast -> a0  += a0*b0 a0*b1
 *        +--------+--------+-----+                         a1  += a1*b0 a1*b1
 *    MR  |  tile  |  ...   |     |                         ...
 *        +--------+--------+-----+                         MR x NV accumulators
 *
 * Columns that do not fill a vector are loaded and stored in part, so nothing beside
 * B and C is touched.  Groups that share B are rows of one taller product: a tile may
 * begin in one group and end in the next, so that narrow images leave no tiles half
 * empty.  The accumulator loops have constant bounds and unroll completely at -O3. */
#include <assert.h>

#if defined(__FMA__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "nn/isa.h"
#include "nn/kernels/tables.h"
#include "nn/kernels/vector_math.h"

#if defined(__AVX512F__)
#define VECTOR 16
#define MR 8
#elif defined(__AVX__)
#define VECTOR 8
#define MR 6
#elif defined(__aarch64__)
#define VECTOR 4
#define MR 8
#else
#define VECTOR 4
#define MR 4
#endif
/* Groups are taken together until they have so many rows: enough tiles, and still near.
 */
enum { NR = 2 * VECTOR, BLOCK_ROWS = 96 };

/* Rows are walked through A and C together: `m` of them, then on to the next group. */
typedef struct row_walk {
    const float *a;
    float *c;
    ptrdiff_t a_row, c_row, a_next, c_next; /* a row further; a group further, less m
                                             * rows */
    int m, left;                            /* rows of a group; those still ahead */
} row_walk;

/* What all tiles of a strip share: B and bias start at its first column. */
typedef struct strip {
    int depth, runs;
    const float *b, *bias;
    ptrdiff_t a_step, a_run, b_step, b_run;
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

/* The first 0 < width < VECTOR lanes of a vector at p; the others are anything. */
#if defined(__AVX512F__)
typedef __mmask16 lanes;
INLINE lanes lanes_of(int width)
{
    return (lanes)((1u << width) - 1);
}
INLINE vec load_part(const float *p, lanes some)
{
    return (vec)_mm512_maskz_loadu_ps(some, p);
}
INLINE void store_part(float *p, lanes some, vec v)
{
    _mm512_mask_storeu_ps(p, some, (__m512)v);
}
#elif defined(__AVX2__)
typedef __m256i lanes;
INLINE lanes lanes_of(int width)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(width),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE vec load_part(const float *p, lanes some)
{
    return (vec)_mm256_maskload_ps(p, some);
}
INLINE void store_part(float *p, lanes some, vec v)
{
    _mm256_maskstore_ps(p, some, (__m256)v);
}
#else
typedef struct lanes {
    int at[VECTOR], width; /* lanes past the width read the last one again */
} lanes;
INLINE lanes lanes_of(int width)
{
    lanes some = {.width = width};
    for (int j = 0; j < VECTOR; j++)
        some.at[j] = j < width ? j : width - 1;
    return some;
}
INLINE vec load_part(const float *p, lanes some)
{
    return (vec){p[0], p[some.at[1]], p[some.at[2]], p[some.at[3]]};
}
INLINE void store_part(float *p, lanes some, vec v)
{
    for (int j = 0; j < some.width; j++)
        p[j] = v[j];
}
#endif

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

/* Vector j of nv, of which the last may be only partly there. */
INLINE vec load_column(const float *p, int j, int nv, bool partly, lanes some)
{
    return partly && j == nv - 1 ? load_part(p + j * VECTOR, some)
                                 : load(p + j * VECTOR);
}

/* mr x (nv vectors) outputs from the walk's next row on. */
INLINE void tile(int mr, int nv, bool partly, lanes some, const strip *s, row_walk *at)
{
    vec acc[MR][2];
    const float *a[MR];
    float *c[MR];
#pragma GCC unroll 8
    for (int i = 0; i < mr; i++) {
        a[i] = at->a, c[i] = at->c;
        at->a += at->a_row, at->c += at->c_row;
        if (--at->left == 0)
            at->a += at->a_next, at->c += at->c_next, at->left = at->m;
        const float *start = s->accumulate ? c[i] : s->bias;
#pragma GCC unroll 2
        for (int j = 0; j < nv; j++)
            acc[i][j] = start ? load_column(start, j, nv, partly, some) : (vec){0};
    }
    for (int r = 0; r < s->runs; r++) {
        const float *b = s->b + r * s->b_run;
        ptrdiff_t at_k = r * s->a_run;
        for (int k = 0; k < s->depth; k++, at_k += s->a_step, b += s->b_step) {
            vec b0 = load_column(b, 0, nv, partly, some),
                b1 = nv > 1 ? load_column(b, 1, nv, partly, some) : (vec){0};
#pragma GCC unroll 8
            for (int i = 0; i < mr; i++) {
                float ai = a[i][at_k];
                acc[i][0] = multiply_add(ai, b0, acc[i][0]);
                if (nv > 1)
                    acc[i][1] = multiply_add(ai, b1, acc[i][1]);
            }
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < mr; i++) {
#pragma GCC unroll 2
        for (int j = 0; j < nv; j++) {
            if (partly && j == nv - 1)
                store_part(c[i] + j * VECTOR, some, acc[i][j]);
            else
                store(c[i] + j * VECTOR, acc[i][j]);
        }
    }
}

/* All rows of a strip of nv vectors of columns. */
INLINE void rows(int nv, bool partly, lanes some, const strip *s, row_walk at, int n)
{
    for (; n >= MR; n -= MR)
        tile(MR, nv, partly, some, s, &at);
    /* clang-format off */
    switch (n) {
#if MR > 6
    case 7: tile(7, nv, partly, some, s, &at); break;
    case 6: tile(6, nv, partly, some, s, &at); break;
#endif
#if MR > 4
    case 5: tile(5, nv, partly, some, s, &at); break;
    case 4: tile(4, nv, partly, some, s, &at); break;
#endif
    case 3: tile(3, nv, partly, some, s, &at); break;
    case 2: tile(2, nv, partly, some, s, &at); break;
    case 1: tile(1, nv, partly, some, s, &at); break;
    default: break;
    }
    /* clang-format on */
}

static __attribute__((noinline)) void rows_wide(const strip *s, const row_walk *at,
                                                int n)
{
    rows(2, false, lanes_of(1), s, *at, n);
}

static __attribute__((noinline)) void rows_narrow(const strip *s, const row_walk *at,
                                                  int n)
{
    rows(1, false, lanes_of(1), s, *at, n);
}

static __attribute__((noinline)) void rows_wide_part(const strip *s, const row_walk *at,
                                                     int n, int width)
{
    rows(2, true, lanes_of(width), s, *at, n);
}

static __attribute__((noinline)) void
rows_narrow_part(const strip *s, const row_walk *at, int n, int width)
{
    rows(1, true, lanes_of(width), s, *at, n);
}

/* `n` rows with their columns cut into strips. */
static void product(strip s, row_walk at, int n, int columns)
{
    for (; columns >= NR; columns -= NR) {
        rows_wide(&s, &at, n);
        s.b += NR, at.c += NR, s.bias = s.bias ? s.bias + NR : NULL;
    }
    if (columns > VECTOR)
        rows_wide_part(&s, &at, n, columns - VECTOR);
    else if (columns == VECTOR)
        rows_narrow(&s, &at, n);
    else if (columns > 0)
        rows_narrow_part(&s, &at, n, columns);
}

/* How many groups are taken as one product. */
static int groups_at_once(const mmofl_gemm *g)
{
    if (g->groups == 1 || g->m == 0 || g->b_group != 0 || g->c_group == 0)
        return 1;
    int groups = BLOCK_ROWS / g->m;
    return groups < 1 ? 1 : groups < g->groups ? groups : g->groups;
}

void MMOFL_ISA(mmofl_gemm_run)(const mmofl_gemm *g)
{
    assert(g->m >= 0 && g->n >= 1 && g->depth >= 1 && g->groups >= 1 && g->runs >= 0);
    assert(g->a && g->b && g->c);
    strip s = {.depth = g->depth,
               .runs = g->runs ? g->runs : 1,
               .b = g->b,
               .bias = g->accumulate ? NULL : g->bias,
               .a_step = g->a_step,
               .a_run = g->a_run,
               .b_step = g->b_step,
               .b_run = g->b_run,
               .accumulate = g->accumulate};
    row_walk at = {.a = g->a,
                   .c = g->c,
                   .a_row = g->a_row,
                   .c_row = g->c_row,
                   .a_next = g->a_group - g->m * g->a_row,
                   .c_next = g->c_group - g->m * g->c_row,
                   .m = g->m,
                   .left = g->m};
    int groups = g->groups;
    /* Short sums over many groups stay in the registers; long ones go group by group,
     * while the group's data are in the nearest cache. */
    if (groups > 1 && g->c_group == 0 && g->accumulate && s.runs == 1 &&
        g->depth < 48) {
        s.runs = groups, s.a_run = g->a_group, s.b_run = g->b_group;
        groups = 1;
    }
    for (int at_once = groups_at_once(g); groups > 0; groups -= at_once) {
        at_once = at_once < groups ? at_once : groups;
        product(s, at, at_once * g->m, g->n);
        at.a += at_once * g->a_group, at.c += at_once * g->c_group;
        s.b += g->b_group;
    }
}
