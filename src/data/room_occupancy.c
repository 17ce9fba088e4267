/* room_occupancy.c - one table of 19 named columns, a recording for each day.
 *
 * The count of people changes in steps, and a window that saw such a step would have
 * two right answers; so windows lie between steps, which is what recording.h cuts. */
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "data/archive_text.h"
#include "data/delimited.h"
#include "data/recording.h"
#include "data/room_occupancy.h"

enum { SENSORS = 5, VALUES = 16, COLUMNS = 19, CLASSES = 4, MAX_GAP_S = 300 };

static const char *const class_names[CLASSES] = {"empty", "one_person", "two_people",
                                                 "three_people"};

static const char *const value_names[VALUES] = {
    "S1_Temp",  "S2_Temp",      "S3_Temp",  "S4_Temp",  "S1_Light", "S2_Light",
    "S3_Light", "S4_Light",     "S1_Sound", "S2_Sound", "S3_Sound", "S4_Sound",
    "S5_CO2",   "S5_CO2_Slope", "S6_PIR",   "S7_PIR"};

#define MODALITY(its_name, its_unit, count, ...)                                       \
    {                                                                                  \
        .modality = {.name = its_name,                                                 \
                     .unit = its_unit,                                                 \
                     .rate_hz = 1.0 / 30,                                              \
                     .dtype = MMOFL_F32},                                              \
        .n_columns = count, .column = {                                                \
            __VA_ARGS__                                                                \
        }                                                                              \
    }

static const mmofl_recording_modality modalities[SENSORS] = {
    MODALITY("temperature", "degree C", 4, 0, 1, 2, 3),
    MODALITY("light", "lux", 4, 4, 5, 6, 7), MODALITY("sound", "V", 4, 8, 9, 10, 11),
    MODALITY("co2", "ppm", 2, 12, 13), MODALITY("motion", "", 2, 14, 15)};

static const char citation[] =
    "A. P. Singh, V. Jain, S. Chaudhari, F. A. Kraemer, S. Werner, V. Garg: Machine "
    "Learning-Based Occupancy Estimation Using Multivariate Sensor Nodes. IEEE "
    "Globecom "
    "Workshops 2018. doi:10.24432/C5P605. Licence: CC BY 4.0.";

/* --- dates and times -------------------------------------------------------------- */

/* The digits at `at`, at most four; returns how many. */
static size_t read_digits(mmofl_cell cell, size_t at, int *number)
{
    size_t n = 0;
    for (*number = 0; n < 4 && at + n < cell.size; n++) {
        char c = cell.data[at + n];
        if (c < '0' || c > '9')
            break;
        *number = 10 * *number + (c - '0');
    }
    return n;
}

/* The cell as three whole numbers with `separator` between them. */
static bool read_three(mmofl_cell cell, char separator, int number[3])
{
    size_t at = 0;
    for (int i = 0; i < 3; i++) {
        if (i > 0 && (at == cell.size || cell.data[at] != separator))
            return false;
        at += i > 0;
        size_t n = read_digits(cell, at, &number[i]);
        if (n == 0)
            return false;
        at += n;
    }
    return at == cell.size;
}

static int days_in(int year, int month)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

static mmofl_status refuse(const mmofl_delimited *table, mmofl_cell cell,
                           mmofl_status status, const char *what, mmofl_error *err)
{
    return mmofl_fail(err, status, "%s:%d:%d: %s", mmofl_delimited_name(table),
                      cell.line, cell.column, what);
}

/* "2017/12/22" as 20171222. */
static mmofl_status read_day(const mmofl_delimited *table, mmofl_cell cell,
                             int32_t *day, mmofl_error *err)
{
    int n[3];
    if (!read_three(cell, '/', n))
        return refuse(table, cell, MMOFL_E_SYNTAX,
                      "not a date, wanted one like 2017/12/22", err);
    if (n[0] < 1 || n[1] < 1 || n[1] > 12 || n[2] < 1 || n[2] > days_in(n[0], n[1]))
        return refuse(table, cell, MMOFL_E_RANGE, "there is no such day", err);
    *day = n[0] * 10000 + n[1] * 100 + n[2];
    return MMOFL_OK;
}

