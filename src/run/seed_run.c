/* seed_run.c - the loop over rounds: simulate, test when it is time, keep, tell.
 *
 * With ranks all of them go through the loop; rank 0 alone has the folder.  What it
 * does there may fail, so all meet after it and go on, or end, together. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fed/participation.h"
#include "run/analyze.h"
#include "run/injected.h"
#include "run/model_file.h"
#include "run/prototype_rows.h"
#include "run/seed_run.h"
#include "store/export.h"

enum { TRAIN_LOSSES = 3, LATE_UPDATES = 1 };

/* What the loop carries along. */
typedef struct seed_run {
    const mmofl_setup *setup;
    const mmofl_ranks *ranks;
    mmofl_run_folder *folder; /* NULL but on rank 0 */
    const mmofl_run_watch *watch;
    mmofl_run run;
    mmofl_simulation *simulation;
    mmofl_model_tensors tensors;
    mmofl_state_array
        state[MMOFL_STATE_ARRAYS]; /* of the simulation, beside the model */
    int n_state;
    mmofl_injected_rows injected;
    mmofl_prototype_rows prototypes;
    int done; /* finished rounds */
    double cumulative_loss;
    double last_accuracy, last_validation; /* NaN before the first evaluation */
    double best_validation;                /* macro-F1; below 0 before the first */
    mmofl_run_times times;
} seed_run;

/* Seconds since *since, which becomes now. */
static double lap(double *since)
{
    double now = mmofl_clock_seconds(), seconds = now - *since;
    *since = now;
    return seconds;
}

/* What goes on from earlier rounds is in the store: the sum of losses, and how good
 * validation has been. */
static mmofl_status take_record(void *context, const mmofl_round_record *record)
{
    seed_run *r = context;
    r->cumulative_loss = record->cumulative_loss;
    for (int i = 0; i < record->n_evaluations; i++)
        if (strcmp(record->evaluations[i].part, MMOFL_PART_VALIDATION) == 0)
            r->best_validation =
                fmax(r->best_validation, record->evaluations[i].macro_f1);
    return MMOFL_OK;
}

/* Load the checkpoint that the folder chose. */
static mmofl_status load_checkpoint(seed_run *r, mmofl_error *err)
{
    char path[4096];
    mmofl_status st = mmofl_run_folder_seed_path(
        r->folder, r->run.seed, r->run.checkpoint, path, sizeof path, err);
    if (st)
        return st;
    const mmofl_model *model = mmofl_simulation_model(r->simulation);
    mmofl_safetensors file;
    st = mmofl_safetensors_open(path, MMOFL_SAFETENSORS_FINITE, &file, err);
    if (st)
        return st;
    float *parameters = malloc(model->n_parameters * sizeof(float));
    st = parameters ? mmofl_model_file_parameters(&file, model, parameters, err)
                    : MMOFL_E_MEMORY;
    if (!st)
        st = mmofl_model_file_state(&file, r->state, r->n_state, err);
    if (!st)
        st =
            mmofl_simulation_restore(r->simulation, (uint64_t)r->run.round, parameters);
    free(parameters);
    mmofl_safetensors_close(&file);
    if (st)
        return mmofl_fail_within(err, "%s", path);
    mmofl_run_folder_hold(r->folder);
    st = mmofl_run_store_each_round(mmofl_run_folder_store(r->folder), r->run.id,
                                    take_record, r, err);
    mmofl_run_folder_release(r->folder);
    return st;
}

/* From the checkpoint to all ranks. */
static mmofl_status restore(seed_run *r, mmofl_error *err)
{
    mmofl_status st = r->folder ? load_checkpoint(r, err) : MMOFL_OK;
    st = mmofl_ranks_agree(r->ranks, st, err);
    if (st)
        return st;
    mmofl_simulation_spread(r->simulation);
    mmofl_ranks_broadcast(r->ranks, 0, &r->best_validation, sizeof r->best_validation);
    return MMOFL_OK;
}

static mmofl_round_record record_of(seed_run *r, const mmofl_round_summary *s,
                                    double seconds)
{
    r->cumulative_loss += s->loss;
    return (mmofl_round_record){
        .round = (int)s->round,
        .step_size = mmofl_lr_at(&r->setup->experiment->train.lr, s->round),
        .participants = s->updates,
        .steps = (int64_t)s->steps,
        .samples_new = (int64_t)s->fresh,
        .prequential_loss = s->fresh ? s->loss : (double)NAN,
        .prequential_accuracy =
            s->fresh ? (double)s->fresh_correct / (double)s->fresh : (double)NAN,
        .train_loss = s->updates ? s->train_loss : (double)NAN,
        .cumulative_loss = r->cumulative_loss,
        .bytes_up = (int64_t)s->bytes_up,
        .bytes_down = (int64_t)s->bytes_down,
        .seconds = seconds,
    };
}

