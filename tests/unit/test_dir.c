/* test_dir.c - small data sets of a user's own, made here or from the good one beside
 * the folder of descriptions, tables and archives that are wrong in one place each. */
#include "scratch.h"

#include <sched.h>

#include "bad_files.h"
#include "base/file.h"
#include "data/dir.h"
#include "data/dir_samples.h"
#include "data/sound.h"
#include "data/text_tokens.h"
#include "fail_allocations.h"

#define GOOD MMOFL_TESTS_DIR "/bad/dir/good.zip"

static mmofl_status import(const char *path, mmofl_dataset **set, mmofl_error *err)
{
    mmofl_pick pick = mmofl_pick_default(&mmofl_dir.kind);
    return mmofl_dir.import(&pick, path, NULL, set, err);
}

static mmofl_dataset *must_import(const char *path)
{
    mmofl_dataset *set = NULL;
    mmofl_error err = {0};
    if (import(path, &set, &err))
        fail_msg("%s", err.text);
    return set;
}

static void write_bytes(scratch *s, const char *name, const void *data, size_t size)
{
    mmofl_error err = {0};
    CHECK_OK(mmofl_file_write(scratch_path(s, name), data, size, false, &err));
}

static void write_text(scratch *s, const char *name, const char *text)
{
    write_bytes(s, name, text, strlen(text));
}

/* count little-endian values of four bytes as an array of that type and shape. */
static void write_npy(scratch *s, const char *name, const char *descr,
                      const char *shape, const void *values, size_t count)
{
    unsigned char file[1024] = "\x93NUMPY\1\0\x76";
    char header[119];
    snprintf(header, sizeof header,
             "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape);
    size_t n = strlen(header);
    memset(header + n, ' ', 117 - n);
    header[117] = '\n';
    memcpy(file + 10, header, 118);
    CHECK(128 + 4 * count <= sizeof file);
    memcpy(file + 128, values, 4 * count);
    write_bytes(s, name, file, 128 + 4 * count);
}

static const float *floats_of(const mmofl_dataset *set, int m, size_t i)
{
    return (const float *)set->values[m] +
           i * mmofl_shape_count(set->modality[m].shape);
}

static const int32_t *tokens_of(const mmofl_dataset *set, int m, size_t i)
{
    return (const int32_t *)set->values[m] +
           i * mmofl_shape_count(set->modality[m].shape);
}

/* --- a whole set ------------------------------------------------------------------ */

/* What good.zip should have of sound: 800 samples of a saw, four bands. */
static void check_sound(const mmofl_dataset *set)
{
    float sound[800], wanted[8 * 4];
    const mmofl_log_mel_options options = {4, 25, 10};
    mmofl_log_mel *mel;
    mmofl_error err = {0};
    for (int i = 0; i < 800; i++)
        sound[i] = (float)(i * 997 % 2000 - 1000) / 32768;
    CHECK_OK(mmofl_log_mel_new(&options, 8000, 800, &mel, &err));
    CHECK_INT(mmofl_log_mel_frames(mel), 8);
    mmofl_log_mel_compute(mel, sound, wanted);
    CHECK(memcmp(wanted, floats_of(set, 2, 1), sizeof wanted) == 0);
    mmofl_log_mel_delete(mel);
}

static void check_modality(const mmofl_dataset *set, int m, const char *name,
                           const char *shape, const char *unit, double rate_hz)
{
    char text[128];
    mmofl_shape_text(set->modality[m].shape, text, sizeof text);
    CHECK_TEXT(set->modality[m].name, name);
    CHECK_TEXT(text, shape);
    CHECK_TEXT(set->modality[m].unit, unit);
    CHECK_NEAR(set->modality[m].rate_hz, rate_hz, 0);
}

static void each_kind_of_file_becomes_a_modality(void **state)
{
    (void)state;
    int32_t words[3];
    mmofl_dataset *set = must_import(GOOD);
    CHECK_TEXT(set->name, "dir");
    CHECK_TEXT(set->citation, "Kitchen. nobody");
    CHECK_INT(set->n_modalities, 7);
    CHECK_INT(set->n_samples, 2);
    CHECK_INT(set->n_train, 1);
    CHECK_TEXT(set->class_name[1], "chopping");
    check_modality(set, 0, "acc", "(4, 3)", "g", 50);
    check_modality(set, 1, "gyro", "(2, 2)", "", 0);
    check_modality(set, 2, "mic", "(8, 4)", "log power", 100);
    check_modality(set, 3, "camera", "(4, 4, 3)", "", 0);
    check_modality(set, 4, "words", "(3)", "", 0);
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(set->label[i], i);
        CHECK_INT(set->owner[i], i);
        CHECK_INT(set->time[i], i);
        CHECK_INT(set->mask[i], 127);
        for (size_t v = 0; v < 12; v++)
            CHECK(floats_of(set, 0, i)[v] == (float)(12 * i + v));
        for (size_t v = 0; v < 4; v++)
            CHECK(floats_of(set, 1, i)[v] == (float)(v + 1));
        for (size_t v = 0; v < 48; v++)
            CHECK(floats_of(set, 3, i)[v] == 0);
        CHECK_OK(
            mmofl_text_tokens("some words", 10, "t", 100, 3, words, NULL, NULL, NULL));
        CHECK(memcmp(words, tokens_of(set, 4, i), sizeof words) == 0);
    }
    CHECK_OK(mmofl_text_tokens("two onions", 10, "t", 100, 3, words, NULL, NULL, NULL));
    CHECK(memcmp(words, tokens_of(set, 5, 1), sizeof words) == 0);
    CHECK_INT(tokens_of(set, 6, 0)[1], 2);
    CHECK_INT(tokens_of(set, 6, 1)[0], 3);
    CHECK_INT(tokens_of(set, 6, 1)[1], 0);
    check_sound(set);
    mmofl_dataset_close(set);
}

