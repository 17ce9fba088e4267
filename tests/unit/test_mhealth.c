/* test_mhealth.c - the importer on small files in the official layout, made here. */
#include "activity_fixture.h"

#include "data/mhealth.h"

enum { ROWS = 20 };

/* Standing, then jumping. */
static const char *word(const mmofl_activity_layout *layout, int column, int row,
                        int rows, char *room)
{
    (void)room;
    if (column != layout->label_column)
        return NULL;
    return row < rows / 2 ? "1" : "12";
}

static mmofl_dataset *import_two(int grouping, const char *test_subjects)
{
    static activity_file file;
    scratch s;
    mmofl_pick pick = activity_pick(&mmofl_mhealth);
    activity_write(&mmofl_mhealth_layout, ROWS, word, &file);
    const zip_file entries[] = {
        {"MHEALTHDATASET/mHealth_subject1.log", file.text, file.size},
        {"MHEALTHDATASET/mHealth_subject10.log", file.text, file.size},
        {"MHEALTHDATASET/README.txt", "read me", 7}};
    scratch_new(&s);
    activity_write_zip(scratch_path(&s, "m.zip"), entries, 3);
    activity_options(&pick)->sensors = grouping;
    activity_options(&pick)->test_subjects = test_subjects;
    mmofl_dataset *set = activity_import(&mmofl_mhealth, &pick, s.path);
    scratch_delete(&s);
    return set;
}

static void windows_by_place_are_those_of_the_file(void **state)
{
    (void)state;
    mmofl_dataset *set = import_two(MMOFL_ACTIVITY_BY_PLACE, "10");
    CHECK_INT(set->n_samples, 16); /* four in each half */
    CHECK_INT(set->n_train, 8);
    CHECK_INT(set->n_modalities, 4);
    CHECK_TEXT(set->modality[0].name, "chest_acceleration");
    CHECK_INT(set->label[3], 0);
    CHECK_INT(set->label[4], 11);
    CHECK_TEXT(set->class_name[11], "jumping");
    CHECK_INT(set->owner[7], 1);
    CHECK_INT(set->owner[8], 10);
    const int chest[] = {0, 1, 2}, ecg[] = {3, 4};
    const int ankle[] = {5, 6, 7, 8, 9, 10, 11, 12, 13};
    const int arm[] = {14, 15, 16, 17, 18, 19, 20, 21, 22};
    activity_check_values(set, 1, 0, 2, 1, chest);
    activity_check_values(set, 2, 1, 4, 1, ecg);
    activity_check_values(set, 4, 2, 10, 1, ankle);
    activity_check_values(set, 15, 3, 16, 1, arm);
    mmofl_dataset_close(set);
}

static void windows_by_kind_join_the_places(void **state)
{
    (void)state;
    mmofl_dataset *set = import_two(MMOFL_ACTIVITY_BY_KIND, "");
    CHECK_INT(set->n_samples, 16);
    CHECK_INT(set->n_train, 16);
    const int accelerometer[] = {0, 1, 2, 5, 6, 7, 14, 15, 16};
    const int gyroscope[] = {8, 9, 10, 17, 18, 19};
    const int magnetometer[] = {11, 12, 13, 20, 21, 22}, ecg[] = {3, 4};
    activity_check_values(set, 0, 0, 0, 1, accelerometer);
    activity_check_values(set, 0, 1, 0, 1, gyroscope);
    activity_check_values(set, 0, 2, 0, 1, magnetometer);
    activity_check_values(set, 0, 3, 0, 1, ecg);
    mmofl_dataset_close(set);
}

static mmofl_status import_bad(const char *path, mmofl_error *err)
{
    mmofl_pick pick = activity_pick(&mmofl_mhealth);
    return activity_import_text(&mmofl_mhealth, &pick,
                                "MHEALTHDATASET/mHealth_subject2.log", path, err);
}

static void every_bad_text_is_refused_with_its_status(void **state)
{
    (void)state;
    bad_files_are_refused("mhealth", 16, import_bad);
}

static void an_archive_without_logs_is_refused(void **state)
{
    (void)state;
    scratch s;
    const zip_file entry = {"MHEALTHDATASET/README.txt", "read me", 7};
    mmofl_pick pick = activity_pick(&mmofl_mhealth);
    scratch_new(&s);
    activity_write_zip(scratch_path(&s, "m.zip"), &entry, 1);
    activity_check_refused(&mmofl_mhealth, &pick, s.path, MMOFL_E_MISSING,
                           "m.zip: no file mHealth_subject1.log, nor of others");
    scratch_delete(&s);
}

CHECK_MAIN(TEST(windows_by_place_are_those_of_the_file),
           TEST(windows_by_kind_join_the_places),
           TEST(every_bad_text_is_refused_with_its_status),
           TEST(an_archive_without_logs_is_refused))
