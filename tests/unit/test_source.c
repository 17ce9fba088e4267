/* test_source.c - loading by name, and the cache in front of it. */
#include "scratch.h"

#include <dirent.h>
#include <fcntl.h>

#include "base/file.h"
#include "data/builder.h"
#include "data/source.h"
#include "data/uci_har.h"

#define MINI MMOFL_SHARED_DIR "/data/uci-har/uci-har-mini.zip"

struct log {
    char lines[4096];
};

static void keep_line(void *context, mmofl_log_level level, const char *line)
{
    struct log *log = context;
    size_t n = strlen(log->lines);
    snprintf(log->lines + n, sizeof log->lines - n, "%d %s\n", (int)level, line);
}

static mmofl_data_spec spec_of(const char *name, const char *path)
{
    const mmofl_kind *kind = mmofl_kind_find(mmofl_data_source_kinds(), name);
    CHECK(kind);
    return (mmofl_data_spec){.set = mmofl_pick_default(kind),
                             .path = path,
                             .test_stride = 1,
                             .standardize = MMOFL_STANDARDIZE_CHANNEL};
}

/* A cache folder that does not exist yet, inside the test's own. */
static void use_cache(scratch *s)
{
    scratch_new(s);
    setenv("MMOFL_CACHE_DIR", scratch_path(s, "cache/mmofl"), 1);
}

static int count_files(const char *folder)
{
    DIR *dir = opendir(folder);
    int n = 0;
    if (!dir)
        return 0;
    for (const struct dirent *item; (item = readdir(dir));)
        n += item->d_name[0] != '.';
    closedir(dir);
    return n;
}

static void both_sets_are_known_by_name(void **state)
{
    (void)state;
    mmofl_kind_list kinds = mmofl_data_source_kinds();
    CHECK(mmofl_kind_find(kinds, "uci-har"));
    CHECK(mmofl_kind_find(kinds, "synthetic-har"));
    CHECK(!mmofl_kind_find(kinds, "mnist"));
}

static void generated_set_needs_no_cache(void **state)
{
    (void)state;
    scratch s;
    mmofl_error err = {0};
    mmofl_dataset *set;
    mmofl_data_spec spec = spec_of("synthetic-har", "");
    char cache[4096] = "untouched";
    use_cache(&s);
    CHECK_OK(mmofl_data_load(&spec, NULL, &set, &err));
    CHECK_INT(set->standardize, MMOFL_STANDARDIZE_CHANNEL);
    mmofl_dataset_close(set);
    CHECK(!mmofl_file_exists(getenv("MMOFL_CACHE_DIR")));
    CHECK_STATUS(mmofl_data_import(&spec, NULL, cache, &err), MMOFL_E_UNSUPPORTED);
    CHECK_TEXT(cache, "untouched");
    scratch_delete(&s);
}

static void stride_and_standardize_are_applied(void **state)
{
    (void)state;
    mmofl_error err = {0};
    mmofl_dataset *all, *some = NULL;
    mmofl_data_spec spec = spec_of("synthetic-har", "");
    CHECK_OK(mmofl_data_load(&spec, NULL, &all, &err));
    spec.test_stride = 3;
    spec.standardize = MMOFL_STANDARDIZE_NONE;
    CHECK_OK(mmofl_data_load(&spec, NULL, &some, &err));
    CHECK_INT(some->n_train, all->n_train);
    CHECK_INT(some->n_samples - some->n_train, (all->n_samples - all->n_train + 2) / 3);
    CHECK_INT(some->standardize, MMOFL_STANDARDIZE_NONE);
    mmofl_dataset_close(all);
    mmofl_dataset_close(some);
    some = NULL;
    spec.test_stride = 0;
    CHECK_STATUS(mmofl_data_load(&spec, NULL, &some, &err), MMOFL_E_RANGE);
    CHECK(!some);
}

static void windows_of_their_own_axes_can_be_asked_for(void **state)
{
    (void)state;
    mmofl_dataset *set = NULL;
    mmofl_data_spec spec = spec_of("synthetic-har", "");
    spec.standardize = MMOFL_STANDARDIZE_WINDOW;
    CHECK_OK(mmofl_data_load(&spec, NULL, &set, NULL));
    CHECK_INT(set->standardize, MMOFL_STANDARDIZE_WINDOW);
    float x[128 * 3];
    double sum = 0, squares = 0;
    mmofl_dataset_values(set, 5, 0, x);
    for (int t = 0; t < 128; t++) {
        sum += (double)x[3 * t];
        squares += (double)x[3 * t] * (double)x[3 * t];
    }
    CHECK_NEAR(sum / 128, 0, 1e-6);
    CHECK_NEAR(squares / 128, 1, 1e-2); /* but for the 1e-5 beside sd */
    mmofl_dataset_close(set);
}

