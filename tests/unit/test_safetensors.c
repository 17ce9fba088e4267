/* test_safetensors.c - the strict reader, the writer, and a folder of bad files. */
#include "scratch.h"

#include <dirent.h>

#include "base/file.h"
#include "store/safetensors.h"

static const float weight[6] = {1, -2, 0.5F, 3.25F, 1e-3F, 1e30F};
static const unsigned char bytes[3] = {1, 2, 255};
static const int64_t steps = -((int64_t)1 << 40);

static void golden_file_of_another_program_is_read(void **state)
{
    (void)state;
    mmofl_safetensors file;
    mmofl_error err = {0};
    CHECK_OK(mmofl_safetensors_open(MMOFL_TESTS_DIR "/golden/foreign.safetensors",
                                    MMOFL_SAFETENSORS_FINITE, &file, &err));
    CHECK_INT(file.n_tensors, 4);
    CHECK_INT(file.n_metadata, 2);
    CHECK_TEXT(mmofl_safetensors_metadata(&file, "format"), "pt");
    CHECK_TEXT(mmofl_safetensors_metadata(&file, "note"), "h\xc3\xa4l\"lo");
    CHECK(!mmofl_safetensors_metadata(&file, "absent"));
    /* Its data lie off their alignment in that file, so these are copies. */
    const mmofl_tensor *t = mmofl_safetensors_find(&file, "weight");
    CHECK_INT(t->type, MMOFL_TENSOR_F32);
    CHECK_INT(t->n_dims, 2);
    CHECK_INT(t->dim[0], 2);
    CHECK_INT(t->dim[1], 3);
    CHECK_INT((uintptr_t)t->data % sizeof(float), 0);
    assert_memory_equal(t->data, weight, sizeof weight);
    t = mmofl_safetensors_find(&file, "steps");
    CHECK_INT(t->n_dims, 0);
    CHECK_INT(*(const int64_t *)t->data, steps);
    t = mmofl_safetensors_find(&file, "bytes");
    assert_memory_equal(t->data, bytes, sizeof bytes);
    CHECK_INT(mmofl_safetensors_find(&file, "none")->dim[0], 0);
    CHECK(!mmofl_safetensors_find(&file, "weigh"));
    mmofl_safetensors_close(&file);
}

static const mmofl_tensor three[] = {
    {"bytes", MMOFL_TENSOR_U8, 1, {3}, bytes},
    {"weight", MMOFL_TENSOR_F32, 2, {2, 3}, weight},
    {"steps", MMOFL_TENSOR_I64, 0, {0}, &steps},
};
static const mmofl_metadata notes[] = {{"round", "7"}, {"method", "pm"}};

static mmofl_status write_three(const char *path, mmofl_error *err)
{
    return mmofl_safetensors_write(path, three, 3, notes, 2, false, err);
}

/* Read by hand, with nothing of the reader: length, JSON as text, data by size. */
static void file_is_byte_for_byte_as_worked_out_by_hand(void **state)
{
    (void)state;
    scratch s;
    scratch_new(&s);
    mmofl_error err = {0};
    const char *path = scratch_path(&s, "a.safetensors");
    CHECK_OK(write_three(path, &err));
    static const char wanted[] =
        "{\"__metadata__\":{\"round\":\"7\",\"method\":\"pm\"},"
        "\"bytes\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[32,35]},"
        "\"weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[8,32]},"
        "\"steps\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]}}";
    unsigned char *data;
    size_t size, n = (sizeof wanted - 1 + 7) / 8 * 8;
    CHECK_OK(mmofl_file_read(path, 4096, &data, &size, &err));
    CHECK_INT(size, 8 + n + 35);
    CHECK_INT(data[0] | data[1] << 8, (int)n);
    for (int i = 2; i < 8; i++)
        CHECK_INT(data[i], 0);
    assert_memory_equal(data + 8, wanted, sizeof wanted - 1);
    for (size_t i = 8 + sizeof wanted - 1; i < 8 + n; i++)
        CHECK_INT(data[i], ' ');
    assert_memory_equal(data + 8 + n, &steps, 8);
    assert_memory_equal(data + 8 + n + 8, weight, 24);
    assert_memory_equal(data + 8 + n + 32, bytes, 3);
    free(data);
    scratch_delete(&s);
}