/* "10:49:41" as seconds. */
static mmofl_status read_time(const mmofl_delimited *table, mmofl_cell cell,
                              double *time_s, mmofl_error *err)
{
    int n[3];
    if (!read_three(cell, ':', n))
        return refuse(table, cell, MMOFL_E_SYNTAX,
                      "not a time, wanted one like 10:49:41", err);
    if (n[0] > 23 || n[1] > 59 || n[2] > 59)
        return refuse(table, cell, MMOFL_E_RANGE, "there is no such time", err);
    *time_s = n[0] * 3600 + n[1] * 60 + n[2];
    return MMOFL_OK;
}

/* --- the table -------------------------------------------------------------------- */

struct rows {
    size_t n;                   /* R */
    int32_t *day;               /* (R) */
    double *time_s;             /* (R) since midnight */
    int32_t *label;             /* (R) */
    float *value;               /* (R, VALUES) */
    mmofl_recording *recording; /* one for each day, at most R */
    size_t n_days;
};

static mmofl_status take_rows(size_t n, struct rows *rows, mmofl_error *err)
{
    size_t bytes;
    *rows = (struct rows){.n = n};
    if (n > 0 && mmofl_bytes_product(n, VALUES * sizeof *rows->value, &bytes)) {
        rows->day = malloc(n * sizeof *rows->day);
        rows->time_s = malloc(n * sizeof *rows->time_s);
        rows->label = malloc(n * sizeof *rows->label);
        rows->value = malloc(bytes);
    }
    if (n > 0 && !(rows->day && rows->time_s && rows->label && rows->value))
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %zu rows", n);
    return MMOFL_OK;
}

static void free_rows(struct rows *rows)
{
    free(rows->day);
    free(rows->time_s);
    free(rows->label);
    free(rows->value);
    free(rows->recording);
}

/* Where the columns stand. */
struct header {
    int date, time, count, value[VALUES];
};

static mmofl_status read_header(const mmofl_delimited *table, struct header *header,
                                mmofl_error *err)
{
    mmofl_status st = mmofl_delimited_column(table, "Date", &header->date, err);
    if (!st)
        st = mmofl_delimited_column(table, "Time", &header->time, err);
    if (!st)
        st = mmofl_delimited_column(table, "Room_Occupancy_Count", &header->count, err);
    for (int v = 0; v < VALUES && !st; v++)
        st = mmofl_delimited_column(table, value_names[v], &header->value[v], err);
    if (!st && mmofl_delimited_columns(table) != COLUMNS)
        st = mmofl_fail(err, MMOFL_E_COUNT, "%s:1: %d columns, wanted %d",
                        mmofl_delimited_name(table), mmofl_delimited_columns(table),
                        COLUMNS);
    return st;
}

static mmofl_status read_row(const mmofl_delimited *table, const struct header *header,
                             size_t row, struct rows *rows, mmofl_error *err)
{
    mmofl_cell date = mmofl_delimited_cell(table, row, header->date);
    mmofl_cell time = mmofl_delimited_cell(table, row, header->time);
    int64_t count = 0;
    mmofl_status st = read_day(table, date, &rows->day[row], err);
    if (!st)
        st = read_time(table, time, &rows->time_s[row], err);
    if (!st)
        st = mmofl_delimited_integer(table, row, header->count, 0, CLASSES - 1, &count,
                                     err);
    for (int v = 0; v < VALUES && !st; v++)
        st = mmofl_delimited_float(table, row, header->value[v],
                                   &rows->value[row * VALUES + (size_t)v], err);
    if (st)
        return st;
    rows->label[row] = (int32_t)count;
    bool later = row == 0 || rows->day[row] > rows->day[row - 1] ||
                 (rows->day[row] == rows->day[row - 1] &&
                  rows->time_s[row] > rows->time_s[row - 1]);
    return later ? MMOFL_OK
                 : refuse(table, date, MMOFL_E_RANGE,
                          "is not later than the row before", err);
}

/* --- days ------------------------------------------------------------------------- */

static mmofl_status split_days(struct rows *rows, int test_days, mmofl_error *err)
{
    for (size_t row = 0; row < rows->n; row++)
        rows->n_days += row == 0 || rows->day[row] != rows->day[row - 1];
    rows->recording = calloc(rows->n_days ? rows->n_days : 1, sizeof *rows->recording);
    if (!rows->recording)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %zu days", rows->n_days);
    size_t begin = 0;
    for (size_t i = 0; i < rows->n_days; i++) {
        size_t end = begin + 1;
        while (end < rows->n && rows->day[end] == rows->day[begin])
            end++;
        rows->recording[i] =
            (mmofl_recording){.rows = end - begin,
                              .columns = VALUES,
                              .value = rows->value + begin * VALUES,
                              .label = rows->label + begin,
                              .time_s = rows->time_s + begin,
                              .owner = rows->day[begin],
                              .test = rows->n_days - i <= (size_t)test_days};
        begin = end;
    }
    return MMOFL_OK;
}