/* Samples of one position of two channels. */
static mmofl_status import_vectors(const mmofl_pick *set, const char *path,
                                   const mmofl_log_sink *log, mmofl_dataset **out,
                                   mmofl_error *err)
{
    (void)set, (void)path, (void)log;
    static const char *const classes[2] = {"x", "y"};
    static const mmofl_modality numbers = {.name = "numbers", .shape = {1, {2}}};
    const mmofl_builder_plan plan = {.name = "vectors",
                                     .citation = "",
                                     .n_modalities = 1,
                                     .modality = &numbers,
                                     .n_classes = 2,
                                     .class_name = classes,
                                     .n_samples = 2,
                                     .n_train = 1};
    mmofl_builder builder;
    mmofl_status st = mmofl_builder_begin(&plan, &builder, err);
    return st ? st : mmofl_builder_finish(&builder, out, err);
}

static void windows_of_one_position_are_refused(void **state)
{
    (void)state;
    static const mmofl_data_source vectors = {
        .kind = {.name = "vectors"}, .generated = true, .import = import_vectors};
    mmofl_data_spec spec = {.set = {.kind = &vectors.kind},
                            .path = "",
                            .test_stride = 1,
                            .standardize = MMOFL_STANDARDIZE_WINDOW};
    mmofl_dataset *set = NULL;
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_data_load(&spec, NULL, &set, &err), MMOFL_E_SHAPE);
    CHECK_CONTAINS(err.text, "would make all values of numbers 0");
    CHECK(!set);
    spec.standardize = MMOFL_STANDARDIZE_CHANNEL;
    CHECK_OK(mmofl_data_load(&spec, NULL, &set, &err));
    mmofl_dataset_close(set);
}

static void set_that_was_not_imported_says_what_to_do(void **state)
{
    (void)state;
    scratch s;
    mmofl_error err = {0};
    mmofl_dataset *set = NULL;
    mmofl_data_spec spec = spec_of("uci-har", "");
    use_cache(&s);
    CHECK_STATUS(mmofl_data_load(&spec, NULL, &set, &err), MMOFL_E_NOT_FOUND);
    CHECK_CONTAINS(err.text, "mmofl data import uci-har PATH");
    CHECK_CONTAINS(err.text, "uci-har-total_acc.mmofl-data");
    spec.path = "/nowhere/x.zip";
    CHECK_STATUS(mmofl_data_load(&spec, NULL, &set, &err), MMOFL_E_NOT_FOUND);
    CHECK_CONTAINS(err.text, "/nowhere/x.zip");
    CHECK(!set);
    scratch_delete(&s);
}

static void copy_file(const char *from, const char *to)
{
    unsigned char *data;
    size_t size;
    mmofl_error err = {0};
    CHECK_OK(mmofl_file_read(from, 1 << 26, &data, &size, &err));
    CHECK_OK(mmofl_file_write(to, data, size, false, &err));
    free(data);
}

static void second_load_comes_from_the_cache_until_the_archive_changes(void **state)
{
    (void)state;
    if (!mmofl_file_exists(MINI))
        CHECK_SKIP("no ../shared/data/uci-har");
    scratch s;
    char archive[512];
    struct log log = {""};
    mmofl_log_sink sink = {keep_line, &log};
    mmofl_error err = {0};
    mmofl_dataset *set;
    use_cache(&s);
    snprintf(archive, sizeof archive, "%s", scratch_path(&s, "mini.zip"));
    copy_file(MINI, archive);
    mmofl_data_spec spec = spec_of("uci-har", archive);
    for (int time = 0; time < 2; time++) {
        log.lines[0] = '\0';
        CHECK_OK(mmofl_data_load(&spec, &sink, &set, &err));
        CHECK_INT(set->n_samples, 360);
        mmofl_dataset_close(set);
        if (time == 0)
            CHECK_CONTAINS(log.lines, "360 samples");
        else
            CHECK_TEXT(log.lines, "");
        CHECK_INT(count_files(getenv("MMOFL_CACHE_DIR")), 1);
    }
    const struct timespec times[2] = {{1, 0}, {1, 0}};
    CHECK_INT(utimensat(AT_FDCWD, archive, times, 0), 0);
    CHECK_OK(mmofl_data_load(&spec, &sink, &set, &err));
    mmofl_dataset_close(set);
    CHECK_CONTAINS(log.lines, "360 samples");
    CHECK_INT(count_files(getenv("MMOFL_CACHE_DIR")), 2);
    scratch_delete(&s);
}

