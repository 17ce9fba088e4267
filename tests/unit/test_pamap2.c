/* test_pamap2.c - the importer on small files in the official layout, which are made
 * here; the archive itself is too large to be at hand. */
#include "activity_fixture.h"

#include "data/pamap2.h"

enum { ROWS = 24 };

/* 10 ms a row; lying, then rope jumping behind one row of no activity; a heart rate in
 * every fifth row. */
static const char *word(const mmofl_activity_layout *layout, int column, int row,
                        int rows, char *room)
{
    (void)layout;
    if (column == 0)
        return snprintf(room, 32, "8.%02d", row), room;
    if (column == 1)
        return row < rows / 2 ? "1" : row == rows / 2 ? "0" : "24";
    if (column == 2)
        return row % 5 ? "NaN" : "100";
    return NULL;
}

struct files {
    activity_file file;
    zip_file entries[3];
};

/* Subjects 101, 102 and 109, as the official inner zip has them. */
static void make_files(struct files *files)
{
    static const char *const paths[3] = {"PAMAP2_Dataset/Protocol/subject101.dat",
                                         "PAMAP2_Dataset/Protocol/subject102.dat",
                                         "PAMAP2_Dataset/Protocol/subject109.dat"};
    activity_write(&mmofl_pamap2_layout, ROWS, word, &files->file);
    for (int i = 0; i < 3; i++)
        files->entries[i] = (zip_file){paths[i], files->file.text, files->file.size};
}

static void windows_by_place_are_those_of_the_file(void **state)
{
    (void)state;
    static struct files files;
    scratch s;
    mmofl_pick pick = activity_pick(&mmofl_pamap2);
    make_files(&files);
    scratch_new(&s);
    activity_write_zip(scratch_path(&s, "p.zip"), files.entries, 3);
    activity_options(&pick)->test_subjects = "102";
    mmofl_dataset *set = activity_import(&mmofl_pamap2, &pick, s.path);
    /* Rows 0-11 hold five windows, rows 13-23 four. */
    CHECK_INT(set->n_samples, 27);
    CHECK_INT(set->n_train, 18);
    CHECK_INT(set->n_modalities, 4);
    CHECK_TEXT(set->modality[0].name, "hand");
    CHECK_TEXT(set->modality[3].name, "heart_rate");
    CHECK_INT(set->label[4], 0);
    CHECK_INT(set->label[5], 11);
    CHECK_TEXT(set->class_name[11], "rope_jumping");
    CHECK_INT(set->owner[0], 101);
    CHECK_INT(set->owner[9], 109);
    CHECK_INT(set->owner[18], 102);
    CHECK_INT(set->mask[5], 15);
    const int hand[] = {4, 5, 6, 10, 11, 12, 13, 14, 15};
    const int ankle[] = {38, 39, 40, 44, 45, 46, 47, 48, 49};
    activity_check_values(set, 1, 0, 2, 1, hand);
    activity_check_values(set, 17, 2, 19, 1, ankle);
    CHECK(((const float *)set->values[3])[0] == 100);
    mmofl_dataset_close(set);
    scratch_delete(&s);
}

static void windows_by_kind_join_the_places(void **state)
{
    (void)state;
    static struct files files;
    scratch s;
    mmofl_pick pick = activity_pick(&mmofl_pamap2);
    make_files(&files);
    scratch_new(&s);
    activity_write_zip(scratch_path(&s, "p.zip"), files.entries, 1);
    activity_options(&pick)->sensors = MMOFL_ACTIVITY_BY_KIND;
    activity_options(&pick)->every = 2;
    mmofl_dataset *set = activity_import(&mmofl_pamap2, &pick, s.path);
    CHECK_INT(set->n_samples, 4); /* of 7 rows each, every 4 */
    CHECK_TEXT(set->modality[1].name, "gyroscope");
    CHECK_NEAR(set->modality[1].rate_hz, 50, 0);
    const int gyroscope[] = {10, 11, 12, 27, 28, 29, 44, 45, 46};
    activity_check_values(set, 1, 1, 4, 2, gyroscope);
    mmofl_dataset_close(set);
    scratch_delete(&s);
}

static void the_official_nesting_and_a_folder_give_the_same_set(void **state)
{
    (void)state;
    static struct files files;
    scratch s;
    mmofl_error err = {0};
    mmofl_pick pick = activity_pick(&mmofl_pamap2);
    make_files(&files);
    scratch_new(&s);
    CHECK_OK(mmofl_file_make_folders(scratch_path(&s, "d/Protocol"), &err));
    CHECK_OK(mmofl_file_write(scratch_path(&s, "d/Protocol/subject101.dat"),
                              files.file.text, files.file.size, false, &err));
    zip inner = zip_make(files.entries, 1);
    const zip_file outer[] = {{"PAMAP2_Dataset.zip", inner.data, inner.size},
                              {"readme.pdf", "%PDF", 4}};
    activity_write_zip(scratch_path(&s, "outer.zip"), outer, 2);
    mmofl_dataset *a = activity_import(&mmofl_pamap2, &pick, s.path);
    mmofl_dataset *b = activity_import(&mmofl_pamap2, &pick, scratch_path(&s, "d"));
    CHECK_INT(a->n_samples, b->n_samples);
    for (int m = 0; m < 4; m++)
        CHECK(memcmp(a->values[m], b->values[m],
                     a->n_samples * mmofl_shape_count(a->modality[m].shape) * 4) == 0);
    mmofl_dataset_close(a);
    mmofl_dataset_close(b);
    free(inner.data);
    scratch_delete(&s);
}

