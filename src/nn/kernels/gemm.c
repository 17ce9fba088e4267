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
 * their way at any time: a tile wants 8 vectors of sums or more.  And each step loads
 * the tile's height and width, while its multiply-adds are their product: the more
 * square a tile is, the less it loads.  A core loads twice a cycle, and other
 * hyperthreads of it have a part of that: the tile of 8 x 2 above wants 10 loads for 16
 * multiply-adds.  So a tile takes the registers there are; with 32:
 *
 *       4 vectors wide, up to 6 high     3 wide, up to 8    2 wide, up to 12   1 wide
 *      +------+------+------+------+      +----+----+----+      +----+----+     +----+
 *      |      |      |      |      |      |    |    |    |      |    |    |     |    |
 *      |      |      |      |      |      |    |    |    |      |    |    |     |    |
 *      +------+------+------+------+      |    |    |    |      |    |    |     |    |
 *                                         +----+----+----+      |    |    |     |    |
 *                                                               +----+----+     +----+
 *
 * Vectors of columns are dealt out to strips evenly, 5 as 3 + 2, and rows to tiles, 10
 * as 5 + 5, because 4 + 1 and 6 + 4 have ones that are slow.  Columns that do not fill
 * a vector are loaded and stored in part, so nothing beside B and C is touched.  Groups
 * of one A and few columns are made wide together: each vector of a tile is of another
 * group. */
#include <assert.h>
#include <math.h>

#include "nn/isa.h"
#include "nn/kernels/tables.h"
#include "nn/kernels/vector.h"

/* ROWS_w(X, w): X(height, w) for each height of a tile that is w vectors wide, as many
 * as there are registers for.  Strips are up to `WIDE` vectors wide, or WIDEST where
 * few rows leave registers for more columns. */
#define TO_2(X, w) X(1, w) X(2, w)
#define TO_4(X, w) TO_2(X, w) X(3, w) X(4, w)
#define TO_6(X, w) TO_4(X, w) X(5, w) X(6, w)
#define TO_8(X, w) TO_6(X, w) X(7, w) X(8, w)
#define TO_10(X, w) TO_8(X, w) X(9, w) X(10, w)
#define TO_12(X, w) TO_10(X, w) X(11, w) X(12, w)

enum { TALLEST = 12, WIDEST = 4 };
#if defined(__AVX512F__) || defined(__aarch64__) || ONE_LANE /* 32 registers */
enum { WIDE = 4 };
#define ROWS_1 TO_12
#define ROWS_2 TO_12
#define ROWS_3 TO_8
#define ROWS_4 TO_6
#elif defined(__AVX__) /* 16 registers */
enum { WIDE = 3 };
#define ROWS_1 TO_10
#define ROWS_2 TO_6
#define ROWS_3 TO_4
#define ROWS_4 TO_2
#else /* 16 registers, and one for each product */
enum { WIDE = 2 };
#define ROWS_1 TO_8
#define ROWS_2 TO_4
#define ROWS_3 TO_2
#define ROWS_4 TO_2
#endif

/* What all tiles of a strip share; B, C and start begin at its first column. */
typedef struct strip {
    int depth, runs, groups;
    const float *a, *b;
    float *c;
    ptrdiff_t a_row, a_step, a_run, a_group, b_step, b_run, c_row, c_group;
    ptrdiff_t b_next, c_next; /* from one vector of columns to the next */
    bool accumulate;          /* sums start with C ... */
    const float *start;       /* ... or all rows with this one, ... */
    ptrdiff_t start_next;     /* ... its next vector so much further */
    float least;              /* of what is written; -INFINITY, or zero */
    lanes some;               /* columns of a vector that is not full */
} strip;

/* Which vectors of a tile's columns are not full. */
typedef enum partly { NONE, LAST, EACH } partly;

/* The columns of a tile, in vectors.  Those of which each may be in part need not lie
 * one after the other. */
typedef struct columns {
    int width;
    partly partly;
    lanes some;
} columns;

INLINE bool is_part(columns v, int j)
{
    return v.partly == EACH || (v.partly == LAST && j == v.width - 1);
}

