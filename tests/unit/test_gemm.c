/* The matrix product against the plain one, and against itself: other instruction sets,
 * other cuts of a batch. */
#define _GNU_SOURCE
#include "nn/reference.h"
#include "nn_fixture.h"

/* A product with its memory: every array ends at a fence; C keeps a copy to compare
 * with. */
typedef struct problem {
    mmofl_gemm gemm;
    fixture_fenced a, b, c, bias;
    size_t c_count;
    float *c_before;
} problem;

typedef struct shape {
    int m, n, depth, groups;
    int runs;    /* of the depth; 0 = 1 */
    int overlap; /* rows of A start so many floats apart; 0 = depth, and a gap */
    bool transposed, accumulate, rectify;
    bool shared; /* groups add up */
    bool one_a;  /* groups of one A and a B each */
    bool bias;
} shape;

static size_t extent(ptrdiff_t rows, ptrdiff_t row, ptrdiff_t columns, ptrdiff_t column,
                     int groups, ptrdiff_t group)
{
    return (size_t)((rows - 1) * row + (columns - 1) * column + (groups - 1) * group +
                    1);
}

static problem problem_new(shape s)
{
    mmofl_gemm g = {.m = s.m,
                    .n = s.n,
                    .depth = s.depth,
                    .groups = s.groups,
                    .accumulate = s.accumulate,
                    .rectify = s.rectify};
    ptrdiff_t step = s.overlap ? s.overlap : s.depth + 3;
    g.a_row = s.transposed ? 1 : step;
    g.a_step = s.transposed ? (s.overlap ? s.overlap : s.m + 2) : 1;
    g.b_step = s.n + (s.n % 3);
    g.c_row = s.n + (s.m % 4);
    int runs = s.runs ? s.runs : 1;
    g.runs = s.runs;
    g.a_run = (ptrdiff_t)extent(s.m, g.a_row, s.depth, g.a_step, 1, 0) + 2;
    g.b_run = s.depth * g.b_step + 3;
    g.a_group = s.one_a ? 0 : runs * g.a_run + 5;
    g.b_group = s.shared || s.one_a ? runs * g.b_run + 1 : 0;
    g.c_group = s.shared ? 0 : s.m * g.c_row + 7;
    problem p = {.gemm = g};
    size_t a = extent(s.m, g.a_row, s.depth, g.a_step, runs, g.a_run) +
               (size_t)((s.groups - 1) * g.a_group);
    size_t b = extent(s.depth, g.b_step, s.n, 1, runs, g.b_run) +
               (size_t)((s.groups - 1) * g.b_group);
    p.c_count = extent(s.m, g.c_row, s.n, 1, s.groups, g.c_group);
    p.a = fixture_fence(a), p.b = fixture_fence(b), p.c = fixture_fence(p.c_count);
    p.bias = fixture_fence((size_t)s.n);
    fixture_fill(p.a.at, a, 1);
    fixture_fill(p.b.at, b, 2);
    fixture_fill(p.c.at, p.c_count, 3);
    fixture_fill(p.bias.at, (size_t)s.n, 4);
    p.c_before = malloc(p.c_count * sizeof(float));
    CHECK(p.c_before != NULL);
    memcpy(p.c_before, p.c.at, p.c_count * sizeof(float));
    p.gemm.a = p.a.at, p.gemm.b = p.b.at, p.gemm.c = p.c.at;
    p.gemm.bias = s.bias ? p.bias.at : NULL;
    return p;
}

static void problem_delete(problem *p)
{
    fixture_unfence(&p->a), fixture_unfence(&p->b);
    fixture_unfence(&p->c), fixture_unfence(&p->bias);
    free(p->c_before);
}

static void restore(problem *p)
{
    memcpy(p->c.at, p->c_before, p->c_count * sizeof(float));
}

