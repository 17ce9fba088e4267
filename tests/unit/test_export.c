/* test_export.c - metrics.csv, metrics.jsonl and confusion.csv, byte for byte. */
#include "run_store_fixture.h"

#include "base/file.h"
#include "store/export.h"

static void add(fixture *f, const mmofl_round_record *r)
{
    CHECK_OK(mmofl_run_store_add_round(f->store, f->run, r, NULL, -1, false, &f->err));
}

/* Two rounds: the first without new samples and not evaluated, the second evaluated. */
static void fixture_new(fixture *f, double seconds)
{
    mmofl_run_record run = {"demo", 1, "", "0.1"};
    fixture_begin(f, &run);
    add(f, &(mmofl_round_record){.round = 1,
                                 .step_size = 0.98,
                                 .participants = 10,
                                 .prequential_loss = (double)NAN,
                                 .prequential_accuracy = (double)NAN,
                                 .train_loss = 1.0 / 3,
                                 .cumulative_loss = 2,
                                 .bytes_up = 464880,
                                 .bytes_down = 0,
                                 .seconds = seconds});
    const uint64_t confusion[4] = {5, 0, 2, 3};
    const mmofl_evaluation_record e[2] = {{"test", 0.1 + 0.2, 0.8, 0.75, 2, confusion},
                                          {"clean", 1e-7, 1, 1, 0, NULL}};
    add(f, &(mmofl_round_record){.round = 2,
                                 .step_size = 0.9604,
                                 .participants = 10,
                                 .samples_new = 200,
                                 .prequential_loss = 1.5,
                                 .prequential_accuracy = 0.125,
                                 .train_loss = 1e22,
                                 .cumulative_loss = 3.5,
                                 .bytes_up = 464880,
                                 .bytes_down = 464880,
                                 .seconds = seconds,
                                 .n_evaluations = 2,
                                 .evaluations = e});
}

static void check_file(fixture *f, const char *name, const char *wanted)
{
    unsigned char *data;
    size_t n;
    CHECK_OK(mmofl_file_read(scratch_path(&f->s, name), 1 << 20, &data, &n, &f->err));
    CHECK_TEXT((const char *)data, wanted);
    free(data);
}

static void files_are_byte_for_byte_as_worked_out_by_hand(void **state)
{
    (void)state;
    /* Seconds differ between equal runs, the exported bytes must not. */
    for (int i = 1; i <= 2; i++) {
        fixture f;
        fixture_new(&f, 0.25 * i);
        CHECK_OK(mmofl_export_metrics_csv(f.store, f.run, scratch_path(&f.s, "m.csv"),
                                          &f.err));
        check_file(&f, "m.csv",
                   "round,step_size,participants,steps,samples_new,prequential_loss,"
                   "prequential_accuracy,train_loss,cumulative_loss,bytes_up,"
                   "bytes_down,clean_loss,clean_accuracy,clean_macro_f1,test_loss,"
                   "test_accuracy,test_macro_f1\n"
                   "1,0.98,10,0,0,,,0.3333333333333333,2,464880,0,,,,,,\n"
                   "2,0.9604,10,0,200,1.5,0.125,1e+22,3.5,464880,464880,"
                   "1e-07,1,1,0.30000000000000004,0.8,0.75\n");
        CHECK_OK(mmofl_export_metrics_jsonl(f.store, f.run,
                                            scratch_path(&f.s, "m.jsonl"), &f.err));
        check_file(&f, "m.jsonl",
                   "{\"round\":1,\"step_size\":0.98,\"participants\":10,\"steps\":0,"
                   "\"samples_new\":0,\"train_loss\":0.3333333333333333,"
                   "\"cumulative_loss\":2,\"bytes_up\":464880,\"bytes_down\":0}\n"
                   "{\"round\":2,\"step_size\":0.9604,\"participants\":10,\"steps\":0,"
                   "\"samples_new\":200,\"prequential_loss\":1.5,"
                   "\"prequential_accuracy\":0.125,\"train_loss\":1e+22,"
                   "\"cumulative_loss\":3.5,\"bytes_up\":464880,"
                   "\"bytes_down\":464880,\"clean_loss\":1e-07,\"clean_accuracy\":1,"
                   "\"clean_macro_f1\":1,\"test_loss\":0.30000000000000004,"
                   "\"test_accuracy\":0.8,\"test_macro_f1\":0.75}\n");
        CHECK_OK(mmofl_export_confusion_csv(f.store, f.run, scratch_path(&f.s, "c.csv"),
                                            &f.err));
        check_file(&f, "c.csv",
                   "round,part,true_class,predicted_class,count\n"
                   "2,test,0,0,5\n2,test,1,0,2\n2,test,1,1,3\n");
        fixture_delete(&f);
    }
}

static void run_without_rounds_gives_a_header_and_no_line(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f, 1);
    CHECK_OK(mmofl_run_store_rewind(f.store, f.run, -1, &f.err));
    CHECK_OK(
        mmofl_export_metrics_csv(f.store, f.run, scratch_path(&f.s, "m.csv"), &f.err));
    check_file(&f, "m.csv",
               "round,step_size,participants,steps,samples_new,prequential_loss,"
               "prequential_accuracy,train_loss,cumulative_loss,bytes_up,bytes_down,"
               "test_loss,test_accuracy,test_macro_f1\n");
    CHECK_OK(mmofl_export_metrics_jsonl(f.store, f.run, scratch_path(&f.s, "m.jsonl"),
                                        &f.err));
    check_file(&f, "m.jsonl", "");
    fixture_delete(&f);
}

static void unwritable_place_is_refused(void **state)
{
    (void)state;
    fixture f;
    fixture_new(&f, 1);
    CHECK_STATUS(mmofl_export_metrics_csv(
                     f.store, f.run, scratch_path(&f.s, "run.sqlite/m.csv"), &f.err),
                 MMOFL_E_IO);
    CHECK_STATUS(mmofl_export_confusion_csv(f.store, f.run,
                                            scratch_path(&f.s, "none/m.csv"), &f.err),
                 MMOFL_E_NOT_FOUND);
    fixture_delete(&f);
}

CHECK_MAIN(TEST(files_are_byte_for_byte_as_worked_out_by_hand),
           TEST(run_without_rounds_gives_a_header_and_no_line),
           TEST(unwritable_place_is_refused))
