/* test_run_prototype.c - prototypes in the store: with their round, refused, as arrays,
 * and the same file however a run was made. */
#include "run_store_fixture.h"

#include "base/file.h"
#include "run/seed_run.h"
#include "store/export.h"
#include "store/prototype_history.h"

static const float early[] = {1, -2.5F, 0.1F}, late[] = {3, 4};
/* Two modalities of 3 and 2 features, two classes; not in the order of names. */
static const mmofl_prototype_record good[] = {{"gyro", 1, 7, 2, late},
                                              {"gyro", 0, 0, 2, (const float[2]){0}},
                                              {"acc", 0, 5, 3, early},
                                              {"acc", 1, 4000000000U, 3, early}};
enum { GOOD = 4 };

static mmofl_status add_round(fixture *f, int round, const mmofl_prototype_record *p,
                              size_t n)
{
    return fixture_add_round(f, round,
                             (mmofl_round_record){.n_prototypes = n, .prototypes = p});
}

static void prototypes_come_back_as_arrays(void **state)
{
    (void)state;
    fixture f;
    fixture_begin(&f, NULL);
    CHECK_OK(add_round(&f, 2, good, GOOD));
    CHECK_OK(add_round(&f, 3, NULL, 0)); /* not evaluated */
    CHECK_OK(add_round(&f, 4, good, GOOD));
    mmofl_prototype_history h;
    CHECK_OK(mmofl_prototype_history_load(f.store, f.run, &h, &f.err));
    CHECK_INT(h.n_rounds, 2);
    CHECK_INT(h.n_modalities, 2);
    CHECK_INT(h.n_classes, 2);
    CHECK_INT(h.n_features, 5);
    CHECK_INT(h.round[0], 2);
    CHECK_INT(h.round[1], 4);
    CHECK_TEXT(h.modality[0], "acc");
    CHECK_TEXT(h.modality[1], "gyro");
    CHECK_INT(h.at[1], 3);
    CHECK_INT(h.at[2], 5);
    const float mean[10] = {1, -2.5F, 0.1F, 0, 0, 1, -2.5F, 0.1F, 3, 4};
    const int64_t seen[4] = {5, 4000000000, 0, 7};
    for (int r = 0; r < 2; r++) {
        CHECK(memcmp(h.mean + (ptrdiff_t)r * 10, mean, sizeof mean) == 0);
        CHECK(memcmp(h.seen + (ptrdiff_t)r * 4, seen, sizeof seen) == 0);
    }
    mmofl_prototype_history_free(&h);
    fixture_delete(&f);
}

static void a_run_without_prototypes_has_no_history_and_no_file(void **state)
{
    (void)state;
    fixture f;
    fixture_begin(&f, NULL);
    CHECK_OK(add_round(&f, 1, NULL, 0));
    mmofl_prototype_history h;
    CHECK_OK(mmofl_prototype_history_load(f.store, f.run, &h, &f.err));
    CHECK_INT(h.n_rounds, 0);
    mmofl_prototype_history_free(&h);
    const char *path = scratch_path(&f.s, "prototypes.npz");
    CHECK_OK(mmofl_export_prototypes_npz(f.store, f.run, path, &f.err));
    CHECK(!mmofl_file_exists(path));
    fixture_delete(&f);
}

static void rewinding_takes_prototypes_along(void **state)
{
    (void)state;
    fixture f;
    fixture_begin(&f, NULL);
    for (int t = 1; t <= 3; t++)
        CHECK_OK(add_round(&f, t, good, GOOD));
    CHECK_OK(mmofl_run_store_rewind(f.store, f.run, 1, &f.err));
    mmofl_prototype_history h;
    CHECK_OK(mmofl_prototype_history_load(f.store, f.run, &h, &f.err));
    CHECK_INT(h.n_rounds, 1);
    CHECK_INT(h.round[0], 1);
    mmofl_prototype_history_free(&h);
    fixture_delete(&f);
}

