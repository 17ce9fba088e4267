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
 * touched.  Groups that share B are rows of one taller product: a tile may begin in one
 * group and end in the next, so that narrow images leave no tiles half empty. */
#include <assert.h>

#include "nn/isa.h"
#include "nn/kernels/tables.h"
#include "nn/kernels/vector.h"

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

/* Where some rows lie in A and in C, of one group or of several. */
enum { BLOCK_ROWS = 128 };
typedef struct block {
    int n;
    const float *a[BLOCK_ROWS];
    float *c[BLOCK_ROWS];
} block;

/* What all tiles of a strip share: B and start begin at its first column. */
typedef struct strip {
    int depth, runs;
    const float *b;
    ptrdiff_t a_step, a_run, b_step, b_run;
    bool accumulate;    /* sums start with C ... */
    const float *start; /* ... or all rows with this one */
    int column;         /* the first one, of all */
    int last;           /* columns in the last vector, where that is not full */
} strip;

/* The vectors of columns of a tile; partly: the last one is not full. */
typedef struct vectors {
    int width;
    bool partly;
    lanes last;
} vectors;

INLINE vec load_vector(const float *row, int j, vectors v)
{
    return load_some(row + j * VECTOR, v.partly && j == v.width - 1, v.last);
}

INLINE void store_vector(float *row, int j, vectors v, vec value)
{
    store_some(row + j * VECTOR, v.partly && j == v.width - 1, v.last, value);
}

/* Rows a[0], ... of A make so much of rows c[0], ... of C. */
INLINE void tile(int height, vectors v, const strip *s, const float *const *a,
                 float *const *c)
{
    vec sum[TALLEST][WIDEST], b[WIDEST];
    EACH (i, height) {
        const float *start = s->accumulate ? c[i] + s->column : s->start;
        EACH (j, v.width) {
            sum[i][j] = load_vector(start, j, v);
        }
    }
    for (int r = 0; r < s->runs; r++) {
        const float *b_k = s->b + r * s->b_run;
        ptrdiff_t k_at = r * s->a_run;
        for (int k = 0; k < s->depth; k++, k_at += s->a_step, b_k += s->b_step) {
            EACH (j, v.width) {
                b[j] = load_vector(b_k, j, v);
            }
            EACH (i, height) {
                EACH (j, v.width) {
                    sum[i][j] = multiply_add(a[i][k_at], b[j], sum[i][j]);
                }
            }
        }
    }
    EACH (i, height) {
        EACH (j, v.width) {
            store_vector(c[i] + s->column, j, v, sum[i][j]);
        }
    }
}

/* ---------------------------------------------------------------- tiles by size */

/* A function for each size, so that the loops above are of constant length: `count`
 * tiles, one below the other. */
typedef void tile_run(const strip *s, const float *const *a, float *const *c,
                      int count);
#define TILE(name, height, width, partly)                                              \
    static void name##_##height##_##width(const strip *s, const float *const *a,       \
                                          float *const *c, int count)                  \
    {                                                                                  \
        const strip own = *s; /* which stores into C cannot change */                  \
        const vectors v = {width, partly, lanes_of(partly ? s->last : VECTOR)};        \
        for (; count > 0; count--, a += height, c += height)                           \
            tile(height, v, &own, a, c);                                               \
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

/* A block's rows, their columns cut into strips and the rows of each dealt out evenly;
 * bias: NULL for zeros. */
static void product(strip s, const float *bias, const block *rows, int columns)
{
    static const float zeros[WIDEST * VECTOR];
    while (s.column < columns) {
        tiles t = tiles_for(rows->n, columns - s.column);
        s.last = t.columns % VECTOR;
        s.start = bias ? bias + s.column : zeros;
        int count = (rows->n + t.tallest - 1) / t.tallest;
        int low = rows->n / count, high = rows->n % count; /* so many are higher by 1 */
        int below = high * (low + 1);
        if (high > 0)
            t.of_height[low](&s, rows->a, rows->c, high);
        t.of_height[low - 1](&s, rows->a + below, rows->c + below, count - high);
        s.b += t.columns, s.column += t.columns;
    }
}

/* n rows of the product, counted through the groups that follow `group`, from row
 * `from` on. */
static void take_rows(const mmofl_gemm *g, int group, int from, int n, block *rows)
{
    rows->n = n;
    group += from / g->m, from %= g->m;
    for (int done = 0, end; done < n; done = end, group++, from = 0) {
        const float *a = g->a + group * g->a_group + from * g->a_row;
        float *c = g->c + group * g->c_group + from * g->c_row;
        end = n - done < g->m - from ? n : done + g->m - from;
        for (int i = done; i < end; i++, a += g->a_row, c += g->c_row)
            rows->a[i] = a, rows->c[i] = c;
    }
}

/* `groups` groups as one product, from number `group` on. */
static void blocks(const mmofl_gemm *g, const strip *s, int group, int groups)
{
    block rows;
    int left = groups * g->m;
    for (int count = (left + BLOCK_ROWS - 1) / BLOCK_ROWS; count > 0; count--) {
        int n = (left + count - 1) / count;
        take_rows(g, group, groups * g->m - left, n, &rows);
        product(*s, g->bias, &rows, g->n);
        left -= n;
    }
}

void MMOFL_ISA(mmofl_gemm_run)(const mmofl_gemm *g)
{
    assert(g->m >= 0 && g->n >= 1 && g->depth >= 1 && g->groups >= 1 && g->runs >= 0);
    assert(g->a && g->b && g->c);
    strip s = {.depth = g->depth,
               .runs = g->runs ? g->runs : 1,
               .b = g->b,
               .a_step = g->a_step,
               .a_run = g->a_run,
               .b_step = g->b_step,
               .b_run = g->b_run,
               .accumulate = g->accumulate};
    bool one_sum = g->c_group == 0 && g->groups > 1;
    if (one_sum && s.runs == 1) { /* groups are runs of it */
        s.runs = g->groups, s.a_run = g->a_group, s.b_run = g->b_group;
        blocks(g, &s, 0, 1);
    } else if (!one_sum && g->b_group == 0) {
        blocks(g, &s, 0, g->groups);
    } else {
        for (int i = 0; i < g->groups; i++, s.b += g->b_group) {
            blocks(g, &s, i, 1);
            s.accumulate |= one_sum;
        }
    }
}