/* As word, but the hand unit lost rows 4 to 7, and a second passes behind row 17. */
static const char *lost_word(const mmofl_activity_layout *layout, int column, int row,
                             int rows, char *room)
{
    if (column >= 3 && column < 20 && row >= 4 && row < 8)
        return "NaN";
    if (column == 0 && row > 17)
        return snprintf(room, 32, "9.%02d", row), room;
    return word(layout, column, row, rows, room);
}

static void lost_data_are_bridged_or_leave_the_unit_out(void **state)
{
    (void)state;
    static struct files files;
    scratch s;
    mmofl_pick pick = activity_pick(&mmofl_pamap2);
    make_files(&files);
    activity_write(&mmofl_pamap2_layout, ROWS, lost_word, &files.file);
    files.entries[0].size = files.file.size;
    scratch_new(&s);
    activity_write_zip(scratch_path(&s, "p.zip"), files.entries, 1);
    activity_options(&pick)->bridge = 3;
    mmofl_dataset *set = activity_import(&mmofl_pamap2, &pick, s.path);
    CHECK_INT(set->n_samples, 5 + 1 + 2); /* rows 13-17 and 18-23 are apart */
    CHECK_INT(set->mask[0], 15);
    CHECK_INT(set->mask[1], 14); /* rows 2-5 */
    CHECK_INT(set->mask[4], 15);
    mmofl_dataset_close(set);
    activity_options(&pick)->bridge = 4;
    set = activity_import(&mmofl_pamap2, &pick, s.path);
    CHECK_INT(set->mask[1], 15);
    /* Row 4 of column 4 is a fifth of the way from 4.003 to 4.008. */
    CHECK_NEAR(((const float *)set->values[0])[(4 + 2) * 9], 4.004, 1e-6);
    mmofl_dataset_close(set);
    scratch_delete(&s);
}

static void the_test_part_is_checked(void **state)
{
    (void)state;
    static const struct {
        const char *subjects, *says;
        mmofl_status status;
    } cases[] = {{"105", "p.zip: has no Protocol/subject105.dat", MMOFL_E_MISSING},
                 {"101, 102 109", "p.zip: pamap2: no window of 4 rows", MMOFL_E_COUNT},
                 {"5", "pamap2: test_subjects: '5', wanted 101 to 109", MMOFL_E_RANGE},
                 {"101 101", "101 is there twice", MMOFL_E_DUPLICATE},
                 {"101x", "test_subjects: '101x', wanted numbers", MMOFL_E_SYNTAX},
                 {"-101", "wanted numbers such as '101 109'", MMOFL_E_SYNTAX},
                 {"99999999999999999999", "wanted 101 to 109", MMOFL_E_RANGE}};
    static struct files files;
    scratch s;
    mmofl_pick pick = activity_pick(&mmofl_pamap2);
    make_files(&files);
    scratch_new(&s);
    activity_write_zip(scratch_path(&s, "p.zip"), files.entries, 3);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        activity_options(&pick)->test_subjects = cases[i].subjects;
        activity_check_refused(&mmofl_pamap2, &pick, s.path, cases[i].status,
                               cases[i].says);
    }
    scratch_delete(&s);
}

static void archives_of_another_layout_are_refused(void **state)
{
    (void)state;
    static struct files files;
    scratch s;
    mmofl_pick pick = activity_pick(&mmofl_pamap2);
    make_files(&files);
    scratch_new(&s);
    files.entries[0].path = "PAMAP2_Dataset/Optional/subject101.dat";
    activity_write_zip(scratch_path(&s, "p.zip"), files.entries, 1);
    activity_check_refused(&mmofl_pamap2, &pick, s.path, MMOFL_E_MISSING,
                           "no file Protocol/subject101.dat");
    files.entries[0].path = "a/Protocol/subject102.dat";
    activity_write_zip(scratch_path(&s, "p.zip"), files.entries, 2);
    activity_check_refused(&mmofl_pamap2, &pick, s.path, MMOFL_E_DUPLICATE, "p.zip");
    activity_check_refused(&mmofl_pamap2, &pick, scratch_path(&s, "none.zip"),
                           MMOFL_E_NOT_FOUND, "none.zip");
    scratch_delete(&s);
}

static mmofl_status import_bad(const char *path, mmofl_error *err)
{
    mmofl_pick pick = activity_pick(&mmofl_pamap2);
    return activity_import_text(&mmofl_pamap2, &pick, "Protocol/subject103.dat", path,
                                err);
}

static void every_bad_text_is_refused_with_its_status(void **state)
{
    (void)state;
    bad_files_are_refused("pamap2", 20, import_bad);
}

static void errors_name_archive_file_line_and_column(void **state)
{
    (void)state;
    mmofl_error err = {0};
    CHECK(
        import_bad(MMOFL_TESTS_DIR "/bad/pamap2/E_RANGE--unknown_activity.dat", &err));
    CHECK_CONTAINS(err.text, "E_RANGE--unknown_activity.dat: Protocol/subject103.dat:5:"
                             "6: activity 99, wanted 0 (none) or one of 1 2 3");
}

CHECK_MAIN(TEST(windows_by_place_are_those_of_the_file),
           TEST(windows_by_kind_join_the_places),
           TEST(the_official_nesting_and_a_folder_give_the_same_set),
           TEST(lost_data_are_bridged_or_leave_the_unit_out),
           TEST(the_test_part_is_checked), TEST(archives_of_another_layout_are_refused),
           TEST(every_bad_text_is_refused_with_its_status),
           TEST(errors_name_archive_file_line_and_column))
