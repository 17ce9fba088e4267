/* Files: read whole, mapped, replaced in one step. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "check.h"

/* A folder of this program, removed with all that the tests put there. */
static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/mmofl-test-file-XXXXXX");
    return mkdtemp(folder) ? 0 : 1;
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const made[] = {"a",    "b",     "empty", "kept", "kept.part",
                                       "file", "x/y/z", "x/y",   "x",    "dir"};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, made[i]);
        remove(path);
    }
    return rmdir(folder);
}

static const char *in_folder(const char *name)
{
    static char path[2][256];
    static int turn;
    char *p = path[turn ^= 1];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

static void check_content(const char *path, const char *text)
{
    unsigned char *data = NULL;
    size_t size = 0;
    CHECK_OK(mmofl_file_read(path, 1000, &data, &size, NULL));
    CHECK_INT(size, strlen(text));
    CHECK_TEXT((const char *)data, text); /* a zero follows */
    free(data);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    const char *path = in_folder("a");
    CHECK_OK(mmofl_file_write(path, "hello", 5, true, NULL));
    check_content(path, "hello");
    CHECK_OK(mmofl_file_write(path, "replaced", 8, false, NULL));
    check_content(path, "replaced");
    CHECK(!mmofl_file_exists(in_folder("a.part")));
    CHECK_OK(mmofl_file_write(in_folder("empty"), NULL, 0, false, NULL));
    check_content(in_folder("empty"), "");
}

static void files_and_folders_are_synced_others_refused(void **state)
{
    (void)state;
    mmofl_error err = {0};
    CHECK_OK(mmofl_file_write(in_folder("a"), "x", 1, true, &err));
    CHECK_OK(mmofl_file_sync(in_folder("a"), &err));
    CHECK_OK(mmofl_file_sync(folder, &err));
    CHECK_STATUS(mmofl_file_sync(in_folder("none"), &err), MMOFL_E_NOT_FOUND);
}

static void pieces_follow_each_other(void **state)
{
    (void)state;
    const mmofl_piece pieces[] = {{"one ", 4}, {NULL, 0}, {"two", 3}};
    CHECK_OK(mmofl_file_write_pieces(in_folder("b"), pieces, 3, false, NULL));
    check_content(in_folder("b"), "one two");
}

static void reading_refuses_what_it_cannot_hold(void **state)
{
    (void)state;
    unsigned char *data = (unsigned char *)folder, *before = data;
    size_t size = 99;
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_file_read(in_folder("none"), 10, &data, &size, &err),
                 MMOFL_E_NOT_FOUND);
    CHECK_CONTAINS(err.text, "/none: ");
    CHECK_OK(mmofl_file_write(in_folder("a"), "0123456789", 10, false, NULL));
    CHECK_STATUS(mmofl_file_read(in_folder("a"), 9, &data, &size, &err), MMOFL_E_LIMIT);
    CHECK_CONTAINS(err.text, "10 bytes, at most 9");
    CHECK_STATUS(mmofl_file_read(folder, 1000000, &data, &size, &err), MMOFL_E_IO);
    CHECK_CONTAINS(err.text, "not a regular file");
    CHECK(data == before && size == 99);
    CHECK_OK(mmofl_file_read(in_folder("a"), 10, &data, &size, &err));
    free(data);
}

static void a_failed_write_leaves_the_old_file_and_no_part(void **state)
{
    (void)state;
    static char large[100000];
    struct rlimit old, small;
    CHECK_OK(mmofl_file_write(in_folder("kept"), "old", 3, false, NULL));
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 4096;
    CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &small), 0);
    mmofl_error err = {0};
    mmofl_status st =
        mmofl_file_write(in_folder("kept"), large, sizeof large, false, &err);
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &old), 0);
    CHECK_STATUS(st, MMOFL_E_IO);
    CHECK_CONTAINS(err.text, "/kept: not written");
    check_content(in_folder("kept"), "old");
    CHECK(!mmofl_file_exists(in_folder("kept.part")));
}

static void writing_refuses_folders_that_are_missing_or_in_the_way(void **state)
{
    (void)state;
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_file_write(in_folder("none/a"), "x", 1, false, &err),
                 MMOFL_E_NOT_FOUND);
    CHECK_OK(mmofl_file_make_folders(in_folder("dir"), NULL));
    CHECK_STATUS(mmofl_file_write(in_folder("dir"), "x", 1, false, &err), MMOFL_E_IO);
    CHECK(mmofl_file_is_folder(in_folder("dir")));
    CHECK(!mmofl_file_exists(in_folder("dir.part")));
    char path[5000];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    CHECK_STATUS(mmofl_file_write(path, "x", 1, false, &err), MMOFL_E_LIMIT);
}

