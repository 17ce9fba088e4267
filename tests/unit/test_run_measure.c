/* test_run_measure.c - named numbers: with their round, added later, refused, exported.
 */
#include "run_store_fixture.h"

#include "base/file.h"
#include "store/export.h"

static const mmofl_measure good[] = {{"error_quantity", -1, "gyroscope", 0.5},
                                     {"error_quantity", 3, "accelerometer", 0.1},
                                     {"regret", -1, "", -2.25}};

static mmofl_status add_round(fixture *f, int round, const mmofl_measure *m, size_t n)
{
    return fixture_add_round(f, round,
                             (mmofl_round_record){.n_measures = n, .measures = m});
}

static mmofl_status see(void *context, int round, const mmofl_measure *m)
{
    char line[128];
    snprintf(line, sizeof line, "%d %s %s %d %g\n", round, m->name, m->modality,
             m->device, m->value);
    strcat(context, line);
    return MMOFL_OK;
}

static void seen(fixture *f, const char *wanted)
{
    char text[1024] = "";
    CHECK_OK(mmofl_run_store_each_measure(f->store, f->run, see, text, &f->err));
    CHECK_TEXT(text, wanted);
}

static void measures_come_back_in_order_whatever_their_order(void **state)
{
    (void)state;
    fixture f;
    fixture_begin(&f, NULL);
    CHECK_OK(add_round(&f, 1, good, 3));
    seen(&f, "1 error_quantity accelerometer 3 0.1\n"
             "1 error_quantity gyroscope -1 0.5\n"
             "1 regret  -1 -2.25\n");
    fixture_delete(&f);
}

static void dropped_measures_may_come_anew(void **state)
{
    (void)state;
    fixture f;
    fixture_begin(&f, NULL);
    CHECK_OK(add_round(&f, 1, good, 3));
    CHECK_OK(mmofl_run_store_drop_measures(f.store, f.run, "error_quantity", &f.err));
    CHECK_OK(mmofl_run_store_drop_measures(f.store, f.run, "nothing", &f.err));
    seen(&f, "1 regret  -1 -2.25\n");
    CHECK_OK(mmofl_run_store_add_measures(f.store, f.run, 1, good, 1, &f.err));
    fixture_delete(&f);
}

static void later_measures_join_their_round(void **state)
{
    (void)state;
    fixture f;
    fixture_begin(&f, NULL);
    CHECK_OK(add_round(&f, 1, NULL, 0));
    CHECK_OK(mmofl_run_store_add_measures(f.store, f.run, 1, good + 2, 1, &f.err));
    seen(&f, "1 regret  -1 -2.25\n");
    CHECK_STATUS(mmofl_run_store_add_measures(f.store, f.run, 1, good + 2, 1, &f.err),
                 MMOFL_E_DUPLICATE);
    CHECK_STATUS(mmofl_run_store_add_measures(f.store, f.run, 2, good, 1, &f.err),
                 MMOFL_E_DUPLICATE);
    fixture_delete(&f);
}

static void rewinding_takes_measures_along(void **state)
{
    (void)state;
    fixture f;
    fixture_begin(&f, NULL);
    CHECK_OK(add_round(&f, 1, good + 2, 1));
    CHECK_OK(add_round(&f, 2, good, 3));
    CHECK_OK(mmofl_run_store_rewind(f.store, f.run, 1, &f.err));
    seen(&f, "1 regret  -1 -2.25\n");
    fixture_delete(&f);
}

static void bad_measures_are_refused_with_their_round(void **state)
{
    (void)state;
    static const struct {
        mmofl_measure measure;
        mmofl_status status;
        const char *text;
    } cases[] = {
        {{"", -1, "", 0}, MMOFL_E_RANGE, "a-z"},
        {{"Regret", -1, "", 0}, MMOFL_E_RANGE, "Regret"},
        {{"regret", -2, "", 0}, MMOFL_E_RANGE, "device -2"},
        {{"regret", 0, "a,b", 0}, MMOFL_E_RANGE, "a,b"},
        {{"regret", 0, "a\nb", 0}, MMOFL_E_RANGE, "one line"},
        {{"regret", 0, "", NAN}, MMOFL_E_NONFINITE, "regret is"},
        {{"regret", 0, "", INFINITY}, MMOFL_E_NONFINITE, "inf"},
    };
    fixture f;
    fixture_begin(&f, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_STATUS(add_round(&f, 1, &cases[i].measure, 1), cases[i].status);
        CHECK_CONTAINS(f.err.text, cases[i].text);
    }
    const mmofl_measure twice[] = {good[0], good[0]};
    CHECK_STATUS(add_round(&f, 1, twice, 2), MMOFL_E_DUPLICATE);
    seen(&f, "");
    CHECK_OK(add_round(&f, 1, good, 1)); /* the round was not kept either */
    fixture_delete(&f);
}

static void csv_leaves_all_devices_empty(void **state)
{
    (void)state;
    fixture f;
    fixture_begin(&f, NULL);
    CHECK_OK(add_round(&f, 1, good, 3));
    char path[512];
    snprintf(path, sizeof path, "%s", scratch_path(&f.s, "measures.csv"));
    CHECK_OK(mmofl_export_measures_csv(f.store, f.run, path, &f.err));
    unsigned char *text;
    size_t size;
    CHECK_OK(mmofl_file_read(path, 10000, &text, &size, &f.err));
    CHECK_TEXT((char *)text, "round,name,modality,device,value\n"
                             "1,error_quantity,accelerometer,3,0.1\n"
                             "1,error_quantity,gyroscope,,0.5\n"
                             "1,regret,,,-2.25\n");
    free(text);
    fixture_delete(&f);
}

CHECK_MAIN(TEST(measures_come_back_in_order_whatever_their_order),
           TEST(dropped_measures_may_come_anew), TEST(later_measures_join_their_round),
           TEST(rewinding_takes_measures_along),
           TEST(bad_measures_are_refused_with_their_round),
           TEST(csv_leaves_all_devices_empty))
