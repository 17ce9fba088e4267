/* gemm.c - the strided matrix product, compiled once for each instruction set.
 *
 *     C[i,j] = start + sum_k A[i,k] B[k,j]
 *
 * C is cut into strips of columns and each strip into tiles, whose sums stay in
 * registers while k runs.  A tile of 8 rows and 2 vectors, at one k:
 *
 *                              B[k,j]:    b0          b1        2 vectors of columns
 *     A[i,k], one number               +-----------+-----------+
 *     in all lanes:                 a0 | += a0 b0  | += a0 b1  |
 *                                   a1 | += a1 b0  | += a1 b1  |   16 vectors of sums,
 *                                   .. |           |           |   one sum a C[i,j]
 *                                   a7 | += a7 b0  | += a7 b1  |
 *                                      +-----------+-----------+
 *
 * A multiply-add takes 4 cycles and a core begins 2 in each, so 8 of them have to be on
 * their way at any time: a tile wants 8 vectors of sums or more.  And a core loads
 * twice a cycle: the 16 multiply-adds above want 10 loads, which is less than they
 * take, while a tile of one row would want as many loads as multiply-adds.  So few rows
 * (a small batch) make wide tiles, and few columns high ones; with 32 registers:
 *
 *       4 vectors wide, up to 5 high     2 wide, up to 8      1 wide, up to 10
 *      +------+------+------+------+      +------+------+      +------+
 *      |      |      |      |      |      |      |      |      |      |
 *      +------+------+------+------+      |      |      |      |      |
 *                                         +------+------+      |      |
 *                                                              +------+
 *
 * Rows are dealt out evenly, 10 as 5 + 5, because 8 + 2 has two that are slow.  Columns
 * that do not fill a vector are loaded and stored in part, so nothing beside B and C is
 * touched. */
#include <assert.h>

#include "nn/isa.h"
#include "nn/kernels/tables.h"
#include "nn/kernels/vector.h"

#if defined(__GNUC__) && !defined(__clang__)
/* A second copy of each loop, for columns of A that lie side by side, gains nothing. */
#pragma GCC optimize("no-version-loops-for-strides")
#endif

/* ROWS_w(X, w): X(height, w) for each height of a tile that is w vectors wide, as many
 * as there are registers for. */
#define TO_2(X, w) X(1, w) X(2, w)
#define TO_4(X, w) TO_2(X, w) X(3, w) X(4, w)
#define TO_5(X, w) TO_4(X, w) X(5, w)
#define TO_6(X, w) TO_5(X, w) X(6, w)
#define TO_8(X, w) TO_6(X, w) X(7, w) X(8, w)
#define TO_10(X, w) TO_8(X, w) X(9, w) X(10, w)

#if defined(__AVX512F__) || defined(__aarch64__) /* 32 registers */
#define ROWS_1 TO_10
#define ROWS_2 TO_8
#define ROWS_4 TO_5
#elif defined(__AVX__) /* 16 registers */
#define ROWS_1 TO_10
#define ROWS_2 TO_6
#define ROWS_4 TO_2
#else /* 16 registers, and one for each product */
#define ROWS_1 TO_8
#define ROWS_2 TO_4
#define ROWS_4 TO_2
#endif

enum { TALLEST = 10, WIDEST = 4 };

/* What all tiles of a strip share; B, C and start begin at its first column. */
typedef struct strip {
    int depth, runs, groups;
    const float *a, *b;
    float *c;
    ptrdiff_t a_row, a_step, a_run, a_group, b_step, b_run, c_row, c_group;
    bool accumulate;    /* sums start with C ... */
    const float *start; /* ... or all rows with this one */
    int last;           /* columns in the last vector, where that is not full */
} strip;

/* The vectors of columns of a tile; partly: the last one is not full. */
typedef struct vectors {
    int width;
    bool partly;
    lanes last;
} vectors;

INLINE vec load_vector(const float *from, int j, vectors v)
{
    return load_some(from + j * VECTOR, v.partly && j == v.width - 1, v.last);
}

INLINE void store_vector(float *to, int j, vectors v, vec value)
{
    store_some(to + j * VECTOR, v.partly && j == v.width - 1, v.last, value);
}

/* So many rows of A, from a on, make so much of the rows of C from c on. */
INLINE void tile(int height, vectors v, const strip *s, const float *a, float *c)
{
    vec sum[TALLEST][WIDEST], b[WIDEST];
    UNROLL
    for (int i = 0; i < height; i++) {
        const float *start = s->accumulate ? c + i * s->c_row : s->start;
        UNROLL
        for (int j = 0; j < v.width; j++)
            sum[i][j] = load_vector(start, j, v);
    }
    for (int r = 0; r < s->runs; r++) {
        const float *a_k = a + r * s->a_run, *b_k = s->b + r * s->b_run;
        for (int k = 0; k < s->depth; k++, a_k += s->a_step, b_k += s->b_step) {
            UNROLL
            for (int j = 0; j < v.width; j++)
                b[j] = load_vector(b_k, j, v);
            UNROLL
            for (int i = 0; i < height; i++) {
                UNROLL
                for (int j = 0; j < v.width; j++)
                    sum[i][j] = multiply_add(a_k[i * s->a_row], b[j], sum[i][j]);
            }
        }
    }
    UNROLL
    for (int i = 0; i < height; i++) {
        UNROLL
        for (int j = 0; j < v.width; j++)
            store_vector(c + i * s->c_row, j, v, sum[i][j]);
    }
}