static void mappings_show_the_file(void **state)
{
    (void)state;
    mmofl_mapping mapping = {0};
    CHECK_OK(mmofl_file_write(in_folder("a"), "mapped", 6, false, NULL));
    CHECK_OK(mmofl_file_map(in_folder("a"), &mapping, NULL));
    CHECK_INT(mapping.size, 6);
    CHECK(memcmp(mapping.data, "mapped", 6) == 0);
    mmofl_file_unmap(&mapping);
    CHECK(mapping.data == NULL && mapping.size == 0);
    CHECK_OK(mmofl_file_write(in_folder("empty"), NULL, 0, false, NULL));
    CHECK_OK(mmofl_file_map(in_folder("empty"), &mapping, NULL));
    CHECK(mapping.data == NULL && mapping.size == 0);
    mmofl_file_unmap(&mapping);
    CHECK_STATUS(mmofl_file_map(in_folder("none"), &mapping, NULL), MMOFL_E_NOT_FOUND);
    CHECK_STATUS(mmofl_file_map(folder, &mapping, NULL), MMOFL_E_IO);
}

static void folders_are_made_with_those_above(void **state)
{
    (void)state;
    mmofl_error err = {0};
    CHECK_OK(mmofl_file_make_folders(in_folder("x/y/z"), NULL));
    CHECK(mmofl_file_is_folder(in_folder("x/y/z")));
    CHECK_OK(mmofl_file_make_folders(in_folder("x/y/z/"), NULL));
    CHECK_OK(mmofl_file_make_folders("/", NULL));
    CHECK_OK(mmofl_file_write(in_folder("file"), "x", 1, false, NULL));
    CHECK_STATUS(mmofl_file_make_folders(in_folder("file"), &err), MMOFL_E_EXISTS);
    CHECK_CONTAINS(err.text, "is not a folder");
    CHECK_STATUS(mmofl_file_make_folders(in_folder("file/under"), &err), MMOFL_E_IO);
    CHECK_STATUS(mmofl_file_make_folders("", &err), MMOFL_E_LIMIT);
}

static void paths_are_joined_whole_or_not_at_all(void **state)
{
    (void)state;
    char out[8] = "as was";
    CHECK_STATUS(mmofl_file_join(out, sizeof out, "abcd", "efg", NULL), MMOFL_E_LIMIT);
    CHECK_TEXT(out, "as was");
    CHECK_OK(mmofl_file_join(out, sizeof out, "abc", "efg", NULL));
    CHECK_TEXT(out, "abc/efg");
    CHECK_OK(mmofl_file_join(out, sizeof out, "a/", "b", NULL));
    CHECK_TEXT(out, "a/b");
    CHECK_OK(
        mmofl_file_join(out, sizeof out, out, "c", NULL)); /* may be its own input */
    CHECK_TEXT(out, "a/b/c");
    CHECK_OK(mmofl_file_join(out, sizeof out, "", "b", NULL)); /* not "/b" */
    CHECK_TEXT(out, "b");
    CHECK_OK(mmofl_file_join(out, sizeof out, "a", "", NULL));
    CHECK_TEXT(out, "a");
}

static void the_cache_folder_follows_the_environment(void **state)
{
    (void)state;
    char out[128];
    CHECK_INT(setenv("HOME", "/home/someone", 1), 0);
    CHECK_INT(setenv("XDG_CACHE_HOME", "/xdg", 1), 0);
    CHECK_INT(setenv("MMOFL_CACHE_DIR", "/own", 1), 0);
    CHECK_OK(mmofl_file_cache_folder(out, sizeof out, NULL));
    CHECK_TEXT(out, "/own");
    CHECK_INT(setenv("MMOFL_CACHE_DIR", "", 1), 0);
    CHECK_OK(mmofl_file_cache_folder(out, sizeof out, NULL));
    CHECK_TEXT(out, "/xdg/mmofl");
    CHECK_INT(unsetenv("XDG_CACHE_HOME"), 0);
    CHECK_OK(mmofl_file_cache_folder(out, sizeof out, NULL));
    CHECK_TEXT(out, "/home/someone/.cache/mmofl");
    CHECK_INT(unsetenv("HOME"), 0);
    CHECK_STATUS(mmofl_file_cache_folder(out, sizeof out, NULL), MMOFL_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_written_is_read),
        TEST(files_and_folders_are_synced_others_refused),
        TEST(pieces_follow_each_other),
        TEST(reading_refuses_what_it_cannot_hold),
        TEST(a_failed_write_leaves_the_old_file_and_no_part),
        TEST(writing_refuses_folders_that_are_missing_or_in_the_way),
        TEST(mappings_show_the_file),
        TEST(folders_are_made_with_those_above),
        TEST(paths_are_joined_whole_or_not_at_all),
        TEST(the_cache_folder_follows_the_environment),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
