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

static void transposing_moves_every_value_to_its_place(void **state)
{
    (void)state;
    static float from[40 * 40], to[40 * 40 + 1];
    fixture_fill(from, 40 * 40, 4);
    FOR_EACH_ISA(isa)
    {
        for (size_t rows = 1; rows <= 40; rows += 3)
            for (size_t columns = 1; columns <= 40; columns += 2) {
                to[rows * columns] = 77;
                isa->ops->transpose(to, from, rows, columns);
                CHECK(to[rows * columns] == 77.0f);
                for (size_t r = 0; r < rows; r++)
                    for (size_t c = 0; c < columns; c++)
                        CHECK(to[c * rows + r] == from[r * columns + c]);
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