static void options_have_caches_of_their_own(void **state)
{
    (void)state;
    if (!mmofl_file_exists(MINI))
        CHECK_SKIP("no ../shared/data/uci-har");
    scratch s;
    char cache[4096];
    mmofl_error err = {0};
    mmofl_dataset *set = NULL;
    mmofl_data_spec spec = spec_of("uci-har", MINI);
    use_cache(&s);
    CHECK_OK(mmofl_data_import(&spec, NULL, cache, &err));
    CHECK_CONTAINS(cache, "/cache/mmofl/uci-har-total_acc.mmofl-data");
    spec.path = "";
    CHECK_OK(mmofl_data_load(&spec, NULL, &set, &err));
    mmofl_dataset_close(set);
    set = NULL;
    mmofl_uci_har_options *options = (void *)spec.set.options.bytes;
    options->accelerometer = MMOFL_UCI_HAR_BODY_ACC;
    CHECK_STATUS(mmofl_data_load(&spec, NULL, &set, &err), MMOFL_E_NOT_FOUND);
    CHECK(!set);
    scratch_delete(&s);
}

static void damaged_cache_is_replaced_with_a_warning(void **state)
{
    (void)state;
    if (!mmofl_file_exists(MINI))
        CHECK_SKIP("no ../shared/data/uci-har");
    scratch s;
    struct log log = {""};
    mmofl_log_sink sink = {keep_line, &log};
    mmofl_error err = {0};
    mmofl_dataset *set;
    char file[4096] = "";
    mmofl_data_spec spec = spec_of("uci-har", MINI);
    use_cache(&s);
    CHECK_OK(mmofl_data_load(&spec, NULL, &set, &err));
    mmofl_dataset_close(set);
    DIR *dir = opendir(getenv("MMOFL_CACHE_DIR"));
    CHECK(dir);
    for (const struct dirent *item; (item = readdir(dir));)
        if (item->d_name[0] != '.')
            snprintf(file, sizeof file, "%s/%s", getenv("MMOFL_CACHE_DIR"),
                     item->d_name);
    closedir(dir);
    CHECK_OK(mmofl_file_write(file, "MMOFL", 5, false, &err));
    CHECK_OK(mmofl_data_load(&spec, &sink, &set, &err));
    mmofl_dataset_close(set);
    CHECK_CONTAINS(log.lines, "2 ");
    CHECK_CONTAINS(log.lines, "importing again");
    CHECK_OK(mmofl_dataset_open(file, &set, &err));
    mmofl_dataset_close(set);
    scratch_delete(&s);
}

static void cache_that_cannot_be_written_is_only_a_warning(void **state)
{
    (void)state;
    if (!mmofl_file_exists(MINI))
        CHECK_SKIP("no ../shared/data/uci-har");
    struct log log = {""};
    mmofl_log_sink sink = {keep_line, &log};
    mmofl_error err = {0};
    mmofl_dataset *set;
    char cache[4096];
    mmofl_data_spec spec = spec_of("uci-har", MINI);
    setenv("MMOFL_CACHE_DIR", "/dev/null/cache", 1);
    CHECK_OK(mmofl_data_load(&spec, &sink, &set, &err));
    mmofl_dataset_close(set);
    CHECK_CONTAINS(log.lines, "uci-har is not cached");
    CHECK(mmofl_data_import(&spec, NULL, cache, &err)); /* there it is the point */
}

CHECK_MAIN(TEST(both_sets_are_known_by_name), TEST(generated_set_needs_no_cache),
           TEST(stride_and_standardize_are_applied),
           TEST(windows_of_their_own_axes_can_be_asked_for),
           TEST(windows_of_one_position_are_refused),
           TEST(set_that_was_not_imported_says_what_to_do),
           TEST(second_load_comes_from_the_cache_until_the_archive_changes),
           TEST(options_have_caches_of_their_own),
           TEST(damaged_cache_is_replaced_with_a_warning),
           TEST(cache_that_cannot_be_written_is_only_a_warning))
