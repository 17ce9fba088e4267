/* test_archive.c - zips, zips in zips, folders, and a folder of hostile ones. */
#include "scratch.h"

#include "bad_files.h"
#include "base/file.h"
#include "data/archive.h"
#include "zip_maker.h"

static const zip_file two_files[] = {{"set/a.txt", "alpha", 5},
                                     {"set/deep/b.txt", "beta!", 5}};

static void check_entry(const mmofl_archive *archive, const char *tail,
                        const char *wanted)
{
    size_t index, size;
    unsigned char *data;
    mmofl_error err = {0};
    CHECK_OK(mmofl_archive_find(archive, tail, &index, &err));
    CHECK_OK(mmofl_archive_read(archive, index, &data, &size, &err));
    CHECK_INT(size, strlen(wanted));
    CHECK_TEXT((char *)data, wanted);
    free(data);
}

static void zip_is_listed_and_read(void **state)
{
    (void)state;
    zip made = zip_make(two_files, 2);
    mmofl_archive *archive;
    mmofl_error err = {0};
    CHECK_OK(mmofl_archive_open_memory(made.data, made.size, "two.zip", NULL, &archive,
                                       &err));
    CHECK_INT(mmofl_archive_count(archive), 2);
    CHECK_TEXT(mmofl_archive_entry_at(archive, 1)->path, "set/deep/b.txt");
    CHECK_INT(mmofl_archive_entry_at(archive, 1)->bytes, 5);
    check_entry(archive, "a.txt", "alpha");
    check_entry(archive, "deep/b.txt", "beta!");
    mmofl_archive_close(archive);
    free(made.data);
}

static void check_two_files(const unsigned char *data, size_t size)
{
    mmofl_archive *archive;
    mmofl_error err = {0};
    CHECK_OK(mmofl_archive_open_memory(data, size, "two.zip", NULL, &archive, &err));
    CHECK_INT(mmofl_archive_count(archive), 2);
    check_entry(archive, "a.txt", "alpha");
    check_entry(archive, "deep/b.txt", "beta!");
    mmofl_archive_close(archive);
}

static void stored_files_and_long_sizes_are_read(void **state)
{
    (void)state;
    static const char *const options[] = {"zip:compression=store", "zip:zip64",
                                          "zip:zip64,zip:compression=store"};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        zip made = zip_make_with(two_files, 2, options[i]);
        check_two_files(made.data, made.size);
        free(made.data);
    }
}

/* The comment is the zip's last field, and its length the one before it. */
static void a_comment_may_follow_the_directory(void **state)
{
    (void)state;
    static const char comment[] = "PK\5\6 is how the record before this one starts";
    zip made = zip_make(two_files, 2);
    unsigned char *data = malloc(made.size + sizeof comment);
    CHECK(data);
    memcpy(data, made.data, made.size);
    memcpy(data + made.size, comment, sizeof comment);
    data[made.size - 2] = sizeof comment;
    check_two_files(data, made.size + sizeof comment);
    free(made.data);
    free(data);
}

static void zip_in_a_zip_takes_its_place(void **state)
{
    (void)state;
    zip inner = zip_make(two_files, 2);
    const zip_file outer_files[] = {{"__MACOSX/._inner.zip", "junk", 4},
                                    {"notes.txt", "hello", 5},
                                    {"inner.zip", inner.data, inner.size}};
    zip outer = zip_make(outer_files, 3);
    mmofl_archive *archive;
    mmofl_error err = {0};
    CHECK_OK(mmofl_archive_open_memory(outer.data, outer.size, "outer.zip", NULL,
                                       &archive, &err));
    CHECK_INT(mmofl_archive_count(archive), 2);
    check_entry(archive, "set/a.txt", "alpha");
    mmofl_archive_close(archive);
    free(inner.data);
    free(outer.data);
}

