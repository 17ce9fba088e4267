/* test_partition.c - what every partition promises, each kind by hand, and each refusal
 * with its numbers. */
#include "partition_fixture.h"

/* The kind with options set: pick("dirichlet", "alpha", "0.5", "tries", "9", NULL) */
static mmofl_pick pick(const char *name, ...)
{
    const mmofl_kind *kind = mmofl_kind_find(mmofl_partition_kinds(), name);
    assert_non_null(kind);
    mmofl_pick made = mmofl_pick_default(kind);
    va_list list;
    va_start(list, name);
    for (const char *key; (key = va_arg(list, const char *));) {
        const char *value = va_arg(list, const char *);
        const mmofl_option *option = NULL;
        for (int i = 0; i < kind->n_options; i++)
            if (strcmp(kind->options[i].name, key) == 0)
                option = &kind->options[i];
        assert_non_null(option);
        CHECK_OK(mmofl_option_set(option, made.options.bytes, value, NULL));
    }
    va_end(list);
    return made;
}

static mmofl_partition make(struct labels *labels, mmofl_pick kind, int devices,
                            uint64_t seed)
{
    mmofl_partition made = {0};
    mmofl_error err = {0};
    mmofl_status st = mmofl_partition_make(&labels->set, NULL, &kind, devices, seed,
                                           &labels->arena, &made, &err);
    if (st)
        fail_msg("%s", err.text);
    CHECK_INT(made.devices, devices);
    CHECK_INT(made.start[0], 0);
    return made;
}

static size_t size_of(const mmofl_partition *p, int device)
{
    return p->start[device + 1] - p->start[device];
}

/* --- each kind by hand ------------------------------------------------------------ */

static void owners_stay_whole_and_in_time_order(void **state)
{
    (void)state;
    struct labels *labels = random_labels(6, 2, 1, 1);
    const int32_t owner[] = {5, 2, 5, 9, 2, 9};
    const int64_t time[] = {3, 8, 1, 0, 7, 4};
    memcpy(labels->owner, owner, sizeof owner);
    memcpy(labels->time, time, sizeof time);
    mmofl_partition p = make(labels, pick("owner", NULL), 3, 1);
    for (int d = 0; d < 3; d++) {
        CHECK_INT(size_of(&p, d), 2);
        const uint32_t *pool = p.index + p.start[d];
        switch (labels->owner[pool[0]]) {
        case 2:
            CHECK(pool[0] == 4 && pool[1] == 1);
            break;
        case 5:
            CHECK(pool[0] == 2 && pool[1] == 0);
            break;
        default:
            CHECK(pool[0] == 3 && pool[1] == 5);
        }
    }
    check_disjoint(labels, &p);
    drop(labels);
}

static void owners_are_dealt_round_robin(void **state)
{
    (void)state;
    struct labels *labels = random_labels(700, 6, 21, 1);
    mmofl_partition p = make(labels, pick("owner", NULL), 10, 1);
    int devices_with_three = 0;
    for (int d = 0; d < 10; d++) {
        int owners = 1;
        for (size_t i = p.start[d] + 1; i < p.start[d + 1]; i++)
            owners += labels->owner[p.index[i]] != labels->owner[p.index[i - 1]];
        CHECK(owners == 2 || owners == 3);
        devices_with_three += owners == 3;
    }
    CHECK_INT(devices_with_three, 1); /* 21 = 9 * 2 + 3 */
    drop(labels);
}

static void iid_pools_differ_by_one_sample_at_most(void **state)
{
    (void)state;
    struct labels *labels = random_labels(7, 2, 2, 1);
    mmofl_partition p = make(labels, pick("iid", NULL), 3, 1);
    CHECK_INT(size_of(&p, 0), 3);
    CHECK_INT(size_of(&p, 1), 2);
    CHECK_INT(size_of(&p, 2), 2);
    CHECK_INT(check_disjoint(labels, &p), 7);
    drop(labels);
}

static size_t count_class(const struct labels *labels, const mmofl_partition *p, int d,
                          int k)
{
    size_t n = 0;
    for (size_t i = p->start[d]; i < p->start[d + 1]; i++)
        n += labels->label[p->index[i]] == k;
    return n;
}