static mmofl_evaluation_record evaluation_record(const char *part, mmofl_evaluation e)
{
    return (mmofl_evaluation_record){.part = part,
                                     .loss = e.loss,
                                     .accuracy = e.accuracy,
                                     .macro_f1 = e.macro_f1,
                                     .n_classes = e.classes,
                                     .confusion = e.confusion};
}

/* Validation first: is the test part to be tested after it? */
static bool validate(seed_run *r, mmofl_evaluation_record *tested)
{
    mmofl_evaluation e = mmofl_simulation_validate(r->simulation);
    *tested = evaluation_record(MMOFL_PART_VALIDATION, e);
    r->last_validation = e.macro_f1;
    bool is_best = e.macro_f1 > r->best_validation;
    if (is_best)
        r->best_validation = e.macro_f1;
    return is_best ||
           r->setup->experiment->evaluate.select != MMOFL_SELECT_BEST_VALIDATION;
}

/* Test on the parts that there are; returns how many. */
enum { PARTS = 3 };
static int evaluate(seed_run *r, mmofl_evaluation_record tested[PARTS])
{
    int n = 0;
    if (mmofl_simulation_has_validation(r->simulation) && !validate(r, &tested[n++]))
        return n;
    tested[n] =
        evaluation_record(MMOFL_PART_TEST, mmofl_simulation_evaluate(r->simulation));
    r->last_accuracy = tested[n++].accuracy;
    if (mmofl_simulation_is_imbalanced(r->simulation))
        tested[n++] = evaluation_record(
            MMOFL_PART_DISTURBED, mmofl_simulation_evaluate_disturbed(r->simulation));
    return n;
}

/* What samples with all modalities and others lost in training, and the method's own
 * terms: where there is neither a method nor an imbalance, they would say nothing that
 * train_loss does not.  Returns how many. */
static size_t add_train_losses(const seed_run *r, const mmofl_round_summary *s,
                               mmofl_measure measure[TRAIN_LOSSES])
{
    bool plain = r->setup->experiment->method.kind == &mmofl_method_pm.kind;
    if (plain && !mmofl_simulation_is_imbalanced(r->simulation))
        return 0;
    size_t n = 0;
    if (s->whole > 0)
        measure[n++] = (mmofl_measure){"train_loss_whole", -1, "", s->whole_loss};
    if (s->partial > 0)
        measure[n++] = (mmofl_measure){"train_loss_partial", -1, "", s->partial_loss};
    if (!plain && s->steps > 0)
        measure[n++] = (mmofl_measure){"method_loss", -1, "", s->method_loss};
    return n;
}

static size_t add_error_terms(const seed_run *r,
                              mmofl_measure measure[MMOFL_ERROR_TERMS])
{
    mmofl_error_term terms[MMOFL_ERROR_TERMS];
    int n = mmofl_simulation_error_terms(r->simulation, terms, MMOFL_ERROR_TERMS);
    for (int i = 0; i < n; i++)
        measure[i] =
            (mmofl_measure){terms[i].name, -1, terms[i].modality, terms[i].value};
    return (size_t)n;
}

/* Simulated devices would do a round again; real ones do not. */
static bool needs_checkpoint(const seed_run *r, int round)
{
    return r->setup->remote || round == r->setup->experiment->rounds ||
           mmofl_run_folder_is_due(&r->run);
}

/* The round to the folder; the record comes with what was tested. */
static mmofl_status keep_round(seed_run *r, const mmofl_round_summary *summary,
                               mmofl_round_record *record, mmofl_error *err)
{
    mmofl_measure measures[MMOFL_INJECTED_MEASURES + TRAIN_LOSSES + LATE_UPDATES +
                           MMOFL_ERROR_TERMS + MMOFL_PROTOTYPE_MEASURES];
    size_t n = mmofl_injected_rows_fill(&r->injected, record);
    memcpy(measures, r->injected.measure, n * sizeof *measures);
    n += add_train_losses(r, summary, measures + n);
    if (summary->late > 0) /* real devices only: of earlier rounds, used in this one */
        measures[n++] = (mmofl_measure){"late_updates", -1, "", (double)summary->late};
    n += add_error_terms(r, measures + n);
    if (record->round == 1)
        n += mmofl_prototype_rows_cost(&r->prototypes, r->setup->experiment,
                                       measures + n);
    if (record->n_evaluations > 0)
        mmofl_prototype_rows_fill(&r->prototypes, record);
    record->n_measures = n;
    record->measures = measures;
    mmofl_run_state state;
    bool due = needs_checkpoint(r, record->round);
    if (due)
        state = mmofl_model_tensors_checkpoint(
            &r->tensors, mmofl_simulation_parameters(r->simulation), summary->round);
    mmofl_status st =
        mmofl_run_folder_commit(r->folder, &r->run, record, due ? &state : NULL, err);
    record->measures = NULL; /* the caller gets numbers only */
    record->injected = NULL;
    record->prototypes = NULL;
    return st;
}

