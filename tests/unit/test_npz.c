/* test_npz.c - arrays for NumPy: the bytes of .npy, the zip, atomic appearance. */
#include "scratch.h"

#include <archive.h>
#include <archive_entry.h>
#include <time.h>

#include "base/file.h"
#include "store/npz.h"

static const float weight[6] = {1, -2, 0.5F, 3.25F, 1e-3F, 1e30F};
static const mmofl_tensor matrix = {"w", MMOFL_TENSOR_F32, 2, {2, 3}, weight};

static void write_example(const char *path)
{
    mmofl_npz *npz;
    mmofl_error err = {0};
    static const int64_t vector[1] = {-5};
    static const double number = 0.1;
    const mmofl_tensor one = {"v", MMOFL_TENSOR_I64, 1, {1}, vector};
    const mmofl_tensor scalar = {"s", MMOFL_TENSOR_F64, 0, {0}, &number};
    CHECK_OK(mmofl_npz_new(path, &npz, &err));
    CHECK_OK(mmofl_npz_add(npz, &matrix, &err));
    CHECK_OK(mmofl_npz_add(npz, &one, &err));
    CHECK_OK(mmofl_npz_add(npz, &scalar, &err));
    CHECK_OK(mmofl_npz_add_text(npz, "config", "name: h\xc3\xa4r\n", &err));
    CHECK(!mmofl_file_exists(path)); /* not before it is whole */
    CHECK_OK(mmofl_npz_finish(npz, &err));
}

/* Read the next entry and compare it with a header text and data. */
static void check_entry(struct archive *zip, const char *name, const char *dict,
                        const void *data, size_t size)
{
    struct archive_entry *entry;
    unsigned char found[512];
    CHECK_INT(archive_read_next_header(zip, &entry), ARCHIVE_OK);
    CHECK_TEXT(archive_entry_pathname(entry), name);
    la_ssize_t n = archive_read_data(zip, found, sizeof found);
    CHECK_INT(n, (la_ssize_t)(128 + size));
    assert_memory_equal(found, "\x93NUMPY\x01\x00\x76\x00", 10); /* 118 = 128 - 10 */
    assert_memory_equal(found + 10, dict, strlen(dict));
    for (size_t i = 10 + strlen(dict); i < 127; i++)
        CHECK_INT(found[i], ' ');
    CHECK_INT(found[127], '\n');
    assert_memory_equal(found + 128, data, size);
}

static void entries_are_npy_files_as_numpy_documents_them(void **state)
{
    (void)state;
    scratch s;
    scratch_new(&s);
    const char *path = scratch_path(&s, "a.npz");
    write_example(path);
    struct archive *zip = archive_read_new();
    archive_read_support_format_zip(zip);
    CHECK_INT(archive_read_open_filename(zip, path, 4096), ARCHIVE_OK);
    check_entry(zip, "w.npy",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", weight,
                sizeof weight);
    check_entry(zip, "v.npy",
                "{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }",
                &(int64_t){-5}, 8);
    check_entry(zip, "s.npy", "{'descr': '<f8', 'fortran_order': False, 'shape': (), }",
                &(double){0.1}, 8);
    check_entry(zip, "config.npy",
                "{'descr': '|u1', 'fortran_order': False, 'shape': (11,), }",
                "name: h\xc3\xa4r\n", 11);
    struct archive_entry *entry;
    CHECK_INT(archive_read_next_header(zip, &entry), ARCHIVE_EOF);
    archive_read_free(zip);
    scratch_delete(&s);
}

static void equal_input_gives_equal_bytes_in_any_time_zone(void **state)
{
    (void)state;
    scratch s;
    scratch_new(&s);
    unsigned char *a, *b;
    size_t n, m;
    mmofl_error err = {0};
    setenv("TZ", "UTC", 1);
    tzset();
    write_example(scratch_path(&s, "a.npz"));
    setenv("TZ", "Pacific/Kiritimati", 1);
    tzset();
    write_example(scratch_path(&s, "b.npz"));
    CHECK_OK(mmofl_file_read(scratch_path(&s, "a.npz"), 1 << 20, &a, &n, &err));
    CHECK_OK(mmofl_file_read(scratch_path(&s, "b.npz"), 1 << 20, &b, &m, &err));
    CHECK_INT(n, m);
    assert_memory_equal(a, b, n);
    free(a);
    free(b);
    scratch_delete(&s);
}