static void opened_as_outer_a_zip_stays_a_file(void **state)
{
    (void)state;
    scratch s;
    zip inner = zip_make(two_files, 2);
    mmofl_archive *archive;
    mmofl_error err = {0};
    scratch_new(&s);
    CHECK_OK(mmofl_file_write(scratch_path(&s, "labels.tsv"), "id", 2, false, &err));
    CHECK_OK(mmofl_file_write(scratch_path(&s, "set.zip"), inner.data, inner.size,
                              false, &err));
    CHECK_OK(mmofl_archive_open_outer(s.folder, NULL, &archive, &err));
    CHECK_INT(mmofl_archive_count(archive), 2);
    check_entry(archive, "labels.tsv", "id");
    CHECK_TEXT(mmofl_archive_entry_at(archive, 1)->path, "set.zip");
    mmofl_archive_close(archive);
    CHECK_OK(mmofl_archive_open(s.folder, NULL, &archive, &err));
    check_entry(archive, "set/a.txt", "alpha");
    mmofl_archive_close(archive);
    free(inner.data);
    scratch_delete(&s);
}

static void folder_is_listed_in_order_with_a_zip_or_without(void **state)
{
    (void)state;
    scratch s;
    mmofl_archive *archive;
    mmofl_error err = {0};
    scratch_new(&s);
    CHECK_OK(mmofl_file_make_folders(scratch_path(&s, "set/deep"), &err));
    CHECK_OK(
        mmofl_file_write(scratch_path(&s, "set/deep/b.txt"), "beta!", 5, false, &err));
    CHECK_OK(mmofl_file_write(scratch_path(&s, "set/a.txt"), "alpha", 5, false, &err));
    CHECK_OK(mmofl_file_write(scratch_path(&s, ".DS_Store"), "x", 1, false, &err));
    CHECK_OK(mmofl_archive_open(s.folder, NULL, &archive, &err));
    CHECK_INT(mmofl_archive_count(archive), 2);
    CHECK_TEXT(mmofl_archive_entry_at(archive, 0)->path, "set/a.txt");
    CHECK(mmofl_archive_entry_at(archive, 0)->mtime_ns != 0);
    check_entry(archive, "b.txt", "beta!");
    mmofl_archive_close(archive);

    const zip_file other = {"other.txt", "gamma", 5};
    zip made = zip_make(&other, 1);
    CHECK_OK(mmofl_file_write(scratch_path(&s, "only.zip"), made.data, made.size, false,
                              &err));
    CHECK_OK(mmofl_archive_open(s.folder, NULL, &archive, &err));
    CHECK_INT(mmofl_archive_count(archive), 1);
    check_entry(archive, "other.txt", "gamma");
    mmofl_archive_close(archive);
    free(made.data);
    scratch_delete(&s);
}

static void link_in_a_folder_is_refused(void **state)
{
    (void)state;
    scratch s;
    mmofl_archive *archive;
    mmofl_error err = {0};
    scratch_new(&s);
    CHECK_INT(symlink("/etc/passwd", scratch_path(&s, "link")), 0);
    CHECK_STATUS(mmofl_archive_open(s.folder, NULL, &archive, &err),
                 MMOFL_E_UNSAFE_PATH);
    CHECK_CONTAINS(err.text, "link");
    scratch_delete(&s);
}

static void files_are_read_in_any_order(void **state)
{
    (void)state;
    const zip_file files[] = {{"0", "zero", 4}, {"1", "one", 3}, {"2", "two", 3}};
    const char *const wanted[] = {"zero", "one", "two"};
    const size_t order[] = {0, 2, 1, 1, 2, 0};
    zip made = zip_make(files, 3);
    mmofl_archive *archive;
    mmofl_error err = {0};
    CHECK_OK(
        mmofl_archive_open_memory(made.data, made.size, "x", NULL, &archive, &err));
    for (size_t i = 0; i < 6; i++) {
        unsigned char *data;
        size_t size;
        CHECK_OK(mmofl_archive_read(archive, order[i], &data, &size, &err));
        CHECK_TEXT((char *)data, wanted[order[i]]);
        free(data);
    }
    mmofl_archive_close(archive);
    free(made.data);
}

static void limits_are_held(void **state)
{
    (void)state;
    zip made = zip_make(two_files, 2);
    mmofl_archive *archive = NULL;
    mmofl_error err = {0};
    const struct {
        mmofl_archive_limits limits;
        const char *says;
    } cases[] = {{{1, 100, 100, 100}, "more than 1 files"},
                 {{9, 4, 100, 100}, "unpacks to 5 bytes"},
                 {{9, 9, 9, 100}, "more than 9 bytes"}};
    for (size_t i = 0; i < 3; i++) {
        CHECK_STATUS(mmofl_archive_open_memory(made.data, made.size, "x",
                                               &cases[i].limits, &archive, &err),
                     MMOFL_E_LIMIT);
        CHECK_CONTAINS(err.text, cases[i].says);
        CHECK(!archive);
    }
    free(made.data);
}

