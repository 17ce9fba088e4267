/* test_mvsa_single.c - small sets made here in each layout, a folder of archives that
 * are wrong in one place each, and the real data where they are at hand. */
#include "scratch.h"

#include <turbojpeg.h>

#include "bad_files.h"
#include "base/file.h"
#include "data/mvsa_labels.h"
#include "data/mvsa_single.h"
#include "data/npy.h"
#include "data/text_tokens.h"
#include "fail_allocations.h"
#include "zip_maker.h"

#define REAL MMOFL_SHARED_DIR "/data/mvsa-single"

static mmofl_mvsa_single_options defaults(void)
{
    mmofl_pick pick = mmofl_pick_default(&mmofl_mvsa_single.kind);
    mmofl_mvsa_single_options options;
    memcpy(&options, pick.options.bytes, sizeof options);
    return options;
}

static mmofl_status import(const char *path, mmofl_mvsa_single_options options,
                           mmofl_dataset **set, mmofl_error *err)
{
    mmofl_pick pick = mmofl_pick_default(&mmofl_mvsa_single.kind);
    memcpy(pick.options.bytes, &options, sizeof options);
    return mmofl_mvsa_single.import(&pick, path, NULL, set, err);
}

static mmofl_dataset *must_import(const char *path, mmofl_mvsa_single_options options)
{
    mmofl_dataset *set = NULL;
    mmofl_error err = {0};
    if (import(path, options, &set, &err))
        fail_msg("%s", err.text);
    return set;
}

static const float *image_of(const mmofl_dataset *set, size_t i)
{
    return (const float *)set->values[0] +
           i * mmofl_shape_count(set->modality[0].shape);
}

static const int32_t *text_of(const mmofl_dataset *set, size_t i)
{
    return (const int32_t *)set->values[1] +
           i * mmofl_shape_count(set->modality[1].shape);
}

static void check_text(const mmofl_dataset *set, size_t i, const char *text)
{
    int32_t ids[512];
    int length = set->modality[1].shape.dim[0];
    CHECK_OK(mmofl_text_tokens(text, strlen(text), "t", set->modality[1].vocabulary,
                               length, ids, NULL, NULL, NULL));
    CHECK(memcmp(ids, text_of(set, i), (size_t)length * sizeof *ids) == 0);
}

/* --- small sets ------------------------------------------------------------------- */

/* A plain grey photograph of id 7 is 7 everywhere, also after JPEG. */
typedef struct photo {
    unsigned char *data;
    size_t size;
} photo;

static photo photo_of(int id)
{
    unsigned char grey[16 * 16], *data = NULL;
    unsigned long size = 0;
    tjhandle encoder = tjInitCompress();
    memset(grey, 8 * id, sizeof grey);
    CHECK_INT(tjCompress2(encoder, grey, 16, 0, 16, TJPF_GRAY, &data, &size,
                          TJSAMP_GRAY, 90, 0),
              0);
    tjDestroy(encoder);
    return (photo){data, size};
}

static const struct {
    int id;
    const char *text;
} tweets[] = {{1, "I feel #good today http://t.co/x \n"},
              {2, "no, \xba\xc3 \n"}, /* GB18030 */
              {3, "torn @me \n"},
              {12, "caf\xc3\xa9 \n"}, /* UTF-8 */
              {5, "so sad \n"},
              {30, "meh"}};
enum { TWEETS = sizeof tweets / sizeof *tweets, MAX_FILES = 2 * TWEETS + 4 };

/* The authors' layout, and what is added to it. */
typedef struct layout {
    zip_file file[MAX_FILES];
    char path[2 * TWEETS][64];
    size_t n;
} layout;

static void add_file(layout *l, const char *path, const void *data, size_t size)
{
    CHECK(l->n < MAX_FILES);
    l->file[l->n++] = (zip_file){path, data, size};
}

static void add_text(layout *l, const char *path, const char *text)
{
    add_file(l, path, text, strlen(text));
}

