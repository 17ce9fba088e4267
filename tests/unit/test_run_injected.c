/* test_run_injected.c - what an imbalance did, in the store: with its round, refused,
 * exported. */
#include "run_store_fixture.h"

#include "base/file.h"
#include "store/export.h"

static const mmofl_injected_record good[] = {{2, "gyroscope", 20, 3, 17},
                                             {0, "gyroscope", 20, 0, 0},
                                             {0, "accelerometer", 20, 20, 0}};

static mmofl_status add_round(fixture *f, int round, const mmofl_injected_record *i,
                              size_t n)
{
    return fixture_add_round(f, round,
                             (mmofl_round_record){.n_injected = n, .injected = i});
}

static void check_export(fixture *f, const char *rows)
{
    char path[4096], wanted[512];
    unsigned char *data;
    size_t size;
    snprintf(path, sizeof path, "%s", scratch_path(&f->s, "injected.csv"));
    CHECK_OK(mmofl_export_injected_csv(f->store, f->run, path, &f->err));
    CHECK_OK(mmofl_file_read(path, 4096, &data, &size, &f->err));
    snprintf(wanted, sizeof wanted,
             "round,device,modality,samples,missing,disturbed\n%s", rows);
    CHECK_INT(size, strlen(wanted));
    CHECK(memcmp(data, wanted, size) == 0);
    free(data);
}

static void rows_come_back_in_order_whatever_their_order(void **state)
{
    (void)state;
    fixture f;
    fixture_begin(&f, NULL);
    check_export(&f, "");
    CHECK_OK(add_round(&f, 1, good, 3));
    CHECK_OK(add_round(&f, 2, good, 1));
    check_export(&f, "1,0,accelerometer,20,20,0\n"
                     "1,0,gyroscope,20,0,0\n"
                     "1,2,gyroscope,20,3,17\n"
                     "2,2,gyroscope,20,3,17\n");
    fixture_delete(&f);
}

static void rewinding_takes_rows_along(void **state)
{
    (void)state;
    fixture f;
    fixture_begin(&f, NULL);
    CHECK_OK(add_round(&f, 1, good, 1));
    CHECK_OK(add_round(&f, 2, good, 3));
    CHECK_OK(mmofl_run_store_rewind(f.store, f.run, 1, &f.err));
    check_export(&f, "1,2,gyroscope,20,3,17\n");
    fixture_delete(&f);
}

static mmofl_status stop(void *context, int round, const mmofl_injected_record *i)
{
    (void)i;
    *(int *)context = round;
    return MMOFL_E_INTERRUPTED;
}

static void a_visitor_may_stop_the_walk(void **state)
{
    (void)state;
    fixture f;
    fixture_begin(&f, NULL);
    CHECK_OK(add_round(&f, 7, good, 3));
    int round = 0;
    CHECK_STATUS(mmofl_run_store_each_injected(f.store, f.run, stop, &round, &f.err),
                 MMOFL_E_INTERRUPTED);
    CHECK_INT(round, 7);
    fixture_delete(&f);
}

static void impossible_rows_are_refused_and_leave_no_round(void **state)
{
    (void)state;
    static const struct {
        mmofl_injected_record row;
        const char *text;
    } cases[] = {
        {{-1, "a", 1, 0, 0}, "device -1"},    {{0, "", 1, 0, 0}, "modality"},
        {{0, "a,b", 1, 0, 0}, "modality"},    {{0, "a", 1, 2, 0}, "2 missing"},
        {{0, "a", 1, -1, 0}, "-1 missing"},   {{0, "a", 3, 1, 3}, "3 disturbed of 3"},
        {{0, "a", -1, 0, 0}, "of -1 samples"}};
    fixture f;
    fixture_begin(&f, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_STATUS(add_round(&f, 1, &cases[i].row, 1), MMOFL_E_RANGE);
        CHECK_CONTAINS(f.err.text, cases[i].text);
    }
    const mmofl_injected_record twice[] = {good[0], good[0]};
    CHECK_STATUS(add_round(&f, 1, twice, 2), MMOFL_E_DUPLICATE);
    CHECK_OK(add_round(&f, 1, good, 3)); /* none of them left a round behind */
    fixture_delete(&f);
}

CHECK_MAIN(TEST(rows_come_back_in_order_whatever_their_order),
           TEST(rewinding_takes_rows_along), TEST(a_visitor_may_stop_the_walk),
           TEST(impossible_rows_are_refused_and_leave_no_round))