static mmofl_status run_round(seed_run *r, int round, mmofl_round_record *record,
                              mmofl_error *err)
{
    double since = mmofl_clock_seconds();
    mmofl_round_summary summary;
    mmofl_status st = mmofl_simulation_round(r->simulation, NULL, &summary, err);
    if (st)
        return st;
    double training = lap(&since);
    mmofl_evaluation_record tested[PARTS];
    bool is_tested = mmofl_experiment_tests(r->setup->experiment, round);
    int n_tested = is_tested ? evaluate(r, tested) : 0;
    double testing = lap(&since);
    r->times.training += training;
    r->times.testing += testing;
    *record = record_of(r, &summary, training + testing);
    record->n_evaluations = n_tested;
    record->evaluations = tested;
    st = r->folder ? keep_round(r, &summary, record, err) : MMOFL_OK;
    r->times.writing += lap(&since);
    st = mmofl_ranks_agree(r->ranks, st, err);
    record->evaluations = NULL;
    return st;
}

/* One rank that is asked to stop stops all of them. */
static bool stop_asked(const seed_run *r)
{
    const mmofl_run_watch *watch = r->watch;
    bool asked = watch->stop_asked && watch->stop_asked(watch->context);
    return mmofl_ranks_any(r->ranks, asked);
}

static mmofl_status run_rounds(seed_run *r, mmofl_error *err)
{
    const mmofl_experiment *x = r->setup->experiment;
    const mmofl_run_watch *watch = r->watch;
    int first = r->done + 1;
    while (r->done < x->rounds) {
        mmofl_round_record record;
        mmofl_status st = run_round(r, r->done + 1, &record, err);
        if (st)
            return st;
        r->done++;
        if (watch->round_done)
            watch->round_done(
                watch->context,
                &(mmofl_round_news){r->run.seed, first, r->done, x->rounds,
                                    record.prequential_accuracy, r->last_accuracy,
                                    r->last_validation});
        if (stop_asked(r) && r->done < x->rounds)
            return mmofl_fail(err, MMOFL_E_INTERRUPTED,
                              "interrupted after round %d of seed %" PRIu64, r->done,
                              r->run.seed);
    }
    return MMOFL_OK;
}

/* What a reader finds beside the store; finishing the run syncs it all. */
static mmofl_status export_files(seed_run *r, mmofl_error *err)
{
    mmofl_run_store *store = mmofl_run_folder_store(r->folder);
    char path[4096];
    static const struct {
        const char *file;
        mmofl_status (*write)(mmofl_run_store *, int64_t, const char *, mmofl_error *);
    } exports[] = {{"metrics.csv", mmofl_export_metrics_csv},
                   {"metrics.jsonl", mmofl_export_metrics_jsonl},
                   {"confusion.csv", mmofl_export_confusion_csv},
                   {"measures.csv", mmofl_export_measures_csv},
                   {"injected.csv", mmofl_export_injected_csv},
                   {"prototypes.npz", mmofl_export_prototypes_npz}};
    mmofl_status st = MMOFL_OK;
    for (size_t i = 0; !st && i < sizeof exports / sizeof *exports; i++) {
        st = mmofl_run_folder_seed_path(r->folder, r->run.seed, exports[i].file, path,
                                        sizeof path, err);
        mmofl_run_folder_hold(r->folder);
        if (!st)
            st = exports[i].write(store, r->run.id, path, err);
        mmofl_run_folder_release(r->folder);
    }
    if (!st)
        st = mmofl_run_folder_seed_path(r->folder, r->run.seed, "model.safetensors",
                                        path, sizeof path, err);
    if (st)
        return st;
    mmofl_run_state state = mmofl_model_tensors_fill(
        &r->tensors, mmofl_simulation_parameters(r->simulation), (uint64_t)r->done);
    return mmofl_safetensors_write(path, state.tensors, state.n_tensors, state.metadata,
                                   state.n_metadata, false, err);
}

/* The experiment may ask for the regret once all rounds are there. */
static mmofl_status analyze(const seed_run *r, mmofl_error *err)
{
    mmofl_regret_report report;
    if (!r->setup->experiment->analysis.regret)
        return MMOFL_OK;
    mmofl_setup alone = *r->setup; /* the others only wait */
    alone.ranks = NULL;
    return mmofl_analyze_seed(&alone, r->folder, r->run.id, r->run.seed,
                              mmofl_simulation_parameters(r->simulation), &report, err);
}

