/* transpose.c - rows become columns.
 *
 * A patch of VECTOR rows (a, b, c, ...) and 4 columns at a time, in 4 registers.
 * Vector i holds the patch's part of rows i, i + 4, ...: squares of 4 x 4 floats beside
 * each other.  Two rounds of shuffles turn all squares at once without moving anything
 * out of its 4 lanes, which is what processors shuffle fastest; then vector j is column
 * j of all the rows, and goes out in one piece.
 *
 *     a0 a1 a2 a3 | e0 e1 e2 e3 | ...           a0 b0 c0 d0 | e0 f0 g0 h0 | ...
 *     b0 b1 b2 b3 | f0 f1 f2 f3 | ...           a1 b1 c1 d1 | e1 f1 g1 h1 | ...
 *     c0 c1 c2 c3 | g0 g1 g2 g3 | ...    ->     a2 b2 c2 d2 | e2 f2 g2 h2 | ...
 *     d0 d1 d2 d3 | h0 h1 h2 h3 | ...           a3 b3 c3 d3 | e3 f3 g3 h3 | ...
 *
 * Few rows of many columns go the same way backwards: 4 vectors of VECTOR columns
 * become squares beside each other, whose rows go out one by one.
 *
 * The last patches overlap those before them: some floats are written twice.  Where a
 * vector is one number there are no patches. */
#include "nn/kernels/tables.h"
#include "nn/kernels/vector.h"

static void number_by_number(float *restrict to, size_t to_row,
                             const float *restrict from, size_t from_row, size_t rows,
                             size_t columns)
{
    for (size_t c = 0; c < columns; c++)
        for (size_t r = 0; r < rows; r++)
            to[c * to_row + r] = from[r * from_row + c];
}

#if ONE_LANE

void MMOFL_ISA(mmofl_transpose)(float *restrict to, size_t to_row,
                                const float *restrict from, size_t from_row,
                                size_t rows, size_t columns)
{
    number_by_number(to, to_row, from, from_row, rows, columns);
}

#else

typedef float four __attribute__((vector_size(16)));
typedef float four_anywhere __attribute__((vector_size(16), aligned(4), may_alias));

/* Lane x < 4 of a, or x - 4 of b, counted from each 4 lanes; in all of them alike. */
#define LANE(at, x) ((x) < 4 ? (at) + (x) : VECTOR + (at) + (x)-4)
#define LANES(at, w, x, y, z) LANE(at, w), LANE(at, x), LANE(at, y), LANE(at, z)
#if defined(__AVX512F__)
typedef float eight __attribute__((vector_size(32)));
#define SHUFFLE(a, b, w, x, y, z)                                                      \
    __builtin_shufflevector(a, b, LANES(0, w, x, y, z), LANES(4, w, x, y, z),          \
                            LANES(8, w, x, y, z), LANES(12, w, x, y, z))
INLINE vec join(four a, four b, four c, four d)
{
    eight ab = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
    eight cd = __builtin_shufflevector(c, d, 0, 1, 2, 3, 4, 5, 6, 7);
    return __builtin_shufflevector(ab, cd, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
                                   14, 15);
}
INLINE void split(vec v, four part[4])
{
    part[0] = __builtin_shufflevector(v, v, 0, 1, 2, 3);
    part[1] = __builtin_shufflevector(v, v, 4, 5, 6, 7);
    part[2] = __builtin_shufflevector(v, v, 8, 9, 10, 11);
    part[3] = __builtin_shufflevector(v, v, 12, 13, 14, 15);
}
#elif defined(__AVX__)
#define SHUFFLE(a, b, w, x, y, z)                                                      \
    __builtin_shufflevector(a, b, LANES(0, w, x, y, z), LANES(4, w, x, y, z))