static void add_tweets(layout *l)
{
    for (size_t i = 0; i < TWEETS; i++) {
        char *jpg = l->path[2 * i], *txt = l->path[2 * i + 1];
        snprintf(jpg, 64, "MVSA_Single/data/%d.jpg", tweets[i].id);
        snprintf(txt, 64, "MVSA_Single/data/%d.txt", tweets[i].id);
        photo made = photo_of(tweets[i].id);
        add_file(l, jpg, made.data, made.size);
        add_text(l, txt, tweets[i].text);
    }
}

static void free_tweets(const layout *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const char *path = l->file[i].path;
        if (strcmp(path + strlen(path) - 4, ".jpg") == 0)
            tjFree((unsigned char *)(uintptr_t)l->file[i].data);
    }
}

static void write_zip(const layout *l, const char *path)
{
    mmofl_error err = {0};
    zip made = zip_make(l->file, l->n);
    CHECK_OK(mmofl_file_write(path, made.data, made.size, false, &err));
    free(made.data);
}

static void write_folder(const layout *l, scratch *s)
{
    mmofl_error err = {0};
    CHECK_OK(mmofl_file_make_folders(scratch_path(s, "MVSA_Single/data"), &err));
    for (size_t i = 0; i < l->n; i++)
        CHECK_OK(mmofl_file_write(scratch_path(s, l->file[i].path), l->file[i].data,
                                  l->file[i].size, false, &err));
}

static const char official[] = "ID\ttext,image\r\n"
                               "1\tneutral,positive\r\n"
                               "2\tnegative,negative\r\n"
                               "3\tpositive,negative\r\n"
                               "12\tpositive,neutral\r\n"
                               "5\tnegative,neutral\r\n"
                               "30\tneutral,neutral\r\n";
static const char prepared[] = "id\tlabel\tsplit811\tsplit_course\n"
                               "1\tpositive\ttrain\ttest\n"
                               "2\tnegative\tdev\ttrain\n"
                               "3\t-\t-\t-\n"
                               "12\tpositive\ttest\ttrain\n"
                               "5\tnegative\ttrain\ttrain\n"
                               "30\tneutral\ttest\ttrain\n";

static void check_official_set(const mmofl_dataset *set)
{
    const int id[5] = {1, 2, 5, 12, 30}, label[5] = {0, 2, 2, 0, 1};
    CHECK_TEXT(set->name, "mvsa-single");
    CHECK_INT(set->n_samples, 5); /* id 3 contradicts itself */
    CHECK_INT(set->n_train, 5);   /* no class has ten */
    CHECK_TEXT(set->class_name[0], "positive");
    CHECK_TEXT(set->class_name[1], "neutral");
    CHECK_TEXT(set->class_name[2], "negative");
    for (size_t i = 0; i < 5; i++) {
        CHECK_INT(set->owner[i], 0);
        CHECK_INT(set->time[i], id[i]);
        CHECK_INT(set->label[i], label[i]);
        CHECK_NEAR(image_of(set, i)[100], 8 * id[i], 1.5);
    }
    check_text(set, 0, "i feel good today");
    check_text(set, 1, "no \xe5\xa5\xbd");
    check_text(set, 3, "caf\xc3\xa9");
}

static void official_layout_is_imported_from_zip_and_folder(void **state)
{
    (void)state;
    scratch s;
    layout l = {.n = 0};
    scratch_new(&s);
    add_tweets(&l);
    add_text(&l, "MVSA_Single/labelResultAll.txt", official);
    write_zip(&l, scratch_path(&s, "MVSA_Single.zip"));
    mmofl_dataset *set = must_import(s.path, defaults());
    check_official_set(set);
    mmofl_dataset_close(set);

    set = must_import(s.folder, defaults()); /* a folder with the zip in it */
    check_official_set(set);
    mmofl_dataset_close(set);

    unlink(scratch_path(&s, "MVSA_Single.zip"));
    write_folder(&l, &s);
    set = must_import(s.folder, defaults());
    check_official_set(set);
    mmofl_dataset_close(set);
    free_tweets(&l);
    scratch_delete(&s);
}