INLINE vec load_vector(const float *from, int j, ptrdiff_t next, columns v)
{
    return load_some(from + j * next, is_part(v, j), v.some);
}

INLINE void store_vector(float *to, int j, ptrdiff_t next, columns v, vec value)
{
    store_some(to + j * next, is_part(v, j), v.some, value);
}

/* So many rows of A, from a on, make so much of the rows of C from c on.  In a high
 * tile, rows from `low` on have a pointer of their own: offsets of that many rows would
 * not fit into the registers. */
INLINE void tile(int height, columns v, const strip *s, const float *a, float *c)
{
    const int low = height > 8 ? height / 2 : 0;
    const ptrdiff_t b_next = v.partly == EACH ? s->b_next : VECTOR,
                    c_next = v.partly == EACH ? s->c_next : VECTOR, c_row = s->c_row;
    const float *start = s->accumulate ? c : s->start;
    const ptrdiff_t start_row = s->accumulate ? c_row : 0,
                    start_next = s->accumulate ? c_next : s->start_next;
    vec sum[TALLEST][WIDEST], b[WIDEST];
    UNROLL
    for (int i = 0; i < height; i++, start += start_row) {
        UNROLL
        for (int j = 0; j < v.width; j++)
            sum[i][j] = load_vector(start, j, start_next, v);
    }
    for (int r = 0; r < s->runs; r++) {
        const float *a_k = a + r * s->a_run, *b_k = s->b + r * s->b_run;
        const float *low_k = a_k + low * s->a_row;
        for (int k = s->depth; k > 0; k--) {
            UNROLL
            for (int j = 0; j < v.width; j++)
                b[j] = load_vector(b_k, j, b_next, v);
            UNROLL
            for (int i = 0; i < height; i++) {
                float a_ik = i < low ? a_k[i * s->a_row] : low_k[(i - low) * s->a_row];
                UNROLL
                for (int j = 0; j < v.width; j++)
                    sum[i][j] = multiply_add(a_ik, b[j], sum[i][j]);
            }
            a_k += s->a_step, low_k += s->a_step, b_k += s->b_step;
        }
    }
    const vec least = splat(s->least);
    UNROLL
    for (int i = 0; i < height; i++, c += c_row) {
        UNROLL
        for (int j = 0; j < v.width; j++)
            store_vector(c, j, c_next, v, larger_or_second(least, sum[i][j]));
    }
}

/* ---------------------------------------------------------------- tiles by size */

/* A function for each size, so that the loops above are of constant length: `count`
 * tiles, one below the other. */
typedef void tile_run(const strip *s, const float *a, float *c, int count);
#define TILE(name, height, width, partly)                                              \
    static void name##_##height##_##width(const strip *s, const float *a, float *c,    \
                                          int count)                                   \
    {                                                                                  \
        const strip own = *s; /* which stores into C cannot change */                  \
        const columns v = {width, partly, own.some};                                   \
        for (; count > 0; count--) {                                                   \
            tile(height, v, &own, a, c);                                               \
            a += (height)*own.a_row, c += (height)*own.c_row;                          \
        }                                                                              \
    }
#define WHOLE(height, width) TILE(whole, height, width, NONE)
#define PART(height, width) TILE(part, height, width, LAST)
#define BESIDE(height, width) TILE(beside, height, width, EACH)
#define OF_ALL_WIDTHS(X) ROWS_1(X, 1) ROWS_2(X, 2) ROWS_3(X, 3) ROWS_4(X, 4)
OF_ALL_WIDTHS(WHOLE)
OF_ALL_WIDTHS(PART)
OF_ALL_WIDTHS(BESIDE)

/* By width and height, less one each; and how high they go. */
#define BY_SIZE(X)                                                                     \
    {ROWS_1(X, 1)}, {ROWS_2(X, 2)}, {ROWS_3(X, 3)},                                    \
    {                                                                                  \
        ROWS_4(X, 4)                                                                   \
    }
