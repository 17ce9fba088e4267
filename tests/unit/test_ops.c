/* The vector operations beside the layers, at every length and in every set. */
#define _GNU_SOURCE
#include "nn_fixture.h"

enum { N = 83 };

static void affine_scales_and_shifts_each_value(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        float x[N], scale[N], shift[N], y[N + 1];
        fixture_fill(x, N, 1), fixture_fill(scale, N, 2), fixture_fill(shift, N, 3);
        for (size_t n = 0; n <= N; n++) {
            y[n] = 77;
            isa->ops->affine(y, x, scale, shift, n);
            CHECK(y[n] == 77.0f);
            for (size_t i = 0; i < n; i++)
                CHECK_NEAR(y[i], (double)x[i] * (double)scale[i] + (double)shift[i],
                           1e-6);
        }
    }
}

/* ... in one piece, and with something between the rows that stays as it is. */
static void transposing_moves_every_value_to_its_place(void **state)
{
    (void)state;
    static float from[40 * 43], to[40 * 43];
    fixture_fill(from, 40 * 43, 4);
    FOR_EACH_ISA(isa)
    {
        for (size_t rows = 1; rows <= 40; rows++)
            for (size_t columns = 1; columns <= 40; columns++) {
                size_t between = (rows + columns) % 4, to_row = rows + between,
                       from_row = columns + 3 - between;
                for (size_t i = 0; i < columns * to_row; i++)
                    to[i] = 77;
                isa->ops->transpose(to, to_row, from, from_row, rows, columns);
                for (size_t c = 0; c < columns; c++)
                    for (size_t r = 0; r < to_row; r++)
                        CHECK(to[c * to_row + r] ==
                              (r < rows ? from[r * from_row + c] : 77.0f));
            }
    }
}

static void square_sums_are_right_and_round_alike(void **state)
{
    (void)state;
    float x[N];
    fixture_fill(x, N, 5);
    for (size_t n = 0; n <= N; n++) {
        double wanted = 0, first[2] = {-1, -1};
        for (size_t i = 0; i < n; i++)
            wanted += (double)x[i] * (double)x[i];
        FOR_EACH_ISA(isa)
        {
            double got = isa->ops->square_sum(x, n);
            CHECK_NEAR(got, wanted, 1e-6 * (1 + wanted));
            CHECK(first[isa->fused] < 0 || first[isa->fused] == got);
            first[isa->fused] = got;
        }
    }
}

CHECK_MAIN(TEST(affine_scales_and_shifts_each_value),
           TEST(transposing_moves_every_value_to_its_place),
           TEST(square_sums_are_right_and_round_alike))