/* Every value of C is the reference's, and every other float is as it was. */
static void check_against_reference(problem *p, const mmofl_isa *isa)
{
    const mmofl_gemm *g = &p->gemm;
    restore(p);
    isa->ops->gemm(g);
    unsigned char *is_c = calloc(p->c_count, 1);
    CHECK(is_c != NULL);
    mmofl_gemm before = *g;
    before.c = p->c_before;
    for (int group = 0; group < (g->c_group ? g->groups : 1); group++)
        for (int i = 0; i < g->m; i++)
            for (int j = 0; j < g->n; j++) {
                size_t at = (size_t)(group * g->c_group + i * g->c_row + j);
                is_c[at] = 1;
                double wanted = mmofl_reference_product(&before, group, i, j);
                if (!(fabs((double)p->c.at[at] - wanted) <=
                      2e-6 * ((g->runs ? g->runs : 1) * g->depth + 1)))
                    fail_msg("%s: %d x %d, depth %d x %d, groups %d: C[%d,%d] is %.9g, "
                             "wanted %.9g",
                             isa->name, g->m, g->n, g->runs, g->depth, g->groups, i, j,
                             (double)p->c.at[at], wanted);
            }
    for (size_t i = 0; i < p->c_count; i++)
        if (!is_c[i] && !fixture_same_bits(&p->c.at[i], &p->c_before[i], 1))
            fail_msg("%s: wrote beside C, at %zu", isa->name, i);
    free(is_c);
}

static void check_shape(shape s)
{
    problem p = problem_new(s);
    FOR_EACH_ISA(isa)
    {
        check_against_reference(&p, isa);
    }
    problem_delete(&p);
}

static void every_width_and_height_equals_the_reference(void **state)
{
    (void)state;
    for (int n = 1; n <= 40; n++)
        for (int m = 1; m <= 17; m++)
            check_shape((shape){.m = m, .n = n, .depth = 1 + (m * n) % 9, .groups = 1});
    for (int n = 41; n <= 135; n++)
        for (int m = 1; m <= 9; m += 2)
            check_shape(
                (shape){.m = m, .n = n, .depth = 3, .groups = 1, .bias = n % 2});
}

/* Many tiles below each other, in groups that are more rows and in others. */
static void any_number_of_rows_equals_the_reference(void **state)
{
    (void)state;
    for (int m = 119; m <= 300; m += 9)
        for (int groups = 1; groups <= 3; groups++)
            check_shape((shape){.m = m, .n = 1 + m % 40, .depth = 2, .groups = groups});
    for (int groups = 30; groups <= 34; groups++)
        check_shape((shape){.m = 8, .n = 12, .depth = 3, .runs = 2, .groups = groups});
}

/* A shape drawn at random: any strides, bias, groups, accumulation. */
static shape random_shape(mmofl_rng *rng)
{
    shape s = {.m = 1 + (int)mmofl_rng_below(rng, 20),
               .n = 1 + (int)mmofl_rng_below(rng, 70),
               .depth = 1 + (int)mmofl_rng_below(rng, 60),
               .groups = 1 + (int)mmofl_rng_below(rng, 4),
               .runs = (int)mmofl_rng_below(rng, 4),
               .overlap = (int)mmofl_rng_below(rng, 5),
               .transposed = mmofl_rng_below(rng, 2),
               .accumulate = mmofl_rng_below(rng, 2),
               .bias = mmofl_rng_below(rng, 2)};
    s.shared = mmofl_rng_below(rng, 2);
    s.one_a = !s.shared && mmofl_rng_below(rng, 2);
    s.rectify = !s.shared && mmofl_rng_below(rng, 2);
    return s;
}

static void random_strides_groups_and_starts_equal_the_reference(void **state)
{
    (void)state;
    mmofl_rng rng = fixture_rng(77);
    for (int i = 0; i < 300; i++)
        check_shape(random_shape(&rng));
}

/* Short groups with one B are taken together: tiles begin in one and end in another. */
static void many_groups_of_few_rows_equal_the_reference(void **state)
{
    (void)state;
    for (int m = 1; m <= 12; m++)
        for (int groups = 2; groups <= 40; groups += 3)
            check_shape((shape){.m = m,
                                .n = 1 + (m * groups) % 37,
                                .depth = 5,
                                .runs = groups % 3,
                                .groups = groups,
                                .bias = m % 2,
                                .accumulate = groups % 2});
}