static void a_huge_alpha_halves_every_class(void **state)
{
    (void)state;
    struct labels *labels = random_labels(40, 2, 2, 1);
    for (int i = 0; i < 40; i++)
        labels->label[i] = i < 30;
    mmofl_partition p = make(labels, pick("dirichlet", "alpha", "1e9", NULL), 2, 1);
    for (int d = 0; d < 2; d++) {
        CHECK_NEAR(count_class(labels, &p, d, 0), 5, 1);
        CHECK_NEAR(count_class(labels, &p, d, 1), 15, 1);
    }
    drop(labels);
}

static void a_tiny_alpha_gives_each_class_to_one_device(void **state)
{
    (void)state;
    struct labels *labels = random_labels(200, 6, 2, 1);
    mmofl_pick kind = pick("dirichlet", "alpha", "1e-300", "max_moved", "0", NULL);
    mmofl_partition p = make(labels, kind, 3, 1);
    for (int k = 0; k < 6; k++) {
        int devices = 0;
        for (int d = 0; d < 3; d++)
            devices += count_class(labels, &p, d, k) > 0;
        CHECK_INT(devices, 1);
    }
    CHECK_INT(check_disjoint(labels, &p), 200);
    drop(labels);
}

static void the_protocol_dir1_leaves_every_device_fifty(void **state)
{
    (void)state;
    struct labels *labels = random_labels(7352, 6, 21, 1);
    mmofl_pick kind = pick("dirichlet", "min_samples", "50", "max_moved", "0", NULL);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        mmofl_partition p = make(labels, kind, 10, seed);
        for (int d = 0; d < 10; d++)
            CHECK(size_of(&p, d) >= 50);
        CHECK_INT(check_disjoint(labels, &p), 7352);
    }
    drop(labels);
}

static void a_thousand_devices_share_7352_samples(void **state)
{
    (void)state;
    struct labels *labels = random_labels(7352, 6, 21, 1);
    static const char *const names[] = {"iid", "dirichlet", "classes"};
    for (int i = 0; i < 3; i++) {
        mmofl_pick kind =
            i == 1 ? pick("dirichlet", "tries", "20", NULL) : pick(names[i], NULL);
        mmofl_partition p = make(labels, kind, 1000, 1);
        check_pools(labels, &p);
        CHECK_INT(check_disjoint(labels, &p), 7352);
    }
    drop(labels);
}

static void devices_have_the_asked_number_of_classes(void **state)
{
    (void)state;
    struct labels *labels = random_labels(600, 6, 2, 1);
    for (int devices = 1; devices <= 40; devices++)
        for (int per_device = 1; per_device <= 6; per_device++) {
            char text[16];
            snprintf(text, sizeof text, "%d", per_device);
            mmofl_partition p = make(labels, pick("classes", "per_device", text, NULL),
                                     devices, (uint64_t)devices);
            int taken[6] = {0};
            for (int d = 0; d < devices; d++) {
                int classes = 0;
                for (int k = 0; k < 6; k++) {
                    bool has = count_class(labels, &p, d, k) > 0;
                    classes += has;
                    taken[k] += has;
                }
                CHECK_INT(classes, per_device);
            }
            for (int k = 0; k < 6; k++)
                CHECK(taken[k] == devices * per_device / 6 ||
                      taken[k] == devices * per_device / 6 + 1);
            check_disjoint(labels, &p);
        }
    drop(labels);
}

static void three_devices_with_two_classes_share_out_six(void **state)
{
    (void)state;
    struct labels *labels = random_labels(600, 6, 2, 1);
    mmofl_partition p = make(labels, pick("classes", NULL), 3, 1);
    CHECK_INT(check_disjoint(labels, &p), 600);
    p = make(labels, pick("classes", NULL), 2, 1); /* two are left out */
    CHECK(check_disjoint(labels, &p) < 600);
    drop(labels);
}

static void a_shared_fleet_may_be_larger_than_the_data(void **state)
{
    (void)state;
    struct labels *labels = random_labels(50, 2, 3, 1);
    mmofl_pick kind = pick("shared", "per_device", "20", NULL);
    mmofl_partition p = make(labels, kind, 1000, 1);
    size_t taken[50] = {0};
    check_pools(labels, &p);
    for (int d = 0; d < 1000; d++)
        CHECK_INT(size_of(&p, d), 20);
    for (size_t i = 0; i < 20000; i++)
        taken[p.index[i]]++;
    for (int i = 0; i < 50; i++) /* binomial, mean 400, sd 15.5 */
        CHECK_NEAR(taken[i], 400, 80);

    /* A device's pool does not depend on the size of the fleet. */
    mmofl_partition few = make(labels, kind, 7, 1);
    assert_memory_equal(few.index, p.index, 140 * sizeof *p.index);
    drop(labels);
}