static void what_was_written_is_read_back_without_a_copy(void **state)
{
    (void)state;
    scratch s;
    scratch_new(&s);
    mmofl_error err = {0};
    mmofl_safetensors file;
    const char *path = scratch_path(&s, "a.safetensors");
    CHECK_OK(write_three(path, &err));
    CHECK_OK(mmofl_safetensors_open(path, 0, &file, &err));
    CHECK_TEXT(mmofl_safetensors_metadata(&file, "method"), "pm");
    for (int i = 0; i < 3; i++) {
        const void *data;
        size_t n;
        CHECK(mmofl_tensor_bytes(&three[i], &n));
        CHECK_OK(mmofl_safetensors_require(&file, &three[i], &data, &err));
        assert_memory_equal(data, three[i].data, n);
        const unsigned char *p = data;
        CHECK(p >= file.mapping.data && p + n <= file.mapping.data + file.mapping.size);
    }
    mmofl_safetensors_close(&file);
    scratch_delete(&s);
}

static void file_without_tensors_is_fine(void **state)
{
    (void)state;
    scratch s;
    scratch_new(&s);
    mmofl_error err = {0};
    mmofl_safetensors file;
    const char *path = scratch_path(&s, "a.safetensors");
    CHECK_OK(mmofl_safetensors_write(path, NULL, 0, NULL, 0, true, &err));
    CHECK_OK(mmofl_safetensors_open(path, 0, &file, &err));
    CHECK_INT(file.n_tensors, 0);
    mmofl_safetensors_close(&file);
    mmofl_safetensors_close(NULL);
    scratch_delete(&s);
}

static void require_tells_what_does_not_fit(void **state)
{
    (void)state;
    mmofl_safetensors file = {.tensors = three, .n_tensors = 3};
    mmofl_error err = {0};
    const void *data = NULL;
    mmofl_tensor wanted = {"gone", MMOFL_TENSOR_F32, 2, {2, 3}, NULL};
    CHECK_STATUS(mmofl_safetensors_require(&file, &wanted, &data, &err),
                 MMOFL_E_MISSING);
    CHECK_CONTAINS(err.text, "\"gone\"");
    wanted = (mmofl_tensor){"weight", MMOFL_TENSOR_F64, 2, {2, 3}, NULL};
    CHECK_STATUS(mmofl_safetensors_require(&file, &wanted, &data, &err), MMOFL_E_TYPE);
    CHECK_CONTAINS(err.text, "is F32, wanted F64");
    wanted = (mmofl_tensor){"weight", MMOFL_TENSOR_F32, 1, {6}, NULL};
    CHECK_STATUS(mmofl_safetensors_require(&file, &wanted, &data, &err), MMOFL_E_SHAPE);
    wanted = (mmofl_tensor){"weight", MMOFL_TENSOR_F32, 2, {2, 4}, NULL};
    CHECK_STATUS(mmofl_safetensors_require(&file, &wanted, &data, &err), MMOFL_E_SHAPE);
    CHECK_CONTAINS(err.text, "dim 1 is 3, wanted 4");
    CHECK(!data);
}

static void writer_refuses_and_leaves_nothing(void **state)
{
    (void)state;
    scratch s;
    scratch_new(&s);
    mmofl_error err = {0};
    char path[600], inside[700];
    snprintf(path, sizeof path, "%s", scratch_path(&s, "a.safetensors"));
    mmofl_tensor twice[2] = {three[0], three[0]};
    CHECK_STATUS(mmofl_safetensors_write(path, twice, 2, NULL, 0, false, &err),
                 MMOFL_E_DUPLICATE);
    mmofl_tensor t = three[0];
    t.name = "__metadata__";
    CHECK_STATUS(mmofl_safetensors_write(path, &t, 1, NULL, 0, false, &err),
                 MMOFL_E_RANGE);
    t.name = "\xff";
    CHECK_STATUS(mmofl_safetensors_write(path, &t, 1, NULL, 0, false, &err),
                 MMOFL_E_SYNTAX);
    t = (mmofl_tensor){"big", MMOFL_TENSOR_F64, 2, {SIZE_MAX / 8, 9}, bytes};
    CHECK_STATUS(mmofl_safetensors_write(path, &t, 1, NULL, 0, false, &err),
                 MMOFL_E_LIMIT);
    t.n_dims = MMOFL_TENSOR_DIMS + 1;
    CHECK_STATUS(mmofl_safetensors_write(path, &t, 1, NULL, 0, false, &err),
                 MMOFL_E_RANGE);
    mmofl_metadata same[2] = {{"a", "1"}, {"a", "2"}};
    CHECK_STATUS(mmofl_safetensors_write(path, three, 3, same, 2, false, &err),
                 MMOFL_E_DUPLICATE);
    CHECK(!mmofl_file_exists(path));
    CHECK_OK(write_three(path, &err));
    snprintf(inside, sizeof inside, "%s/b.safetensors", path); /* under a file */
    CHECK_STATUS(write_three(inside, &err), MMOFL_E_IO);
    scratch_delete(&s);
}

