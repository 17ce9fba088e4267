/* test_pca.c - eigenvalues and the projection on two components. */
#include "check.h"

#include "report/pca.h"

static void a_matrix_by_hand_has_its_eigenvalues(void **state)
{
    (void)state;
    /* (2 1; 1 2): 3 along (1, 1), 1 along (1, -1). */
    double a[4] = {2, 1, 1, 2}, value[2], vector[4];
    mmofl_jacobi(a, 2, value, vector);
    CHECK_NEAR(value[0], 3, 1e-14);
    CHECK_NEAR(value[1], 1, 1e-14);
    CHECK_NEAR(fabs(vector[0]), sqrt(0.5), 1e-14);
    CHECK_NEAR(vector[0], vector[1], 1e-14);
    CHECK_NEAR(vector[2], -vector[3], 1e-14);
}

/* The second difference (2 on the diagonal, -1 beside it) has the eigenvalues
 * 2 - 2 cos(k pi / (n + 1)). */
static void second_differences_have_their_known_eigenvalues(void **state)
{
    (void)state;
    enum { N = 12 };
    double a[N * N] = {0}, value[N], vector[N * N];
    for (int i = 0; i < N; i++) {
        a[i * N + i] = 2;
        if (i + 1 < N)
            a[i * N + i + 1] = a[(i + 1) * N + i] = -1;
    }
    mmofl_jacobi(a, N, value, vector);
    for (int k = 0; k < N; k++)
        CHECK_NEAR(value[k], 2 - 2 * cos((N - k) * acos(-1.0) / (N + 1)), 1e-13);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double product = 0;
            for (int k = 0; k < N; k++)
                product += vector[i * N + k] * vector[j * N + k];
            CHECK_NEAR(product, i == j, 1e-13);
        }
}

static void a_matrix_without_rank_is_no_trouble(void **state)
{
    (void)state;
    double a[9] = {0}, value[3], vector[9];
    mmofl_jacobi(a, 3, value, vector);
    CHECK_NEAR(value[0], 0, 0);
    CHECK_NEAR(vector[4], 1, 0);
}

/* Along (3, 4)/5 the points lie at -10, 0, 10; across, at 1, -2, 1. */
static void points_by_hand_get_their_coordinates(void **state)
{
    (void)state;
    const double along[3] = {-10, 0, 10}, across[3] = {1, -2, 1};
    double point[6], place[6], share[2];
    for (int i = 0; i < 3; i++) {
        point[2 * i] = 7 + 0.6 * along[i] - 0.8 * across[i];
        point[2 * i + 1] = -3 + 0.8 * along[i] + 0.6 * across[i];
    }
    CHECK_OK(mmofl_pca(point, 3, 2, place, share));
    CHECK_NEAR(share[0], 200.0 / 206, 1e-13);
    CHECK_NEAR(share[1], 6.0 / 206, 1e-13);
    double sign = place[0] > 0 ? -1 : 1; /* both ends are equally far from 0 */
    for (int i = 0; i < 3; i++) {
        CHECK_NEAR(place[2 * i], sign * along[i], 1e-12);
        CHECK_NEAR(place[2 * i + 1], -across[i], 1e-12); /* so that 2 is positive */
    }
}

static void more_dimensions_than_points_change_nothing(void **state)
{
    (void)state;
    enum { N = 4, D = 9 };
    const double flat[N][2] = {{5, 1}, {-3, 2}, {-1, -2}, {-1, -1}};
    double narrow[N * 2], wide[N * D] = {0}, a[N * 2], b[N * 2], share_a[2], share_b[2];
    for (int i = 0; i < N; i++) {
        narrow[2 * i] = wide[i * D + 4] = flat[i][0];
        narrow[2 * i + 1] = wide[i * D + 7] = flat[i][1];
    }
    CHECK_OK(mmofl_pca(narrow, N, 2, a, share_a));
    CHECK_OK(mmofl_pca(wide, N, D, b, share_b));
    for (int i = 0; i < 2 * N; i++)
        CHECK_NEAR(a[i], b[i], 1e-12);
    CHECK_NEAR(share_a[0] + share_a[1], 1, 1e-12);
    CHECK_NEAR(share_a[0], share_b[0], 1e-12);
}

static void points_that_are_one_lie_at_zero(void **state)
{
    (void)state;
    const double point[6] = {1, 2, 3, 1, 2, 3};
    double place[4], share[2];
    CHECK_OK(mmofl_pca(point, 2, 3, place, share));
    for (int i = 0; i < 4; i++)
        CHECK_NEAR(place[i], 0, 0);
    CHECK_NEAR(share[0], 0, 0);
    CHECK_OK(mmofl_pca(point, 1, 1, place, share));
    CHECK_NEAR(share[1], 0, 0);
}

CHECK_MAIN(TEST(a_matrix_by_hand_has_its_eigenvalues),
           TEST(second_differences_have_their_known_eigenvalues),
           TEST(a_matrix_without_rank_is_no_trouble),
           TEST(points_by_hand_get_their_coordinates),
           TEST(more_dimensions_than_points_change_nothing),
           TEST(points_that_are_one_lie_at_zero))