static void labels_table_beside_the_official_zip_gives_the_split(void **state)
{
    (void)state;
    scratch s;
    layout l = {.n = 0};
    mmofl_error err = {0};
    mmofl_mvsa_single_options options = defaults();
    scratch_new(&s);
    add_tweets(&l);
    write_zip(&l, scratch_path(&s, "MVSA_Single.zip"));
    CHECK_OK(mmofl_file_write(scratch_path(&s, "labels.tsv"), prepared,
                              sizeof prepared - 1, false, &err));
    const struct {
        int split, dev, n, n_train, id[5];
    } cases[] = {
        {MMOFL_MVSA_AUTO, MMOFL_MVSA_DEV_TRAIN, 5, 3, {1, 2, 5, 12, 30}},
        {MMOFL_MVSA_SPLIT811, MMOFL_MVSA_DEV_TEST, 5, 2, {1, 5, 2, 12, 30}},
        {MMOFL_MVSA_SPLIT811, MMOFL_MVSA_DEV_LEAVE, 4, 2, {1, 5, 12, 30}},
        {MMOFL_MVSA_SPLIT_COURSE, MMOFL_MVSA_DEV_TRAIN, 5, 4, {2, 5, 12, 30, 1}},
        {MMOFL_MVSA_DRAWN, MMOFL_MVSA_DEV_TRAIN, 5, 5, {1, 2, 5, 12, 30}},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        options.split = cases[c].split;
        options.dev = cases[c].dev;
        mmofl_dataset *set = must_import(s.folder, options);
        CHECK_INT(set->n_samples, cases[c].n);
        CHECK_INT(set->n_train, cases[c].n_train);
        for (int i = 0; i < cases[c].n; i++) {
            CHECK_INT(set->time[i], cases[c].id[i]);
            CHECK_NEAR(image_of(set, (size_t)i)[0], 8 * cases[c].id[i], 1.5);
        }
        mmofl_dataset_close(set);
    }
    free_tweets(&l);
    scratch_delete(&s);
}

/* images_rgb4.npy whose row k is k everywhere, for six rows of labels. */
static void write_pictures(scratch *s)
{
    unsigned char npy[128 + 6 * 48];
    mmofl_error err = {0};
    int n = snprintf((char *)npy, sizeof npy,
                     "\x93NUMPY\x01%c\x76%c{'descr': '|u1', 'fortran_order': False, "
                     "'shape': (6, 4, 4, 3), }",
                     0, 0);
    memset(npy + n, ' ', (size_t)(127 - n));
    npy[127] = '\n';
    for (int row = 0; row < 6; row++)
        memset(npy + 128 + row * 48, row, 48);
    CHECK_OK(mmofl_file_write(scratch_path(s, "images_rgb4.npy"), npy, sizeof npy,
                              false, &err));
}

static void prepared_tables_stand_for_the_files(void **state)
{
    (void)state;
    const char texts[] = "id\ttext\n30\tmeh \"quoted\n12\tcaf\xc3\xa9\n5\tso sad\n"
                         "3\t\n2\tno\n1\tfine\n";
    scratch s;
    mmofl_error err = {0};
    mmofl_dataset *set = NULL;
    mmofl_mvsa_single_options options = defaults();
    options.image_size = 4;
    options.text_length = 2;
    options.vocabulary = 100;
    scratch_new(&s);
    write_pictures(&s);
    CHECK_OK(mmofl_file_write(scratch_path(&s, "labels.tsv"), prepared,
                              sizeof prepared - 1, false, &err));
    CHECK_OK(mmofl_file_write(scratch_path(&s, "texts.tsv"), texts, sizeof texts - 1,
                              false, &err));
    set = must_import(s.folder, options);
    const int id[5] = {1, 2, 5, 12, 30}, row[5] = {0, 1, 4, 3, 5};
    const char *const text[5] = {"fine", "no", "so sad", "caf\xc3\xa9", "meh quoted"};
    for (size_t i = 0; i < 5; i++) {
        CHECK_INT(set->time[i], id[i]);
        CHECK(image_of(set, i)[0] == (float)row[i] &&
              image_of(set, i)[47] == (float)row[i]);
        check_text(set, i, text[i]);
    }
    CHECK_INT(set->modality[1].vocabulary, 100);
    CHECK(mmofl_shape_equal(set->modality[0].shape, (mmofl_shape){3, {4, 4, 3}}));
    mmofl_dataset_close(set);

    options.image_size = 5; /* no such table, and no photographs */
    set = NULL;
    CHECK_STATUS(import(s.folder, options, &set, &err), MMOFL_E_MISSING);
    CHECK_CONTAINS(err.text, "holds no data/1.jpg, though it has a label");
    CHECK(!set);
    scratch_delete(&s);
}