/* Three owners with two classes each in equal numbers, two devices to each. */
static void each_owner_is_split_over_his_own_devices(void **state)
{
    (void)state;
    struct labels *labels = random_labels(120, 2, 3, 1);
    for (int i = 0; i < 120; i++) {
        labels->owner[i] = 10 * (i / 40);
        labels->label[i] = i % 2;
    }
    mmofl_partition p =
        make(labels, pick("owner_dirichlet", "alpha", "1e9", NULL), 6, 1);
    check_pools(labels, &p);
    CHECK_INT(check_disjoint(labels, &p), 120);
    for (int d = 0; d < 6; d++) {
        for (size_t i = p.start[d]; i < p.start[d + 1]; i++)
            CHECK_INT(labels->owner[p.index[i]], 10 * (d / 2));
        for (int k = 0; k < 2; k++) /* a huge alpha: halves, rounded */
            CHECK_NEAR(count_class(labels, &p, d, k), 10, 1);
    }
    drop(labels);
}

static void a_device_with_its_even_part_gets_nothing_of_later_classes(void **state)
{
    (void)state;
    struct labels *labels = random_labels(300, 3, 1, 1);
    for (int i = 0; i < 300; i++)
        labels->label[i] = i < 200 ? 0 : i < 250 ? 1 : 2;
    mmofl_pick kind = pick("owner_dirichlet", "alpha", "1e-300", NULL);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        mmofl_partition p = make(labels, kind, 3, seed);
        for (int d = 0; d < 3; d++) /* each class whole to one device, none twice */
            CHECK(size_of(&p, d) == 200 || size_of(&p, d) == 50);
    }
    drop(labels);
}

static void owners_differ_in_how_they_are_split(void **state)
{
    (void)state;
    struct labels *labels = random_labels(400, 4, 2, 1);
    for (int i = 0; i < 400; i++) {
        labels->owner[i] = i / 200;
        labels->label[i] = i % 4;
    }
    mmofl_partition p = make(labels, pick("owner_dirichlet", NULL), 4, 1);
    bool same = true;
    for (int k = 0; k < 4; k++)
        same = same && count_class(labels, &p, 0, k) == count_class(labels, &p, 2, k);
    CHECK(!same);
    drop(labels);
}

/* --- all kinds -------------------------------------------------------------------- */

static void random_partitions_are_sorted_disjoint_complete_and_repeatable(void **state)
{
    (void)state;
    mmofl_rng rng = mmofl_rng_open(9, 0, 0, MMOFL_USE_TEST);
    mmofl_kind_list kinds = mmofl_partition_kinds();
    for (int trial = 0; trial < 200; trial++) {
        size_t n = 100 + (size_t)mmofl_rng_below(&rng, 400);
        int owners = 1 + (int)mmofl_rng_below(&rng, 20);
        int devices = 1 + (int)mmofl_rng_below(&rng, (uint64_t)owners);
        uint64_t seed = mmofl_rng_bits(&rng);
        struct labels *labels =
            random_labels(n, 2 + (int)mmofl_rng_below(&rng, 5), owners, seed);
        mmofl_pick kind = mmofl_pick_default(kinds.kinds[trial % kinds.n]);
        if (strcmp(kind.kind->name, "shared") == 0)
            kind = pick("shared", "per_device", "30", NULL);
        if (strcmp(kind.kind->name, "owner") == 0)
            devices = 1;
        if (strcmp(kind.kind->name, "owner_dirichlet") == 0) {
            owners = 1 + owners % 3; /* so that each has enough for two devices */
            for (size_t i = 0; i < n; i++)
                labels->owner[i] = (int32_t)(i % (size_t)owners);
            devices = 2 * owners;
        }
        mmofl_partition p = make(labels, kind, devices, seed);
        mmofl_partition again = make(labels, kind, devices, seed);
        size_t total = p.start[devices];
        assert_memory_equal(p.start, again.start,
                            ((size_t)devices + 1) * sizeof *p.start);
        assert_memory_equal(p.index, again.index, total * sizeof *p.index);
        check_pools(labels, &p);
        if (strcmp(kind.kind->name, "shared") != 0)
            check_disjoint(labels, &p);
        if (strcmp(kind.kind->name, "shared") != 0 &&
            strcmp(kind.kind->name, "classes") != 0)
            CHECK_INT(total, n);
        drop(labels);
    }
}