static void refused_arrays_do_not_spoil_the_file(void **state)
{
    (void)state;
    scratch s;
    scratch_new(&s);
    mmofl_npz *npz;
    mmofl_error err = {0};
    CHECK_OK(mmofl_npz_new(scratch_path(&s, "a.npz"), &npz, &err));
    CHECK_OK(mmofl_npz_add(npz, &matrix, &err));
    CHECK_STATUS(mmofl_npz_add(npz, &matrix, &err), MMOFL_E_DUPLICATE);
    CHECK_CONTAINS(err.text, "array w");
    mmofl_tensor t = matrix;
    t.name = "";
    CHECK_STATUS(mmofl_npz_add(npz, &t, &err), MMOFL_E_RANGE);
    t.name = "../../etc/x";
    CHECK_STATUS(mmofl_npz_add(npz, &t, &err), MMOFL_E_RANGE);
    t = (mmofl_tensor){"n", MMOFL_TENSOR_F32, -1, {0}, weight};
    CHECK_STATUS(mmofl_npz_add(npz, &t, &err), MMOFL_E_RANGE);
    t = (mmofl_tensor){"n", MMOFL_TENSOR_F32, 1, {SIZE_MAX / 2}, weight};
    CHECK_STATUS(mmofl_npz_add(npz, &t, &err), MMOFL_E_LIMIT);
    CHECK_OK(mmofl_npz_finish(npz, &err));
    CHECK(mmofl_file_exists(scratch_path(&s, "a.npz")));
    CHECK(!mmofl_file_exists(scratch_path(&s, "a.npz.part")));
    scratch_delete(&s);
}

static void abandoning_leaves_the_old_file(void **state)
{
    (void)state;
    scratch s;
    scratch_new(&s);
    mmofl_npz *npz;
    mmofl_error err = {0};
    CHECK_OK(mmofl_file_write(scratch_path(&s, "a.npz"), "old", 3, false, &err));
    CHECK_OK(mmofl_npz_new(scratch_path(&s, "a.npz"), &npz, &err));
    CHECK_OK(mmofl_npz_add(npz, &matrix, &err));
    mmofl_npz_abandon(npz);
    mmofl_npz_abandon(NULL);
    unsigned char *data;
    size_t n;
    CHECK_OK(mmofl_file_read(scratch_path(&s, "a.npz"), 100, &data, &n, &err));
    assert_memory_equal(data, "old", 3);
    free(data);
    CHECK(!mmofl_file_exists(scratch_path(&s, "a.npz.part")));
    scratch_delete(&s);
}

static void unwritable_place_is_refused(void **state)
{
    (void)state;
    scratch s;
    scratch_new(&s);
    mmofl_npz *npz = NULL;
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_npz_new(scratch_path(&s, "none/a.npz"), &npz, &err),
                 MMOFL_E_NOT_FOUND);
    CHECK_OK(mmofl_file_write(scratch_path(&s, "f"), "x", 1, false, &err));
    CHECK_STATUS(mmofl_npz_new(scratch_path(&s, "f/a.npz"), &npz, &err), MMOFL_E_IO);
    CHECK(!npz);
    scratch_delete(&s);
}

/* /dev/full takes no byte; the part is a link to it. */
static void full_disk_is_told_and_the_file_is_not_there(void **state)
{
    (void)state;
    scratch s;
    scratch_new(&s);
    mmofl_npz *npz;
    mmofl_error err = {0};
    if (symlink("/dev/full", scratch_path(&s, "a.npz.part")) != 0 ||
        access("/dev/full", W_OK) != 0)
        CHECK_SKIP("no /dev/full");
    CHECK_OK(mmofl_npz_new(scratch_path(&s, "a.npz"), &npz, &err));
    static float big[1 << 16];
    mmofl_tensor t = {"big", MMOFL_TENSOR_F32, 1, {1 << 16}, big};
    CHECK_STATUS(mmofl_npz_add(npz, &t, &err), MMOFL_E_NO_SPACE);
    CHECK_STATUS(mmofl_npz_add(npz, &matrix, &err), MMOFL_E_STATE);
    CHECK_STATUS(mmofl_npz_finish(npz, &err), MMOFL_E_STATE);
    CHECK(!mmofl_file_exists(scratch_path(&s, "a.npz")));
    CHECK(!mmofl_file_exists(scratch_path(&s, "a.npz.part")));
    scratch_delete(&s);
}

CHECK_MAIN(TEST(entries_are_npy_files_as_numpy_documents_them),
           TEST(equal_input_gives_equal_bytes_in_any_time_zone),
           TEST(refused_arrays_do_not_spoil_the_file),
           TEST(abandoning_leaves_the_old_file), TEST(unwritable_place_is_refused),
           TEST(full_disk_is_told_and_the_file_is_not_there))