static void missing_and_ambiguous_names_are_told(void **state)
{
    (void)state;
    const zip_file files[] = {{"a/x.txt", "1", 1}, {"b/x.txt", "2", 1}};
    zip made = zip_make(files, 2);
    mmofl_archive *archive;
    mmofl_error err = {0};
    size_t index = 77;
    CHECK_OK(
        mmofl_archive_open_memory(made.data, made.size, "z", NULL, &archive, &err));
    CHECK_STATUS(mmofl_archive_find(archive, "x.txt", &index, &err), MMOFL_E_DUPLICATE);
    CHECK_STATUS(mmofl_archive_find(archive, ".txt", &index, &err), MMOFL_E_MISSING);
    CHECK_CONTAINS(err.text, "z: holds no .txt");
    CHECK_INT(index, 77);
    CHECK_OK(mmofl_archive_find(archive, "b/x.txt", &index, &err));
    CHECK_INT(index, 1);
    mmofl_archive_close(archive);
    free(made.data);
}

static void missing_file_is_not_found(void **state)
{
    (void)state;
    mmofl_archive *archive;
    mmofl_error err = {0};
    unsigned char stamp[MMOFL_ARCHIVE_STAMP_BYTES];
    CHECK_STATUS(mmofl_archive_open("/nowhere/at.zip", NULL, &archive, &err),
                 MMOFL_E_NOT_FOUND);
    CHECK_STATUS(mmofl_archive_stamp("/nowhere/at.zip", stamp, &err),
                 MMOFL_E_NOT_FOUND);
}

static void stamp_changes_with_the_folder(void **state)
{
    (void)state;
    scratch s;
    unsigned char before[MMOFL_ARCHIVE_STAMP_BYTES], after[MMOFL_ARCHIVE_STAMP_BYTES];
    mmofl_error err = {0};
    scratch_new(&s);
    CHECK_OK(mmofl_file_write(scratch_path(&s, "a"), "1", 1, false, &err));
    CHECK_OK(mmofl_archive_stamp(s.folder, before, &err));
    CHECK_OK(mmofl_archive_stamp(s.folder, after, &err));
    CHECK(memcmp(before, after, sizeof before) == 0);
    CHECK_OK(mmofl_file_write(scratch_path(&s, "a"), "12", 2, false, &err));
    CHECK_OK(mmofl_archive_stamp(s.folder, after, &err));
    CHECK(memcmp(before, after, sizeof before) != 0);
    scratch_delete(&s);
}

/* Open an archive and read everything in it. */
static mmofl_status read_everything(const char *path, mmofl_error *err)
{
    mmofl_archive *archive;
    mmofl_status st = mmofl_archive_open(path, NULL, &archive, err);
    if (st)
        return st;
    for (size_t i = 0; i < mmofl_archive_count(archive) && !st; i++) {
        unsigned char *data;
        size_t size;
        st = mmofl_archive_read(archive, i, &data, &size, err);
        if (!st)
            free(data);
    }
    mmofl_archive_close(archive);
    return st;
}

static void every_bad_archive_is_refused_with_its_status(void **state)
{
    (void)state;
    bad_files_are_refused("archive", 28, read_everything);
}

CHECK_MAIN(TEST(zip_is_listed_and_read), TEST(stored_files_and_long_sizes_are_read),
           TEST(a_comment_may_follow_the_directory), TEST(zip_in_a_zip_takes_its_place),
           TEST(opened_as_outer_a_zip_stays_a_file),
           TEST(folder_is_listed_in_order_with_a_zip_or_without),
           TEST(link_in_a_folder_is_refused), TEST(files_are_read_in_any_order),
           TEST(limits_are_held), TEST(missing_and_ambiguous_names_are_told),
           TEST(missing_file_is_not_found), TEST(stamp_changes_with_the_folder),
           TEST(every_bad_archive_is_refused_with_its_status))
