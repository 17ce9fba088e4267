/* test_room_occupancy.c - the importer on a small table in the official layout, made
 * here: three days, the middle one with a gap. */
#include "scratch.h"

#include "bad_files.h"
#include "base/file.h"
#include "data/room_occupancy.h"
#include "zip_maker.h"

static const char header[] =
    "Date,Time,S1_Temp,S2_Temp,S3_Temp,S4_Temp,S1_Light,S2_Light,S3_Light,S4_Light,"
    "S1_Sound,S2_Sound,S3_Sound,S4_Sound,S5_CO2,S5_CO2_Slope,S6_PIR,S7_PIR,"
    "Room_Occupancy_Count\n";

struct table {
    char text[8192];
    size_t size;
    int rows;
};

/* n rows from hour:00:00, half a minute apart; value v of row r is v + r / 100. */
static void add_rows(struct table *table, const char *day, int hour, int n, int count)
{
    for (int i = 0; i < n; i++, table->rows++) {
        char *at = table->text + table->size;
        size_t room = sizeof table->text - table->size;
        int used =
            snprintf(at, room, "%s,%02d:%02d:%02d", day, hour, i / 2, i % 2 * 30);
        for (int v = 0; v < 16; v++)
            used +=
                snprintf(at + used, room - (size_t)used, ",%d.%02d", v, table->rows);
        used += snprintf(at + used, room - (size_t)used, ",%d\r\n", count);
        table->size += (size_t)used;
        CHECK(table->size + 200 < sizeof table->text);
    }
}

static void make_table(struct table *table)
{
    memcpy(table->text, header, sizeof header - 1);
    table->size = sizeof header - 1;
    table->rows = 0;
    add_rows(table, "2017/12/22", 10, 5, 1); /* windows at rows 0, 2 */
    add_rows(table, "2017/12/22", 11, 3, 1); /* an hour later: 5 */
    add_rows(table, "2017/12/31", 23, 2, 0); /* too short */
    add_rows(table, "2018/01/10", 0, 3, 0);  /* 10 */
    add_rows(table, "2018/01/11", 9, 4, 3);  /* 13 */
}

static mmofl_status read_table(const struct table *table, int test_days,
                               mmofl_dataset **set, mmofl_error *err)
{
    const mmofl_room_occupancy_options options = {
        .length = 3, .step = 2, .test_days = test_days};
    char *copy = malloc(table->size);
    CHECK(copy);
    memcpy(copy, table->text, table->size);
    mmofl_text text = {copy, table->size, "t.csv"};
    return mmofl_room_occupancy_read(&options, text, set, err);
}

static void windows_lie_in_one_day_and_the_last_days_test(void **state)
{
    (void)state;
    static struct table table;
    mmofl_dataset *set = NULL;
    mmofl_error err = {0};
    make_table(&table);
    CHECK_OK(read_table(&table, 2, &set, &err));
    static const struct {
        int time, owner, label;
    } wanted[] = {{0, 20171222, 1},
                  {2, 20171222, 1},
                  {5, 20171222, 1},
                  {10, 20180110, 0},
                  {13, 20180111, 3}};
    CHECK_INT(set->n_samples, 5);
    CHECK_INT(set->n_train, 3);
    for (int i = 0; i < 5; i++) {
        CHECK_INT(set->time[i], wanted[i].time);
        CHECK_INT(set->owner[i], wanted[i].owner);
        CHECK_INT(set->label[i], wanted[i].label);
        CHECK_INT(set->mask[i], 31);
    }
    mmofl_dataset_close(set);
}

static void modalities_are_the_columns_of_a_kind(void **state)
{
    (void)state;
    static struct table table;
    static const char *const names[] = {"temperature", "light", "sound", "co2",
                                        "motion"};
    static const int channels[] = {4, 4, 4, 2, 2};
    mmofl_dataset *set = NULL;
    mmofl_error err = {0};
    make_table(&table);
    CHECK_OK(read_table(&table, 1, &set, &err));
    CHECK_INT(set->n_modalities, 5);
    CHECK_INT(set->n_classes, 4);
    int first = 0;
    for (int m = 0; m < 5; first += channels[m], m++) {
        CHECK_TEXT(set->modality[m].name, names[m]);
        CHECK_INT(set->modality[m].shape.dim[0], 3);
        CHECK_INT(set->modality[m].shape.dim[1], channels[m]);
        /* The second window's last row is row 4, its last channel first + n - 1. */
        float last = ((const float *)set->values[m])[2 * 3 * channels[m] - 1];
        CHECK_NEAR(last, first + channels[m] - 1 + 0.04, 1e-6);
    }
    mmofl_dataset_close(set);
}