/* What is to do in the folder when the rounds have ended so. */
static mmofl_status keep_end(seed_run *r, mmofl_status st, mmofl_error *err)
{
    if (!st)
        st = analyze(r, err);
    if (st && st != MMOFL_E_INTERRUPTED) {
        /* The first error is the one to tell; a store that cannot be closed well is
         * found again on resume. */
        (void)!mmofl_run_folder_finish(r->folder, &r->run, MMOFL_RUN_FAILED, NULL);
        return st;
    }
    double since = mmofl_clock_seconds();
    mmofl_error late = {0};
    mmofl_status kept = export_files(r, &late);
    if (!kept)
        kept = mmofl_run_folder_finish(
            r->folder, &r->run, st ? MMOFL_RUN_INTERRUPTED : MMOFL_RUN_DONE, &late);
    r->times.writing += lap(&since);
    if (kept && err)
        *err = late;
    return kept ? kept : st;
}

static mmofl_status run_to_end(seed_run *r, mmofl_error *err)
{
    r->done = r->run.round > 0 ? r->run.round : 0;
    mmofl_status st = r->done > 0 ? restore(r, err) : MMOFL_OK;
    if (!st)
        st = run_rounds(r, err);
    if (r->folder)
        st = keep_end(r, st, err);
    return mmofl_ranks_agree(r->ranks, st, err);
}

/* Where the run stands, as rank 0 finds it in the folder. */
static mmofl_status begin(seed_run *r, uint64_t seed, mmofl_error *err)
{
    mmofl_status st =
        r->folder ? mmofl_run_folder_begin(r->folder, r->setup->experiment->name, seed,
                                           MMOFL_VERSION, &r->run, err)
                  : MMOFL_OK;
    st = mmofl_ranks_agree(r->ranks, st, err);
    if (!st)
        mmofl_ranks_broadcast(r->ranks, 0, &r->run, sizeof r->run);
    return st;
}

/* The simulation, and room for what a round leaves where there is a folder for it. */
static mmofl_status make(seed_run *r, uint64_t seed, mmofl_error *err)
{
    const mmofl_experiment *x = r->setup->experiment;
    mmofl_status st = mmofl_setup_simulation(r->setup, seed, &r->simulation, err);
    if (st || !r->folder)
        return st;
    st = mmofl_model_tensors_init(&r->tensors, mmofl_simulation_model(r->simulation),
                                  mmofl_run_folder_config(r->folder), seed);
    r->n_state = mmofl_simulation_state(r->simulation, r->state, MMOFL_STATE_ARRAYS);
    if (!st)
        mmofl_model_tensors_add(&r->tensors, r->state, r->n_state);
    if (!st)
        st = mmofl_injected_rows_init(
            &r->injected, r->simulation, r->setup->data,
            mmofl_simulation_is_imbalanced(r->simulation) &&
                    mmofl_setup_records_injected(x) && !r->setup->remote
                ? mmofl_participants_wanted(x->participation,
                                            (uint32_t)x->fleet.devices)
                : 0);
    if (!st)
        st = mmofl_prototype_rows_init(&r->prototypes, r->simulation);
    return st ? mmofl_fail(err, st, "no memory for what a round leaves") : MMOFL_OK;
}

static void add_times(mmofl_run_times *sum, mmofl_run_times t)
{
    sum->setup += t.setup;
    sum->training += t.training;
    sum->testing += t.testing;
    sum->writing += t.writing;
}

mmofl_status mmofl_seed_run(const mmofl_setup *setup, mmofl_run_folder *folder, int i,
                            const mmofl_run_watch *watch, mmofl_error *err)
{
    uint64_t seed = setup->experiment->seed[i];
    seed_run r = {.setup = setup,
                  .ranks = mmofl_ranks_or_alone(setup->ranks),
                  .folder = folder,
                  .watch = watch,
                  .last_accuracy = (double)NAN,
                  .last_validation = (double)NAN,
                  .best_validation = -1};
    double since = mmofl_clock_seconds();
    mmofl_status st = begin(&r, seed, err);
    if (st || r.run.status == MMOFL_RUN_DONE)
        return st;
    st = make(&r, seed, err);
    st = mmofl_ranks_agree(r.ranks, st, err);
    r.times.setup = lap(&since);
    if (!st)
        st = run_to_end(&r, err);
    if (watch->times)
        add_times(watch->times, r.times);
    mmofl_prototype_rows_free(&r.prototypes);
    mmofl_injected_rows_free(&r.injected);
    mmofl_model_tensors_free(&r.tensors);
    mmofl_simulation_delete(r.simulation);
    return st;
}