INLINE vec join(four a, four b, four c, four d)
{
    (void)c, (void)d;
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
}
INLINE void split(vec v, four part[4])
{
    part[0] = __builtin_shufflevector(v, v, 0, 1, 2, 3);
    part[1] = __builtin_shufflevector(v, v, 4, 5, 6, 7);
}
#else
#define SHUFFLE(a, b, w, x, y, z) __builtin_shufflevector(a, b, LANES(0, w, x, y, z))
INLINE vec join(four a, four b, four c, four d)
{
    (void)b, (void)c, (void)d;
    return a;
}
INLINE void split(vec v, four part[4])
{
    part[0] = v;
}
#endif

/* Four columns of rows 0, 4, 8, ..., as many as fill a vector. */
INLINE vec squares(const float *from, size_t row)
{
    four part[4];
    UNROLL
    for (int i = 0; i < VECTOR / 4; i++)
        part[i] = *(const four_anywhere *)(from + 4 * (size_t)i * row);
    return join(part[0], part[VECTOR > 4 ? 1 : 0], part[VECTOR > 8 ? 2 : 0],
                part[VECTOR > 8 ? 3 : 0]);
}

/* Turns all squares of rows (a, b, c, d): column[j] of each is row j. */
INLINE void turn(vec a, vec b, vec c, vec d, vec column[4])
{
    vec ab01 = SHUFFLE(a, b, 0, 4, 1, 5), ab23 = SHUFFLE(a, b, 2, 6, 3, 7),
        cd01 = SHUFFLE(c, d, 0, 4, 1, 5), cd23 = SHUFFLE(c, d, 2, 6, 3, 7);
    column[0] = SHUFFLE(ab01, cd01, 0, 1, 4, 5);
    column[1] = SHUFFLE(ab01, cd01, 2, 3, 6, 7);
    column[2] = SHUFFLE(ab23, cd23, 0, 1, 4, 5);
    column[3] = SHUFFLE(ab23, cd23, 2, 3, 6, 7);
}

/* VECTOR rows, 4 columns. */
INLINE void patch(float *to, size_t to_row, const float *from, size_t from_row)
{
    vec column[4];
    turn(squares(from, from_row), squares(from + from_row, from_row),
         squares(from + 2 * from_row, from_row), squares(from + 3 * from_row, from_row),
         column);
    UNROLL
    for (size_t j = 0; j < 4; j++)
        store(to + j * to_row, column[j]);
}

/* 4 rows, VECTOR columns. */
INLINE void wide_patch(float *to, size_t to_row, const float *from, size_t from_row)
{
    vec column[4];
    turn(load(from), load(from + from_row), load(from + 2 * from_row),
         load(from + 3 * from_row), column);
    UNROLL
    for (size_t j = 0; j < 4; j++) {
        four part[4];
        split(column[j], part);
        UNROLL
        for (size_t i = 0; i < VECTOR / 4; i++)
            *(four_anywhere *)(to + (4 * i + j) * to_row) = part[i];
    }
}

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* All of it, in bands of columns that are turned all the way down: cache lines. */
INLINE void patches(bool wide, float *to, size_t to_row, const float *from,
                    size_t from_row, size_t rows, size_t columns)
{
    const size_t band = 16, high = wide ? 4 : VECTOR, width = wide ? VECTOR : 4;
    for (size_t b = 0; b < columns; b += band)
        for (size_t i = 0; i < rows; i += high)
            for (size_t j = b; j < smaller(b + band, columns); j += width) {
                size_t r = smaller(i, rows - high), c = smaller(j, columns - width);
                (wide ? wide_patch : patch)(to + c * to_row + r, to_row,
                                            from + r * from_row + c, from_row);
            }
}

void MMOFL_ISA(mmofl_transpose)(float *restrict to, size_t to_row,
                                const float *restrict from, size_t from_row,
                                size_t rows, size_t columns)
{
    if (rows >= VECTOR && columns >= 4)
        patches(false, to, to_row, from, from_row, rows, columns);
    else if (rows >= 4 && columns >= VECTOR)
        patches(true, to, to_row, from, from_row, rows, columns);
    else
        number_by_number(to, to_row, from, from_row, rows, columns);
}

#endif