static mmofl_status cut_days(const mmofl_room_occupancy_options *options,
                             const struct rows *rows, mmofl_dataset **set,
                             mmofl_error *err)
{
    mmofl_recording_modality modality[SENSORS];
    for (int m = 0; m < SENSORS; m++) {
        modality[m] = modalities[m];
        modality[m].modality.shape =
            (mmofl_shape){2, {options->length, modality[m].n_columns}};
    }
    const mmofl_recording_plan plan = {.name = mmofl_room_occupancy.kind.name,
                                       .citation = citation,
                                       .n_modalities = SENSORS,
                                       .modality = modality,
                                       .n_classes = CLASSES,
                                       .class_name = class_names,
                                       .length = options->length,
                                       .step = options->step,
                                       .every = 1,
                                       .max_gap_s = MAX_GAP_S};
    return mmofl_recording_windows(&plan, rows->recording, rows->n_days, set, err);
}

/* --- the set ---------------------------------------------------------------------- */

static mmofl_status read_table(const mmofl_room_occupancy_options *options,
                               const mmofl_delimited *table, mmofl_dataset **set,
                               mmofl_error *err)
{
    struct header header;
    struct rows rows = {0};
    mmofl_status st = read_header(table, &header, err);
    if (!st)
        st = take_rows(mmofl_delimited_rows(table), &rows, err);
    for (size_t row = 0; row < rows.n && !st; row++)
        st = read_row(table, &header, row, &rows, err);
    if (!st)
        st = split_days(&rows, options->test_days, err);
    if (!st && (st = cut_days(options, &rows, set, err)))
        mmofl_fail_within(err, "%s", mmofl_delimited_name(table));
    free_rows(&rows);
    return st;
}

mmofl_status mmofl_room_occupancy_read(const mmofl_room_occupancy_options *options,
                                       mmofl_text text, mmofl_dataset **set,
                                       mmofl_error *err)
{
    mmofl_delimited *table;
    mmofl_status st = mmofl_delimited_open(text, ',', &table, err);
    if (st)
        return st;
    st = read_table(options, table, set, err);
    mmofl_delimited_close(table);
    return st;
}

static mmofl_status import(const mmofl_pick *set, const char *path,
                           const mmofl_log_sink *log, mmofl_dataset **out,
                           mmofl_error *err)
{
    const mmofl_room_occupancy_options *options = (const void *)set->options.bytes;
    mmofl_archive *archive;
    mmofl_text text;
    (void)log;
    mmofl_status st = mmofl_archive_open(path, NULL, &archive, err);
    if (st)
        return st;
    st = mmofl_archive_text(archive, "Occupancy_Estimation.csv", &text, err);
    if (!st)
        st = mmofl_archive_within(
            archive, mmofl_room_occupancy_read(options, text, out, err), err);
    mmofl_archive_close(archive);
    return st;
}

static const mmofl_option options[] = {
    MMOFL_INT_OPTION(mmofl_room_occupancy_options, length, 1, 16384, "10",
                     "rows of a window (two rows a minute)"),
    MMOFL_INT_OPTION(mmofl_room_occupancy_options, step, 1, 16384, "5",
                     "rows from one window's start to the next"),
    MMOFL_INT_OPTION(mmofl_room_occupancy_options, test_days, 0, 365, "2",
                     "the last days with data make the test part")};

static const mmofl_data_download download = {
    .url = "https://archive.ics.uci.edu/static/public/864/"
           "room+occupancy+estimation.zip",
    .file_name = "room-occupancy.zip",
    .sha256 = "a0db79ee96ea297c22458ac77a28fba20d41246e75d24b2655ca3ab624cc08fd"};

const mmofl_data_source mmofl_room_occupancy = {
    .kind = {.name = "room-occupancy",
             .help = "how many people are in a room, from temperature, light, sound, "
                     "CO2 and motion",
             .source = "Singh et al., IEEE Globecom Workshops 2018",
             .options = options,
             .n_options = sizeof options / sizeof *options,
             .options_size = sizeof(mmofl_room_occupancy_options)},
    .download = &download,
    .import = import};