/* --- refusals --------------------------------------------------------------------- */

static mmofl_status import_by_default(const char *path, mmofl_error *err)
{
    mmofl_dataset *set = NULL;
    mmofl_status st = import(path, defaults(), &set, err);
    CHECK((st == MMOFL_OK) == (set != NULL)); /* a failed call leaves it untouched */
    mmofl_dataset_close(set);
    return st;
}

static void every_bad_archive_is_refused_with_its_status(void **state)
{
    (void)state;
    bad_files_are_refused("mvsa-single", 40, import_by_default);
}

static void of_several_bad_files_the_first_is_told(void **state)
{
    (void)state;
    layout l = {.n = 0};
    mmofl_error err = {0};
    mmofl_archive *archive;
    mmofl_dataset *set = NULL;
    mmofl_mvsa_single_options options = defaults();
    add_tweets(&l);
    add_text(&l, "labelResultAll.txt", official);
    for (size_t i = 2; i < 8; i++) /* 2.jpg, 2.txt (not 3's, which is left out) ... */
        l.file[i].size = i % 2 ? l.file[i].size : 30;
    zip made = zip_make(l.file, l.n);
    CHECK_OK(
        mmofl_archive_open_memory(made.data, made.size, "z", NULL, &archive, &err));
    CHECK_STATUS(mmofl_mvsa_single_read(&options, archive, archive, NULL, &set, &err),
                 MMOFL_E_TRUNCATED);
    CHECK_CONTAINS(err.text, "z: MVSA_Single/data/2.jpg: ends within its headers");
    mmofl_archive_close(archive);
    free(made.data);
    free_tweets(&l);
}

/* From a folder, because libarchive does not survive such a failure.  Other libraries
 * may call a lack of memory by another name; what counts is that nothing is made, lost,
 * or used. */
static void every_failing_allocation_is_refused(void **state)
{
    (void)state;
#if FAILS_ALLOCATIONS
    scratch s;
    layout l = {.n = 0};
    mmofl_mvsa_single_options options = defaults();
    bool reached = true;
    options.image_size = 4;
    scratch_new(&s);
    add_tweets(&l);
    add_text(&l, "labels.tsv", prepared);
    write_folder(&l, &s);
    for (long n = 1; reached; n++) {
        mmofl_dataset *set = NULL;
        mmofl_error err = {0};
        atomic_store(&allocation_to_fail, n);
        mmofl_status st = import(s.folder, options, &set, &err);
        reached = allocation_failed();
        CHECK((st == MMOFL_OK) == (set != NULL));
        if (!reached)
            CHECK_OK(st);
        mmofl_dataset_close(set);
        CHECK(n < 20000);
    }
    free_tweets(&l);
    scratch_delete(&s);
#else
    CHECK_SKIP("the memory allocator cannot be replaced here");
#endif
}

/* --- the real data ---------------------------------------------------------------- */

