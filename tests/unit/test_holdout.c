/* test_holdout.c - what is held out of whom, and that no device gets it. */
#include "partition_fixture.h"

static mmofl_holdout hold_out(struct labels *labels, double share, uint64_t seed)
{
    mmofl_holdout held_out;
    CHECK_OK(
        mmofl_holdout_make(&labels->set, share, seed, &labels->arena, &held_out, NULL));
    return held_out;
}

static void the_same_share_of_each_owner_is_held_out(void **state)
{
    (void)state;
    struct labels *labels = random_labels(100, 4, 3, 1);
    for (int i = 0; i < 100; i++) /* 50, 27 and 23 samples, mixed */
        labels->owner[i] = i % 2 == 0 ? 7 : i < 54 ? 1 : 4;
    mmofl_holdout held_out = hold_out(labels, 0.2, 1);
    int of_owner[8] = {0};
    for (size_t i = 0; i < held_out.n; i++) {
        CHECK(held_out.sample[i] < 100);
        CHECK(i == 0 || held_out.sample[i] > held_out.sample[i - 1]);
        of_owner[labels->owner[held_out.sample[i]]]++;
    }
    CHECK_INT(of_owner[7], 10);
    CHECK_INT(of_owner[1], 5);
    CHECK_INT(of_owner[4], 4);
    mmofl_holdout again = hold_out(labels, 0.2, 1), other = hold_out(labels, 0.2, 2);
    CHECK(again.n == 19 && other.n == 19);
    assert_memory_equal(again.sample, held_out.sample, 19 * sizeof(uint32_t));
    CHECK(memcmp(other.sample, held_out.sample, 19 * sizeof(uint32_t)) != 0);
    CHECK_INT(hold_out(labels, 0.58, 1).n, 29 + 15 + 13); /* 0.58 of 50 is 29 */
    CHECK_INT(hold_out(labels, 0, 1).n, 0);
    drop(labels);
}

static void every_sample_may_be_held_out(void **state)
{
    (void)state;
    struct labels *labels = random_labels(10, 2, 1, 1);
    int taken[10] = {0};
    for (uint64_t seed = 0; seed < 1000; seed++) {
        mmofl_holdout held_out = hold_out(labels, 0.3, seed);
        CHECK_INT(held_out.n, 3);
        for (size_t i = 0; i < 3; i++)
            taken[held_out.sample[i]]++;
    }
    for (int i = 0; i < 10; i++) /* binomial, mean 300, sd 14.5 */
        CHECK_NEAR(taken[i], 300, 75);
    drop(labels);
}

static void no_device_gets_what_is_held_out(void **state)
{
    (void)state;
    mmofl_kind_list kinds = mmofl_partition_kinds();
    for (int k = 0; k < kinds.n; k++) {
        struct labels *labels = random_labels(500, 4, 4, 1);
        mmofl_holdout held_out = hold_out(labels, 0.2, 1);
        mmofl_pick kind = mmofl_pick_default(kinds.kinds[k]);
        int devices = strcmp(kind.kind->name, "owner") == 0 ? 4 : 8;
        mmofl_partition p;
        CHECK_OK(mmofl_partition_make(&labels->set, &held_out, &kind, devices, 1,
                                      &labels->arena, &p, NULL));
        check_pools(labels, &p);
        for (size_t i = 0, h = 0; i < held_out.n; i++)
            for (h = 0; h < p.start[devices]; h++)
                CHECK(p.index[h] != held_out.sample[i]);
        if (strcmp(kind.kind->name, "shared") != 0)
            CHECK_INT(check_disjoint(labels, &p), 500 - held_out.n);
        drop(labels);
    }
}

static void an_empty_validation_part_is_refused(void **state)
{
    (void)state;
    struct labels *labels = random_labels(12, 2, 3, 1);
    for (int i = 0; i < 12; i++)
        labels->owner[i] = i / 4;
    mmofl_holdout held_out = {.n = 77};
    mmofl_error err = {0};
    CHECK_STATUS(
        mmofl_holdout_make(&labels->set, 0.2, 1, &labels->arena, &held_out, &err),
        MMOFL_E_INFEASIBLE);
    CHECK_CONTAINS(err.text, "0.2 of each owner's samples is empty");
    CHECK_CONTAINS(err.text, "12 training samples of 3 owners");
    CHECK_INT(held_out.n, 77);
    drop(labels);
}

CHECK_MAIN(TEST(the_same_share_of_each_owner_is_held_out),
           TEST(every_sample_may_be_held_out), TEST(no_device_gets_what_is_held_out),
           TEST(an_empty_validation_part_is_refused))