/* Groups with one A are made wide together, whatever number of vectors each has. */
static void groups_beside_each_other_equal_the_reference(void **state)
{
    (void)state;
    for (int n = 1; n <= 70; n++)
        for (int groups = 2; groups <= 9; groups++)
            check_shape((shape){.m = 1 + (n * groups) % 19,
                                .n = n,
                                .depth = 4,
                                .runs = n % 4,
                                .groups = groups,
                                .one_a = true,
                                .bias = n % 3,
                                .accumulate = groups % 4 == 3});
}

static void deep_sums_equal_the_reference(void **state)
{
    (void)state;
    for (int n = 1; n <= 35; n += 2)
        check_shape((shape){.m = 7, .n = n, .depth = 300, .groups = 2, .bias = n % 4});
}

static void a_product_by_hand(void **state)
{
    (void)state;
    /* (1 2 | 3 4 | 5 6) as windows of three, two apart: rows (1 2 3) and (3 4 5). */
    const float a[] = {1, 2, 3, 4, 5, 6}, b[] = {1, 10, 2, 20, 3, 30},
                bias[] = {0.5f, -1};
    FOR_EACH_ISA(isa)
    {
        float c[4] = {0};
        isa->ops->gemm(&(mmofl_gemm){.m = 2,
                                     .n = 2,
                                     .depth = 3,
                                     .a = a,
                                     .a_row = 2,
                                     .a_step = 1,
                                     .b = b,
                                     .b_step = 2,
                                     .c = c,
                                     .c_row = 2,
                                     .groups = 1,
                                     .bias = bias});
        const float wanted[] = {14.5f, 139, 26.5f, 259};
        CHECK(fixture_same_bits(c, wanted, 4));
    }
}

static void a_depth_in_two_runs_by_hand(void **state)
{
    (void)state;
    /* Windows of 2 x 2 over the image (1 2 3 | 4 5 6), times (1 10 | 100 1000). */
    const float a[] = {1, 2, 3, 4, 5, 6}, b[] = {1, 10, 100, 1000};
    FOR_EACH_ISA(isa)
    {
        float c[2] = {0};
        isa->ops->gemm(&(mmofl_gemm){.m = 2,
                                     .n = 1,
                                     .depth = 2,
                                     .runs = 2,
                                     .a = a,
                                     .a_row = 1,
                                     .a_step = 1,
                                     .a_run = 3,
                                     .b = b,
                                     .b_step = 1,
                                     .b_run = 2,
                                     .c = c,
                                     .c_row = 1,
                                     .groups = 1});
        const float wanted[] = {5421, 6532};
        CHECK(fixture_same_bits(c, wanted, 2));
    }
}

static void a_rectified_nan_stays_nan(void **state)
{
    (void)state;
    const float a[] = {1, NAN, -2, -0.0f}, b[] = {1, 3};
    const float wanted[] = {1, 3, NAN, NAN, 0, 0, 0, 0};
    FOR_EACH_ISA(isa)
    {
        float c[8] = {0};
        isa->ops->gemm(&(mmofl_gemm){.m = 4,
                                     .n = 2,
                                     .depth = 1,
                                     .a = a,
                                     .a_row = 1,
                                     .a_step = 1,
                                     .b = b,
                                     .b_step = 2,
                                     .c = c,
                                     .c_row = 2,
                                     .groups = 1,
                                     .rectify = true});
        for (int i = 0; i < 8; i++)
            CHECK(isnan(wanted[i]) ? isnan(c[i]) : c[i] == wanted[i]);
    }
}

static void no_rows_is_no_work(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        float c = 7, one = 1;
        isa->ops->gemm(&(mmofl_gemm){
            .m = 0, .n = 1, .depth = 1, .a = &one, .b = &one, .c = &c, .groups = 1});
        CHECK(c == 7.0f);
    }
}

static void sets_that_round_alike_agree_to_the_bit(void **state)
{
    (void)state;
    mmofl_rng rng = fixture_rng(78);
    for (int i = 0; i < 150; i++) {
        problem p = problem_new(random_shape(&rng));
        float *first[2] = {NULL, NULL};
        FOR_EACH_ISA(isa)
        {
            restore(&p);
            isa->ops->gemm(&p.gemm);
            float **kept = &first[isa->fused];
            if (*kept) {
                if (!fixture_same_bits(*kept, p.c.at, p.c_count))
                    fail_msg("%s differs from a set that rounds alike: m %d n %d",
                             isa->name, p.gemm.m, p.gemm.n);
                continue;
            }
            *kept = malloc(p.c_count * sizeof(float));
            CHECK(*kept != NULL);
            memcpy(*kept, p.c.at, p.c_count * sizeof(float));
        }
        free(first[0]);
        free(first[1]);
        problem_delete(&p);
    }
}