static void days_without_training_are_refused(void **state)
{
    (void)state;
    static struct table table;
    mmofl_dataset *set = NULL;
    mmofl_error err = {0};
    make_table(&table);
    CHECK_STATUS(read_table(&table, 4, &set, &err), MMOFL_E_COUNT);
    CHECK_CONTAINS(err.text, "room-occupancy: no window of 3 rows");
    CHECK(!set);
}

static void a_zip_and_a_folder_are_imported_with_the_default_options(void **state)
{
    (void)state;
    static struct table table;
    scratch s;
    mmofl_error err = {0};
    mmofl_dataset *set = NULL;
    mmofl_pick pick = mmofl_pick_default(&mmofl_room_occupancy.kind);
    memcpy(table.text, header, sizeof header - 1);
    table.size = sizeof header - 1;
    add_rows(&table, "2017/12/22", 9, 20, 0); /* three windows of 10 */
    add_rows(&table, "2017/12/23", 9, 10, 2);
    add_rows(&table, "2017/12/24", 9, 10, 3);
    const zip_file file = {"Occupancy_Estimation.csv", table.text, table.size};
    zip made = zip_make(&file, 1);
    scratch_new(&s);
    CHECK_OK(mmofl_file_write(scratch_path(&s, "room.zip"), made.data, made.size, false,
                              &err));
    CHECK_OK(mmofl_room_occupancy.import(&pick, s.path, NULL, &set, &err));
    CHECK_INT(set->n_samples, 5);
    CHECK_INT(set->n_train, 3);
    mmofl_dataset_close(set);
    CHECK_OK(mmofl_file_make_folders(scratch_path(&s, "room"), &err));
    CHECK_OK(mmofl_file_write(scratch_path(&s, "room/Occupancy_Estimation.csv"),
                              table.text, table.size, false, &err));
    CHECK_OK(
        mmofl_room_occupancy.import(&pick, scratch_path(&s, "room"), NULL, &set, &err));
    CHECK_INT(set->n_samples, 5);
    mmofl_dataset_close(set);
    CHECK_INT(remove(scratch_path(&s, "room/Occupancy_Estimation.csv")), 0);
    CHECK_STATUS(
        mmofl_room_occupancy.import(&pick, scratch_path(&s, "room"), NULL, &set, &err),
        MMOFL_E_MISSING);
    free(made.data);
    scratch_delete(&s);
}

static mmofl_status read_bad(const char *path, mmofl_error *err)
{
    const mmofl_room_occupancy_options options = {.length = 4, .step = 1};
    unsigned char *data;
    size_t size;
    mmofl_dataset *set = NULL;
    mmofl_status st = mmofl_file_read(path, 1 << 20, &data, &size, err);
    if (st)
        return st;
    st = mmofl_room_occupancy_read(&options, (mmofl_text){(char *)data, size, path},
                                   &set, err);
    CHECK((st == MMOFL_OK) == (set != NULL)); /* a failed call leaves it untouched */
    mmofl_dataset_close(set);
    return st;
}

static void every_bad_table_is_refused_with_its_status(void **state)
{
    (void)state;
    bad_files_are_refused("room-occupancy", 28, read_bad);
}

static void errors_name_line_and_column(void **state)
{
    (void)state;
    static const struct {
        const char *file, *says;
    } cases[] = {{"E_RANGE--four_people", ".csv:3:104: '4' is out of range"},
                 {"E_RANGE--february_30", ".csv:3:1: there is no such day"},
                 {"E_RANGE--same_time_twice", ".csv:4:1: is not later than"},
                 {"E_SYNTAX--time_without_seconds", ".csv:3:12: not a time"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[1024];
        mmofl_error err = {0};
        snprintf(path, sizeof path, "%s/bad/room-occupancy/%s.csv", MMOFL_TESTS_DIR,
                 cases[i].file);
        CHECK(read_bad(path, &err));
        CHECK_CONTAINS(err.text, cases[i].says);
    }
}

CHECK_MAIN(TEST(windows_lie_in_one_day_and_the_last_days_test),
           TEST(modalities_are_the_columns_of_a_kind),
           TEST(days_without_training_are_refused),
           TEST(a_zip_and_a_folder_are_imported_with_the_default_options),
           TEST(every_bad_table_is_refused_with_its_status),
           TEST(errors_name_line_and_column))