/* A number of devices that goes with twelve owners. */
static int devices_for(const mmofl_kind *kind)
{
    return strcmp(kind->name, "owner_dirichlet") == 0 ? 24 : 8;
}

static uint64_t digest(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * UINT64_C(0x100000001b3); /* FNV-1a over whole numbers */
}

static void partitions_are_the_same_on_every_machine(void **state)
{
    (void)state;
    static const uint64_t wanted[] = {
        UINT64_C(0x3aa2d95ad1d72b2f), UINT64_C(0x9c7d9a8fa89b4915),
        UINT64_C(0x2c0ae47aae967c2f), UINT64_C(0x364fabf7fccaa941),
        UINT64_C(0x849323da996b119e), UINT64_C(0x07fe1c0cd9eb0a45)};
    struct labels *labels = random_labels(500, 6, 12, 1);
    mmofl_kind_list kinds = mmofl_partition_kinds();
    for (int k = 0; k < kinds.n; k++) {
        int devices = devices_for(kinds.kinds[k]);
        mmofl_partition p =
            make(labels, mmofl_pick_default(kinds.kinds[k]), devices, 42);
        uint64_t hash = UINT64_C(0xcbf29ce484222325);
        for (int d = 0; d <= devices; d++)
            hash = digest(hash, p.start[d]);
        for (size_t i = 0; i < p.start[devices]; i++)
            hash = digest(hash, p.index[i]);
        if (hash != wanted[k])
            fail_msg("%s: 0x%016llx", kinds.kinds[k]->name, (unsigned long long)hash);
    }
    drop(labels);
}

static void another_seed_gives_another_partition(void **state)
{
    (void)state;
    struct labels *labels = random_labels(500, 6, 12, 1);
    mmofl_kind_list kinds = mmofl_partition_kinds();
    for (int k = 0; k < kinds.n; k++) {
        mmofl_pick kind = mmofl_pick_default(kinds.kinds[k]);
        int devices = devices_for(kind.kind);
        mmofl_partition a = make(labels, kind, devices, 1);
        mmofl_partition b = make(labels, kind, devices, 2);
        CHECK(a.start[devices] != b.start[devices] ||
              memcmp(a.index, b.index, a.start[devices] * sizeof *a.index) != 0);
    }
    drop(labels);
}

/* --- refusals --------------------------------------------------------------------- */

static void refuse(const struct labels *labels, mmofl_pick kind, int devices,
                   mmofl_status wanted, const char *part, const char *other_part)
{
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_partition p = {.devices = -7};
    mmofl_error err = {0};
    CHECK_STATUS(
        mmofl_partition_make(&labels->set, NULL, &kind, devices, 1, &arena, &p, &err),
        wanted);
    CHECK_CONTAINS(err.text, part);
    CHECK_CONTAINS(err.text, other_part);
    CHECK_INT(p.devices, -7);
    mmofl_arena_free(&arena);
}

static void refusals_give_the_numbers(void **state)
{
    (void)state;
    struct labels *labels = random_labels(7352, 6, 21, 1);
    const mmofl_status no = MMOFL_E_INFEASIBLE;
    refuse(labels, pick("iid", NULL), 0, MMOFL_E_RANGE, "devices is 0", "at least 1");
    refuse(labels, pick("owner", NULL), 22, no, "22 devices", "21 owners");
    refuse(labels, pick("owner_dirichlet", NULL), 100, no,
           "100 devices, but the training part has 21 owners", "wanted 21, 42, ...");
    refuse(labels, pick("owner_dirichlet", "min_samples", "500", NULL), 42, no,
           "owner 0: in 1000 draws with alpha 1", "wanted min_samples = 500");
    refuse(labels, pick("iid", NULL), 100000, no, "100000 devices", "7352 training");
    refuse(labels, pick("dirichlet", NULL), 100000, no, "100000 devices", "`shared`");
    refuse(labels, pick("classes", NULL), 100000, no, "100000 devices",
           "7352 training");
    refuse(labels, pick("dirichlet", "min_samples", "800", NULL), 10, no,
           "need 8000 training samples, but there are 7352", "min_samples <= 735");
    refuse(labels,
           pick("dirichlet", "min_samples", "700", "alpha", "0.1", "tries", "20", NULL),
           10, no,
           "in 20 draws with alpha 0.1 the smallest of 10 pools reached at most",
           "lets 73 of 7352 be moved");
    refuse(labels, pick("classes", "per_device", "7", NULL), 10, no, "per_device is 7",
           "only 6 classes");
    refuse(labels, pick("shared", "per_device", "7353", NULL), 10, no,
           "per_device is 7353", "7352 training samples");
    for (int i = 0; i < 7352; i++)
        labels->label[i] = i < 3 ? 0 : 1;
    refuse(labels, pick("classes", NULL), 4, no, "4 devices take the class class 0",
           "only 3 training samples");
    refuse(labels, pick("classes", "per_device", "3", NULL), 4, no, "per_device is 3",
           "only 2 classes");
    free(labels);
}