static void impossible_prototypes_are_refused_and_leave_no_round(void **state)
{
    (void)state;
    static const float bad[] = {1, (float)NAN};
    const struct {
        mmofl_prototype_record row;
        mmofl_status status;
    } cases[] = {{{"", 0, 1, 3, early}, MMOFL_E_RANGE},
                 {{"a,b", 0, 1, 3, early}, MMOFL_E_RANGE},
                 {{"acc", -1, 1, 3, early}, MMOFL_E_RANGE},
                 {{"acc", 0, 1, 0, early}, MMOFL_E_RANGE},
                 {{"acc", 0, 1, (1 << 20) + 1, early}, MMOFL_E_RANGE},
                 {{"acc", 0, 1, 2, bad}, MMOFL_E_NONFINITE}};
    fixture f;
    fixture_begin(&f, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_STATUS(add_round(&f, 1, &cases[i].row, 1), cases[i].status);
    const mmofl_prototype_record twice[] = {good[0], good[0]};
    CHECK_STATUS(add_round(&f, 1, twice, 2), MMOFL_E_DUPLICATE);
    CHECK_OK(add_round(&f, 1, good, GOOD)); /* none of them left a round behind */
    fixture_delete(&f);
}

static void rounds_of_different_shapes_are_corrupt(void **state)
{
    (void)state;
    fixture f;
    mmofl_prototype_history h;
    fixture_begin(&f, NULL);
    CHECK_OK(add_round(&f, 1, good, GOOD));
    CHECK_OK(add_round(&f, 2, good, 2));
    CHECK_STATUS(mmofl_prototype_history_load(f.store, f.run, &h, &f.err),
                 MMOFL_E_CORRUPT);
    CHECK_OK(mmofl_run_store_rewind(f.store, f.run, 1, &f.err));
    mmofl_prototype_record longer[GOOD];
    memcpy(longer, good, sizeof good);
    longer[1] = (mmofl_prototype_record){"gyro", 0, 1, 3, early};
    CHECK_OK(add_round(&f, 2, longer, GOOD));
    CHECK_STATUS(mmofl_prototype_history_load(f.store, f.run, &h, &f.err),
                 MMOFL_E_CORRUPT);
    CHECK_CONTAINS(f.err.text, "round 2, gyro, class 0");
    fixture_delete(&f);
}

/* ---- a whole run ---- */

static const char experiment[] =
    "name: small\n"
    "rounds: 5\n"
    "data: {set: synthetic-har, train: 400, test: 90, persons: 10}\n"
    "fleet: {devices: 5, partition: iid}\n"
    "stream: {buffer: 30, new: 7}\n"
    "train: {lr: 0.2, batch: 8}\n"
    "evaluate: {every: 2}\n"
    "method: qqr\n";

/* Stop a run after its third round. */
static bool stops(void *context)
{
    return --*(int *)context == 0;
}

/* Run the experiment into a folder, in two parts when `interrupted`; its prototypes.npz
 * in *data, the caller's. */
static void run(scratch *s, const char *name, int threads, bool interrupted,
                unsigned char **data, size_t *size)
{
    mmofl_experiment x;
    mmofl_setup setup;
    mmofl_run_folder *folder;
    CHECK_OK(mmofl_experiment_parse(experiment, strlen(experiment), "small", NULL, NULL,
                                    0, &x, NULL));
    CHECK_OK(mmofl_setup_init(&setup, &x, threads, NULL));
    char *text = mmofl_experiment_text(&x), path[4096];
    CHECK_OK(mmofl_run_folder_create(scratch_path(s, name), text, &folder, NULL));
    int rounds = 3;
    mmofl_run_watch watch = {.context = &rounds, .stop_asked = stops};
    if (interrupted)
        CHECK_STATUS(mmofl_seed_run(&setup, folder, 0, &watch, NULL),
                     MMOFL_E_INTERRUPTED);
    CHECK_OK(mmofl_seed_run(&setup, folder, 0, &(mmofl_run_watch){0}, NULL));
    CHECK_OK(mmofl_run_folder_seed_path(folder, x.seed[0], "prototypes.npz", path,
                                        sizeof path, NULL));
    CHECK_OK(mmofl_file_read(path, 1 << 20, data, size, NULL));
    mmofl_run_folder_close(folder);
    free(text);
    mmofl_setup_free(&setup);
    mmofl_experiment_free(&x);
}

static void threads_and_a_resume_leave_the_same_bytes(void **state)
{
    (void)state;
    scratch s;
    unsigned char *one, *two, *parts;
    size_t n_one, n_two, n_parts;
    scratch_new(&s);
    run(&s, "one", 1, false, &one, &n_one);
    run(&s, "two", 2, false, &two, &n_two);
    run(&s, "parts", 1, true, &parts, &n_parts);
    CHECK_INT(n_one, n_two);
    CHECK_INT(n_one, n_parts);
    CHECK(memcmp(one, two, n_one) == 0);
    CHECK(memcmp(one, parts, n_one) == 0);
    free(one);
    free(two);
    free(parts);
    scratch_delete(&s);
}

CHECK_MAIN(TEST(prototypes_come_back_as_arrays),
           TEST(a_run_without_prototypes_has_no_history_and_no_file),
           TEST(rewinding_takes_prototypes_along),
           TEST(impossible_prototypes_are_refused_and_leave_no_round),
           TEST(rounds_of_different_shapes_are_corrupt),
           TEST(threads_and_a_resume_leave_the_same_bytes))