/* ---------------------------------------------------------------- tiles by size */

/* A function for each size, so that the loops above are of constant length.  In each
 * group: `count` tiles, one below the other, from row `first` on. */
typedef void tile_run(const strip *s, int first, int count);
#define TILE(name, height, width, partly)                                              \
    static void name##_##height##_##width(const strip *s, int first, int count)        \
    {                                                                                  \
        const strip own = *s; /* which stores into C cannot change */                  \
        const vectors v = {width, partly, lanes_of((partly) ? own.last : VECTOR)};     \
        for (int g = 0; g < own.groups; g++)                                           \
            for (int t = 0, i = first; t < count; t++, i += (height))                  \
                tile(height, v, &own, own.a + g * own.a_group + i * own.a_row,         \
                     own.c + g * own.c_group + i * own.c_row);                         \
    }
#define WHOLE(height, width) TILE(whole, height, width, false)
#define PART(height, width) TILE(part, height, width, true)
ROWS_4(WHOLE, 4)
ROWS_2(WHOLE, 2)
ROWS_2(PART, 2)
ROWS_1(WHOLE, 1)
ROWS_1(PART, 1)

#define WHOLE_NAME(height, width) whole_##height##_##width,
#define PART_NAME(height, width) part_##height##_##width,
static tile_run *const whole_4[] = {ROWS_4(WHOLE_NAME, 4)};
static tile_run *const whole_2[] = {ROWS_2(WHOLE_NAME, 2)};
static tile_run *const part_2[] = {ROWS_2(PART_NAME, 2)};
static tile_run *const whole_1[] = {ROWS_1(WHOLE_NAME, 1)};
static tile_run *const part_1[] = {ROWS_1(PART_NAME, 1)};

/* Tiles of one width. */
typedef struct tiles {
    tile_run *const *of_height; /* of height 1, 2, ... */
    int tallest, columns;
} tiles;
#define TILES(table, columns)                                                          \
    (tiles)                                                                            \
    {                                                                                  \
        table, (int)(sizeof(table) / sizeof *(table)), columns                         \
    }

/* What the next strip is made of. */
static tiles tiles_for(int rows, int columns)
{
    tiles wide = TILES(whole_4, 4 * VECTOR);
    if (rows <= wide.tallest && columns >= wide.columns)
        return wide;
    if (columns >= 2 * VECTOR)
        return TILES(whole_2, 2 * VECTOR);
    if (columns > VECTOR)
        return TILES(part_2, columns);
    return columns == VECTOR ? TILES(whole_1, VECTOR) : TILES(part_1, columns);
}

/* ---------------------------------------------------------------- strips and groups */

/* The columns are cut into strips, and the m rows of each group dealt out evenly. */
static void product(strip s, const float *bias, int m, int columns)
{
    static const float zeros[WIDEST * VECTOR];
    while (columns > 0) {
        tiles t = tiles_for(m, columns);
        s.last = t.columns % VECTOR;
        s.start = bias ? bias : zeros;
        int count = (m + t.tallest - 1) / t.tallest;
        int low = m / count, high = m % count; /* so many are higher by 1 */
        if (high > 0)
            t.of_height[low](&s, 0, high);
        t.of_height[low - 1](&s, high * (low + 1), count - high);
        s.b += t.columns, s.c += t.columns, columns -= t.columns;
        bias = bias ? bias + t.columns : NULL;
    }
}

void MMOFL_ISA(mmofl_gemm_run)(const mmofl_gemm *g)
{
    assert(g->m >= 0 && g->n >= 1 && g->depth >= 1 && g->groups >= 1 && g->runs >= 0);
    assert(g->a && g->b && g->c);
    if (g->m == 0)
        return;
    strip s = {.depth = g->depth,
               .runs = g->runs ? g->runs : 1,
               .groups = 1,
               .a = g->a,
               .b = g->b,
               .c = g->c,
               .a_row = g->a_row,
               .a_step = g->a_step,
               .a_run = g->a_run,
               .a_group = g->a_group,
               .b_step = g->b_step,
               .b_run = g->b_run,
               .c_row = g->c_row,
               .c_group = g->c_group,
               .accumulate = g->accumulate};
    int m = g->m, groups = g->groups;
    bool one_sum = g->c_group == 0 && groups > 1;
    if (one_sum && s.runs == 1) { /* groups are runs of it */
        s.runs = groups, s.a_run = g->a_group, s.b_run = g->b_group;
        groups = 1;
    } else if (g->a_group == m * g->a_row && g->c_group == m * g->c_row &&
               g->b_group == 0) { /* groups are more rows */
        m *= groups;
        groups = 1;
    }
    if (!one_sum && g->b_group == 0) { /* a strip goes through all groups */
        s.groups = groups;
        groups = 1;
    }
    for (int i = 0; i < groups; i++) {
        product(s, g->bias, m, g->n);
        s.a += g->a_group, s.b += g->b_group, s.c += g->c_group;
        s.accumulate |= one_sum;
    }
}