/* --- what may lack ---------------------------------------------------------------- */

static void make_gaps(scratch *s)
{
    const float values[3][2] = {{NAN, NAN}, {1, 2}, {3, 4}};
    const int32_t ids[3] = {5, 0, 6};
    const float one[2] = {7, 8};
    mmofl_error err = {0};
    write_text(s, "dataset.yaml",
               "classes: [no, yes]\n"
               "modalities:\n"
               "  a: {npy: a.npy, shape: [2], optional: true}\n"
               "  b: {tokens: b.npy, length: 1, vocabulary: 9, optional: true}\n"
               "  c: {npy: 'c/{id}.npy', shape: [2], optional: true}\n"
               "  d: {text_column: d, length: 1, vocabulary: 9, optional: true}\n"
               "  e: {text_column: d, length: 1, vocabulary: 9}\n");
    write_text(s, "samples.csv",
               "id,label,owner,part,d\nx,no,1,test,\ny,yes,2,train,word\nz,no,1,train,"
               "\n");
    write_npy(s, "a.npy", "<f4", "3, 2", values, 6);
    write_npy(s, "b.npy", "<i4", "3, 1", ids, 3);
    CHECK_OK(mmofl_file_make_folders(scratch_path(s, "c"), &err));
    write_npy(s, "c/z.npy", "<f4", "2,", one, 2);
    write_npy(s, "c/y.npy", "<f4", "2,", values, 2);
}

/* Rows y and z train, x tests.  Lacking: a of x, b of y, c of x (no file) and of y (a
 * file of NaN), d of x and z. */
static void optional_modalities_may_lack_and_are_then_zero(void **state)
{
    (void)state;
    scratch s;
    scratch_new(&s);
    make_gaps(&s);
    mmofl_dataset *set = must_import(s.folder);
    CHECK_INT(set->n_train, 2);
    CHECK_INT(set->mask[0], 0x19); /* a, d, e */
    CHECK_INT(set->mask[1], 0x17); /* a, b, c, e */
    CHECK_INT(set->mask[2], 0x12); /* b, e */
    CHECK(floats_of(set, 0, 0)[0] == 1 && floats_of(set, 0, 1)[1] == 4);
    CHECK(floats_of(set, 0, 2)[0] == 0 && floats_of(set, 2, 0)[0] == 0);
    CHECK(floats_of(set, 2, 1)[1] == 8);
    CHECK_INT(tokens_of(set, 1, 1)[0], 6);
    CHECK_INT(set->owner[0], 1); /* "2" came second */
    CHECK_INT(set->owner[1], 0);
    CHECK_INT(set->time[2], 0);
    mmofl_dataset_close(set);
    scratch_delete(&s);
}