/* Groups that add up: all in one call, one call each, or two and the rest. */
static void cutting_the_groups_keeps_the_bits(void **state)
{
    (void)state;
    mmofl_rng rng = fixture_rng(79);
    for (int i = 0; i < 100; i++) {
        shape s = random_shape(&rng);
        s.groups = 5, s.shared = s.accumulate = true, s.rectify = false;
        problem p = problem_new(s);
        float *whole = malloc(p.c_count * sizeof(float));
        CHECK(whole != NULL);
        FOR_EACH_ISA(isa)
        {
            restore(&p);
            isa->ops->gemm(&p.gemm);
            memcpy(whole, p.c.at, p.c_count * sizeof(float));
            for (int cut = 1; cut < 5; cut++) {
                mmofl_gemm head = p.gemm, tail = p.gemm;
                head.groups = cut, tail.groups = 5 - cut;
                tail.a += cut * tail.a_group, tail.b += cut * tail.b_group;
                restore(&p);
                isa->ops->gemm(&head);
                isa->ops->gemm(&tail);
                CHECK(fixture_same_bits(whole, p.c.at, p.c_count));
            }
        }
        free(whole);
        problem_delete(&p);
    }
}

/* The same for one sum cut in its depth, and for rows cut in two. */
static void cutting_depth_or_rows_keeps_the_bits(void **state)
{
    (void)state;
    mmofl_rng rng = fixture_rng(80);
    for (int i = 0; i < 100; i++) {
        shape s = random_shape(&rng);
        s.groups = 1, s.runs = 1, s.depth += 100, s.m += 1, s.rectify = false;
        problem p = problem_new(s);
        float *whole = malloc(p.c_count * sizeof(float));
        CHECK(whole != NULL);
        FOR_EACH_ISA(isa)
        {
            restore(&p);
            isa->ops->gemm(&p.gemm);
            memcpy(whole, p.c.at, p.c_count * sizeof(float));
            int cut = 1 + (int)mmofl_rng_below(&rng, (uint64_t)s.depth - 1);
            mmofl_gemm head = p.gemm, tail = p.gemm;
            head.depth = cut, tail.depth = s.depth - cut, tail.accumulate = true;
            tail.a += cut * tail.a_step, tail.b += cut * tail.b_step;
            restore(&p);
            isa->ops->gemm(&head);
            isa->ops->gemm(&tail);
            CHECK(fixture_same_bits(whole, p.c.at, p.c_count));
            cut = 1 + (int)mmofl_rng_below(&rng, (uint64_t)s.m - 1);
            head = tail = p.gemm;
            head.m = cut, tail.m = s.m - cut;
            tail.a += cut * tail.a_row, tail.c += cut * tail.c_row;
            restore(&p);
            isa->ops->gemm(&tail);
            isa->ops->gemm(&head);
            CHECK(fixture_same_bits(whole, p.c.at, p.c_count));
        }
        free(whole);
        problem_delete(&p);
    }
}

CHECK_MAIN(TEST(a_product_by_hand), TEST(a_depth_in_two_runs_by_hand),
           TEST(a_rectified_nan_stays_nan), TEST(no_rows_is_no_work),
           TEST(every_width_and_height_equals_the_reference),
           TEST(any_number_of_rows_equals_the_reference),
           TEST(random_strides_groups_and_starts_equal_the_reference),
           TEST(many_groups_of_few_rows_equal_the_reference),
           TEST(groups_beside_each_other_equal_the_reference),
           TEST(deep_sums_equal_the_reference),
           TEST(sets_that_round_alike_agree_to_the_bit),
           TEST(cutting_the_groups_keeps_the_bits),
           TEST(cutting_depth_or_rows_keeps_the_bits))