#define WHOLE_NAME(height, width) whole_##height##_##width,
#define PART_NAME(height, width) part_##height##_##width,
#define BESIDE_NAME(height, width) beside_##height##_##width,
#define COUNTED(height, width) height,
#define TALLEST_OF(ROWS, width) ((int)sizeof((char[]){ROWS(COUNTED, width)}))
typedef tile_run *tile_runs[WIDEST][TALLEST];
static const tile_runs whole = {BY_SIZE(WHOLE_NAME)};
static const tile_runs part = {BY_SIZE(PART_NAME)};
static const tile_runs beside = {BY_SIZE(BESIDE_NAME)};
static const int tallest[WIDEST] = {TALLEST_OF(ROWS_1, 1), TALLEST_OF(ROWS_2, 2),
                                    TALLEST_OF(ROWS_3, 3), TALLEST_OF(ROWS_4, 4)};

/* ---------------------------------------------------------------- strips and groups */

/* `items` in equal piles of `most` or fewer: how many there are in the largest. */
static int dealt(int items, int most)
{
    int piles = (items + most - 1) / most;
    return (items + piles - 1) / piles;
}

/* In each group: `count` tiles from a row on. */
static void tiles(strip s, tile_run *run, int first, int count)
{
    s.a += first * s.a_row, s.c += first * s.c_row;
    for (int g = 0; g < s.groups; g++)
        run(&s, s.a + g * s.a_group, s.c + g * s.c_group, count);
}

/* So many vectors of columns are cut into strips, and the m rows of each group dealt
 * out evenly.  So many lanes are filled of the last vector or, with each, of all. */
static void strips(strip all, int m, int vectors, int filled, bool each)
{
    all.some = lanes_of(filled);
    for (int first = 0, width; first < vectors; first += width) {
        width = dealt(vectors - first, m <= tallest[WIDEST - 1] ? WIDEST : WIDE);
        bool last = first + width == vectors && filled < VECTOR;
        const tile_runs *sizes = each ? &beside : last ? &part : &whole;
        tile_run *const *of_height = (*sizes)[width - 1];
        int count = (m + tallest[width - 1] - 1) / tallest[width - 1];
        int low = m / count, high = m % count; /* so many are higher by 1 */
        strip s = all;
        s.b += first * s.b_next, s.c += first * s.c_next;
        s.start += first * s.start_next;
        if (high > 0)
            tiles(s, of_height[low], 0, high);
        tiles(s, of_height[low - 1], high * (low + 1), count - high);
    }
}

/* Groups of one A, each few vectors of columns: the first vectors of all of them, then
 * the second ones. */
static void groups_beside(strip all, const mmofl_gemm *g)
{
    for (int j = 0; j < g->n; j += VECTOR) {
        strip s = all;
        s.b += j, s.c += j, s.start += g->bias ? j : 0;
        s.b_next = g->b_group, s.c_next = g->c_group, s.start_next = 0;
        strips(s, g->m, g->groups, g->n - j < VECTOR ? g->n - j : VECTOR, true);
    }
}

void MMOFL_ISA(mmofl_gemm_run)(const mmofl_gemm *g)
{
    assert(g->m >= 0 && g->n >= 1 && g->depth >= 1 && g->groups >= 1 && g->runs >= 0);
    assert(g->a && g->b && g->c);
    if (g->m == 0)
        return;
    static const float zeros[VECTOR];
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
               .b_next = VECTOR,
               .c_next = VECTOR,
               .accumulate = g->accumulate,
               .start = g->bias ? g->bias : zeros,
               .start_next = g->bias ? VECTOR : 0,
               .least = g->rectify ? 0 : -INFINITY};
    int m = g->m, groups = g->groups, vectors = (g->n + VECTOR - 1) / VECTOR;
    bool one_sum = g->c_group == 0 && groups > 1;
    assert(!(one_sum && g->rectify));
    if (groups > 1 && !one_sum && g->a_group == 0 && vectors < WIDE) {
        groups_beside(s, g);
        return;
    }
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
        strips(s, m, vectors, (g->n - 1) % VECTOR + 1, false);
        s.a += g->a_group, s.b += g->b_group, s.c += g->c_group;
        s.accumulate |= one_sum;
    }
}