static void the_best_draw_is_mended_when_little_is_missing(void **state)
{
    (void)state;
    struct labels *labels = random_labels(1000, 4, 5, 1);
    /* Five draws never give 100 devices five samples each; 20 % moved do. */
    refuse(labels,
           pick("dirichlet", "min_samples", "5", "tries", "5", "max_moved", "0", NULL),
           100, MMOFL_E_INFEASIBLE, "min_samples = 5", "lets 0 of 1000");
    mmofl_partition p = make(
        labels,
        pick("dirichlet", "min_samples", "5", "tries", "5", "max_moved", "0.2", NULL),
        100, 1);
    for (int d = 0; d < 100; d++)
        CHECK(size_of(&p, d) >= 5);
    CHECK_INT(check_disjoint(labels, &p), 1000);

    /* Everything may be asked for: ten devices, all pools equal. */
    p = make(labels, pick("dirichlet", "min_samples", "100", "max_moved", "1", NULL),
             10, 1);
    for (int d = 0; d < 10; d++)
        CHECK_INT(size_of(&p, d), 100);
    drop(labels);
}

static void failing_allocations_are_told_and_leave_nothing(void **state)
{
    (void)state;
    struct labels *labels = random_labels(500, 6, 12, 1);
    mmofl_kind_list kinds = mmofl_partition_kinds();
    for (int k = 0; k < 2 * kinds.n; k++) { /* with and without samples held out */
        mmofl_pick kind = mmofl_pick_default(kinds.kinds[k / 2]);
        mmofl_status st = MMOFL_E_MEMORY;
        long failing = 1;
        for (; st; failing++) {
            mmofl_arena arena = {.fail_after = failing};
            mmofl_partition p = {.devices = -7};
            mmofl_holdout held_out = {0};
            mmofl_error err = {0};
            st = mmofl_holdout_make(&labels->set, k % 2 ? 0.2 : 0, 1, &arena, &held_out,
                                    &err);
            if (!st)
                st = mmofl_partition_make(&labels->set, &held_out, &kind,
                                          devices_for(kind.kind), 1, &arena, &p, &err);
            if (st) {
                CHECK_STATUS(st, MMOFL_E_MEMORY);
                CHECK_CONTAINS(err.text, "no memory to");
                CHECK_INT(p.devices, -7);
            }
            mmofl_arena_free(&arena);
        }
        CHECK(failing > 6);
    }
    free(labels);
}

CHECK_MAIN(TEST(owners_stay_whole_and_in_time_order),
           TEST(owners_are_dealt_round_robin),
           TEST(iid_pools_differ_by_one_sample_at_most),
           TEST(a_huge_alpha_halves_every_class),
           TEST(a_tiny_alpha_gives_each_class_to_one_device),
           TEST(the_protocol_dir1_leaves_every_device_fifty),
           TEST(a_thousand_devices_share_7352_samples),
           TEST(devices_have_the_asked_number_of_classes),
           TEST(three_devices_with_two_classes_share_out_six),
           TEST(a_shared_fleet_may_be_larger_than_the_data),
           TEST(each_owner_is_split_over_his_own_devices),
           TEST(a_device_with_its_even_part_gets_nothing_of_later_classes),
           TEST(owners_differ_in_how_they_are_split),
           TEST(random_partitions_are_sorted_disjoint_complete_and_repeatable),
           TEST(partitions_are_the_same_on_every_machine),
           TEST(another_seed_gives_another_partition), TEST(refusals_give_the_numbers),
           TEST(the_best_draw_is_mended_when_little_is_missing),
           TEST(failing_allocations_are_told_and_leave_nothing))