/* --- the table of samples --------------------------------------------------------- */

static mmofl_status read_samples(const char *keys, const char *table,
                                 mmofl_dir_samples *samples, mmofl_error *err)
{
    char yaml[512];
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_dir_description of;
    snprintf(yaml, sizeof yaml,
             "classes: [boiling, chopping]\n%s"
             "modalities: {a: {npy: a.npy, shape: [1]}}\n",
             keys);
    CHECK_OK(mmofl_dir_describe((mmofl_text){yaml, strlen(yaml), "d.yaml"}, &arena, &of,
                                err));
    size_t n = strlen(table);
    char *copy = malloc(n + 1);
    CHECK(copy);
    memcpy(copy, table, n + 1);
    mmofl_status st =
        mmofl_dir_samples_read(&of, (mmofl_text){copy, n, "s.csv"}, samples, err);
    mmofl_arena_free(&arena);
    return st;
}

static void check_order(const char *keys, const char *table, const char *ids,
                        size_t n_train)
{
    mmofl_dir_samples samples;
    mmofl_error err = {0};
    char got[256] = "";
    if (read_samples(keys, table, &samples, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < samples.n; i++) {
        size_t used = strlen(got);
        mmofl_cell id = samples.sample[i].id;
        snprintf(got + used, sizeof got - used, "%.*s", (int)id.size, id.data);
    }
    CHECK_TEXT(got, ids);
    CHECK_INT(samples.n_train, n_train);
    mmofl_dir_samples_free(&samples);
}

static void parts_come_from_the_column_the_owners_or_a_share(void **state)
{
    (void)state;
    const char *table = "id,label,owner,part\n"
                        "a,boiling,x,train\nb,boiling,y,test\nc,chopping,x,train\n"
                        "d,boiling,y,train\ne,chopping,z,test\nf,boiling,z,train\n";
    check_order("", table, "acdfbe", 4);
    check_order("test_owners: [x, z]\n", table, "bdacef", 2);
    check_order("test_share: 0.5\n", table, "acdbef", 3); /* the second of each class */
    check_order("test_share: 0.25\n", table, "abcdef", 5); /* the fourth: f */
    check_order("test_share: 0.1\n", table, "abcdef", 6);
}

static void a_share_of_a_third_is_each_third_of_a_class(void **state)
{
    (void)state;
    char table[4096] = "id,label,owner\n";
    mmofl_dir_samples samples;
    mmofl_error err = {0};
    for (int i = 0; i < 90; i++)
        sprintf(table + strlen(table), "%d,boiling,x\n", i);
    CHECK_OK(read_samples("test_share: 0.3333333333333333\n", table, &samples, &err));
    CHECK_INT(samples.n_train, 60);
    for (size_t i = 60; i < 90; i++)
        CHECK_INT(samples.sample[i].row, 3 * (i - 60) + 2);
    mmofl_dir_samples_free(&samples);
}

static void owners_are_numbered_as_they_appear(void **state)
{
    (void)state;
    const int32_t owner[] = {0, 1, 0, 2, 3, 1};
    mmofl_dir_samples samples;
    mmofl_error err = {0};
    CHECK_OK(read_samples("test_share: 0.01\n",
                          "owner,id,label,time\nzoe,a,boiling,7\n12,b,boiling,-3\n"
                          "zoe,c,boiling,7\n,d,boiling,0\n1,e,boiling,1\n"
                          "12,f,chopping,2\n",
                          &samples, &err));
    for (size_t i = 0; i < 6; i++)
        CHECK_INT(samples.sample[i].owner, owner[i]);
    CHECK_INT(samples.sample[1].time, -3);
    CHECK_INT(samples.sample[5].label, 1);
    mmofl_dir_samples_free(&samples);
}

/* --- messages --------------------------------------------------------------------- */

static void mistakes_are_pointed_at_with_what_was_meant(void **state)
{
    (void)state;
    const struct {
        const char *yaml, *words[3];
    } cases[] = {
        {"classes: [a, b]\nmodalities:\n  mic: {sound: '{id}', secnds: 1}\n",
         {"d.yaml:3:24:", "a sound modality has no key 'secnds'", "'seconds'?"}},
        {"classes: [a, b]\nmodalities:\n  mic: {sound: '{id}', sample_rate: 8000}\n",
         {"d.yaml:3:8:", "no 'seconds'", "how much of each sound is taken"}},
        {"classes: [a, b]\nmodalities:\n  cam: {image: a.png, side: 4}\n",
         {"d.yaml:3:16:", "wanted {id} in it", "^"}},
        {"classes: [a, b]\nmodality:\n  cam: {image: a.png, side: 4}\n",
         {"d.yaml:2:1:", "no key 'modality'", "it has title, citation, classes"}},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        mmofl_arena arena = MMOFL_ARENA_INIT;
        mmofl_dir_description of;
        mmofl_error err = {0};
        mmofl_text text = {cases[c].yaml, strlen(cases[c].yaml), "d.yaml"};
        CHECK(mmofl_dir_describe(text, &arena, &of, &err) != MMOFL_OK);
        for (int w = 0; w < 3; w++)
            CHECK_CONTAINS(err.text, cases[c].words[w]);
        mmofl_arena_free(&arena);
    }
}

static void a_missing_file_is_named_with_its_sample(void **state)
{
    (void)state;
    mmofl_dataset *set;
    mmofl_error err = {0};
    CHECK_STATUS(import(MMOFL_TESTS_DIR "/bad/dir/E_MISSING--csv.zip", &set, &err),
                 MMOFL_E_MISSING);
    CHECK_CONTAINS(err.text, "kitchen/samples.csv:3:1: holds no gyro/b2.csv, the gyro");
    CHECK_CONTAINS(err.text, "optional: true");
}

static mmofl_status attempt(const char *path, mmofl_error *err)
{
    mmofl_dataset *set;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_dir_description of = {
        .n_classes = 2, .class_name = (const char *const[]){"boiling", "chopping"}};
    mmofl_dir_samples samples;
    unsigned char *data;
    mmofl_text text = {.name = path};
    const char *ending = strrchr(path, '.');
    if (strcmp(ending, ".zip") == 0)
        return import(path, &set, err);
    if (mmofl_file_read(path, 1 << 20, &data, &text.size, err))
        fail_msg("%s", err->text);
    text.data = (const char *)data;
    if (strcmp(ending, ".csv") == 0)
        return mmofl_dir_samples_read(&of, text, &samples, err);
    mmofl_status st = mmofl_dir_describe(text, &arena, &of, err);
    free(data);
    mmofl_arena_free(&arena);
    return st;
}

static void bad_data_sets_are_refused(void **state)
{
    (void)state;
    bad_files_are_refused("dir", 100, attempt);
}

/* --- threads, cache, memory ------------------------------------------------------- */

/* Import on one core only; the pool has as many threads as there are usable cores. */
static mmofl_status import_alone(const char *path, mmofl_dataset **set,
                                 mmofl_error *err)
{
    cpu_set_t all, one;
    CHECK(sched_getaffinity(0, sizeof all, &all) == 0);
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
    mmofl_status st = import(path, set, err);
    CHECK(sched_setaffinity(0, sizeof all, &all) == 0);
    return st;
}

static void the_result_does_not_depend_on_threads(void **state)
{
    (void)state;
    mmofl_dataset *set = must_import(GOOD), *alone = NULL;
    mmofl_error err = {0};
    CHECK_OK(import_alone(GOOD, &alone, &err));
    for (int m = 0; m < set->n_modalities; m++)
        CHECK(memcmp(set->values[m], alone->values[m],
                     2 * 4 * mmofl_shape_count(set->modality[m].shape)) == 0);
    mmofl_dataset_close(set);
    mmofl_dataset_close(alone);
}

static void of_several_bad_files_the_first_is_told(void **state)
{
    (void)state;
    scratch s;
    mmofl_error many = {0}, alone = {0};
    mmofl_dataset *set;
    char table[1024] = "id,label,owner,part\n";
    scratch_new(&s);
    write_text(&s, "dataset.yaml",
               "classes: [no, yes]\n"
               "modalities: {a: {csv: '{id}.csv', columns: [x], shape: [1, 1]}}\n");
    for (int i = 0; i < 20; i++) {
        char name[32];
        sprintf(table + strlen(table), "s%02d,no,1,train\n", i);
        snprintf(name, sizeof name, "s%02d.csv", i);
        write_text(&s, name, i > 6 ? "x\nbad\n" : "x\n1\n");
    }
    write_text(&s, "samples.csv", table);
    CHECK_STATUS(import(s.folder, &set, &many), MMOFL_E_SYNTAX);
    CHECK_STATUS(import_alone(s.folder, &set, &alone), MMOFL_E_SYNTAX);
    CHECK_CONTAINS(many.text, "s07.csv:2:1");
    CHECK_TEXT(many.text, alone.text);
    scratch_delete(&s);
}

static float load_first(scratch *s)
{
    char folder[300];
    mmofl_dataset *set = NULL;
    mmofl_error err = {0};
    snprintf(folder, sizeof folder, "%s/data", s->folder);
    const mmofl_data_spec spec = {
        .set = mmofl_pick_default(&mmofl_dir.kind), .path = folder, .test_stride = 1};
    if (mmofl_data_load(&spec, NULL, &set, &err))
        fail_msg("%s", err.text);
    float first = floats_of(set, 0, 0)[0];
    mmofl_dataset_close(set);
    return first;
}

static void a_change_in_the_folder_is_seen_through_the_cache(void **state)
{
    (void)state;
    scratch s;
    float value = 1;
    mmofl_error err = {0};
    scratch_new(&s);
    CHECK(setenv("MMOFL_CACHE_DIR", scratch_path(&s, "cache"), 1) == 0);
    CHECK_OK(mmofl_file_make_folders(scratch_path(&s, "data"), &err));
    write_text(&s, "data/dataset.yaml",
               "classes: [no, yes]\ntest_share: 0.1\n"
               "modalities: {a: {npy: a.npy, shape: [1]}}\n");
    write_text(&s, "data/samples.csv", "id,label,owner\nx,no,1\n");
    write_npy(&s, "data/a.npy", "<f4", "1, 1", &value, 1);
    CHECK(load_first(&s) == 1);
    value = 2;
    write_npy(&s, "data/a.npy", "<f4", "1, 1", &value, 1);
    CHECK(load_first(&s) == 2);
    scratch_delete(&s);
}

static void every_failing_allocation_is_refused(void **state)
{
    (void)state;
#if FAILS_ALLOCATIONS
    bool reached = true;
    scratch s;
    scratch_new(&s);
    make_gaps(&s);
    for (long n = 1; reached; n++) {
        mmofl_dataset *set = NULL;
        mmofl_error err = {0};
        atomic_store(&allocation_to_fail, n);
        mmofl_status st = import(s.folder, &set, &err);
        reached = allocation_failed();
        if (st == MMOFL_OK)
            mmofl_dataset_close(set);
        else if (st != MMOFL_E_MEMORY)
            fail_msg("allocation %ld: %s", n, err.text);
    }
    scratch_delete(&s);
#else
    CHECK_SKIP("the memory allocator cannot be replaced here");
#endif
}

CHECK_MAIN(TEST(each_kind_of_file_becomes_a_modality),
           TEST(optional_modalities_may_lack_and_are_then_zero),
           TEST(parts_come_from_the_column_the_owners_or_a_share),
           TEST(a_share_of_a_third_is_each_third_of_a_class),
           TEST(owners_are_numbered_as_they_appear),
           TEST(mistakes_are_pointed_at_with_what_was_meant),
           TEST(a_missing_file_is_named_with_its_sample),
           TEST(bad_data_sets_are_refused), TEST(the_result_does_not_depend_on_threads),
           TEST(of_several_bad_files_the_first_is_told),
           TEST(a_change_in_the_folder_is_seen_through_the_cache),
           TEST(every_failing_allocation_is_refused))