static void check_real_counts(const mmofl_dataset *set, size_t train, size_t test)
{
    size_t count[3] = {0};
    CHECK_INT(set->n_samples, train + test);
    CHECK_INT(set->n_train, train);
    for (size_t i = 0; i < set->n_samples; i++)
        count[set->label[i]]++;
    if (train + test == 4511) {
        CHECK_INT(count[0], 2683);
        CHECK_INT(count[1], 470);
        CHECK_INT(count[2], 1358);
    }
}

static void real_data_have_the_published_counts(void **state)
{
    (void)state;
    if (!mmofl_file_exists(REAL "/labels.tsv"))
        CHECK_SKIP("no ../shared/data/mvsa-single");
    mmofl_mvsa_single_options options = defaults();
    const struct {
        int split, dev;
        size_t train, test;
    } cases[] = {
        {MMOFL_MVSA_AUTO, MMOFL_MVSA_DEV_TRAIN, 4061, 450},
        {MMOFL_MVSA_SPLIT811, MMOFL_MVSA_DEV_TEST, 3611, 900},
        {MMOFL_MVSA_SPLIT811, MMOFL_MVSA_DEV_LEAVE, 3611, 450},
        {MMOFL_MVSA_SPLIT_COURSE, MMOFL_MVSA_DEV_TRAIN, 4000, 511},
        {MMOFL_MVSA_DRAWN, MMOFL_MVSA_DEV_TRAIN, 4511 - 268 - 47 - 135, 450},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        options.split = cases[c].split;
        options.dev = cases[c].dev;
        mmofl_dataset *set = must_import(REAL, options);
        check_real_counts(set, cases[c].train, cases[c].test);
        mmofl_dataset_close(set);
    }
}

/* The photographs of the zip, through our decoder and scaling, against the table that
 * others made from photographs of full size with another filter. */
static void photographs_agree_with_the_prepared_pictures(void **state)
{
    (void)state;
    const char *zip_path = REAL "/MVSA_Single-thumb96.zip";
    if (!mmofl_file_exists(zip_path))
        CHECK_SKIP("no ../shared/data/mvsa-single");
    mmofl_archive *outer, *files;
    mmofl_dataset *set = NULL, *table = must_import(REAL, defaults());
    mmofl_mvsa_single_options options = defaults();
    mmofl_error err = {0};
    scratch s;
    unsigned char *labels;
    size_t size;
    scratch_new(&s);
    CHECK_OK(mmofl_file_read(REAL "/labels.tsv", 1 << 20, &labels, &size, &err));
    CHECK_OK(
        mmofl_file_write(scratch_path(&s, "labels.tsv"), labels, size, false, &err));
    CHECK_OK(mmofl_archive_open_outer(s.folder, NULL, &outer, &err));
    CHECK_OK(mmofl_archive_open(zip_path, NULL, &files, &err));
    if (mmofl_mvsa_single_read(&options, outer, files, NULL, &set, &err))
        fail_msg("%s", err.text);
    check_real_counts(set, 4061, 450);
    CHECK(memcmp(set->values[1], table->values[1], set->n_samples * 24 * 4) == 0);
    double sum = 0;
    const float *a = set->values[0], *b = table->values[0];
    size_t n = set->n_samples * 32 * 32 * 3;
    for (size_t i = 0; i < n; i++)
        sum += fabs((double)a[i] - (double)b[i]);
    CHECK_NEAR(sum / (double)n, 0, 6);
    print_message("mean absolute difference: %.3f of 255\n", sum / (double)n);
    mmofl_dataset_close(set);
    mmofl_dataset_close(table);
    mmofl_archive_close(outer);
    mmofl_archive_close(files);
    free(labels);
    scratch_delete(&s);
}

CHECK_MAIN(TEST(official_layout_is_imported_from_zip_and_folder),
           TEST(labels_table_beside_the_official_zip_gives_the_split),
           TEST(prepared_tables_stand_for_the_files),
           TEST(every_bad_archive_is_refused_with_its_status),
           TEST(of_several_bad_files_the_first_is_told),
           TEST(every_failing_allocation_is_refused),
           TEST(real_data_have_the_published_counts),
           TEST(photographs_agree_with_the_prepared_pictures))