static void nan_passes_unless_it_is_asked_for(void **state)
{
    (void)state;
    mmofl_safetensors file;
    mmofl_error err = {0};
    const char *path = MMOFL_TESTS_DIR "/bad/safetensors/E_NONFINITE--nan.safetensors";
    CHECK_OK(mmofl_safetensors_open(path, 0, &file, &err));
    mmofl_safetensors_close(&file);
}

static void every_bad_file_is_refused_with_its_status(void **state)
{
    (void)state;
    const char *folder = MMOFL_TESTS_DIR "/bad/safetensors";
    DIR *dir = opendir(folder);
    CHECK(dir);
    int n = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        const char *dashes = strstr(entry->d_name, "--");
        if (!dashes)
            continue;
        char path[600];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        mmofl_error err = {0};
        mmofl_safetensors file = {.n_tensors = 99};
        mmofl_status st =
            mmofl_safetensors_open(path, MMOFL_SAFETENSORS_FINITE, &file, &err);
        const char *name = mmofl_status_name(st);
        if (strncmp(name, entry->d_name, (size_t)(dashes - entry->d_name)) != 0)
            fail_msg("%s: gave %s: %s", entry->d_name, name, err.text);
        CHECK_INT(err.status, st);
        CHECK_CONTAINS(err.text, entry->d_name);
        CHECK_INT(file.n_tensors, 99); /* untouched */
        n++;
    }
    closedir(dir);
    CHECK(n >= 50);
}

static void every_cut_of_a_good_file_is_refused(void **state)
{
    (void)state;
    unsigned char *data;
    size_t size;
    mmofl_error err = {0};
    CHECK_OK(mmofl_file_read(MMOFL_TESTS_DIR "/golden/foreign.safetensors", 4096, &data,
                             &size, &err));
    for (size_t n = 0; n < size; n++) {
        mmofl_arena arena = MMOFL_ARENA_INIT;
        mmofl_safetensors file;
        unsigned char *cut = malloc(n ? n : 1); /* so that reading past it shows */
        memcpy(cut, data, n);
        CHECK(mmofl_safetensors_parse(cut, n, 0, &arena, &file, &err) != MMOFL_OK);
        free(cut);
        mmofl_arena_free(&arena);
    }
    free(data);
}

static void each_failing_allocation_is_reported(void **state)
{
    (void)state;
    unsigned char *data;
    size_t size;
    mmofl_error err = {0};
    CHECK_OK(mmofl_file_read(MMOFL_TESTS_DIR "/golden/foreign.safetensors", 4096, &data,
                             &size, &err));
    mmofl_status st = MMOFL_E_MEMORY;
    for (long n = 1; st; n++) {
        mmofl_arena arena = MMOFL_ARENA_INIT;
        mmofl_safetensors file;
        arena.fail_after = n;
        st = mmofl_safetensors_parse(data, size, 0, &arena, &file, &err);
        if (st)
            CHECK_STATUS(st, MMOFL_E_MEMORY);
        else
            CHECK(n > 10);
        mmofl_arena_free(&arena);
    }
    free(data);
}

CHECK_MAIN(TEST(golden_file_of_another_program_is_read),
           TEST(file_is_byte_for_byte_as_worked_out_by_hand),
           TEST(what_was_written_is_read_back_without_a_copy),
           TEST(file_without_tensors_is_fine), TEST(require_tells_what_does_not_fit),
           TEST(writer_refuses_and_leaves_nothing),
           TEST(nan_passes_unless_it_is_asked_for),
           TEST(every_bad_file_is_refused_with_its_status),
           TEST(every_cut_of_a_good_file_is_refused),
           TEST(each_failing_allocation_is_reported))
