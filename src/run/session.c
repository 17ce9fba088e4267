/* session.c - the public door to a simulated fleet (mmofl/session.h).
 *
 * Nothing is computed here: a session ties together what `mmofl run` uses (setup,
 * simulation, model file), so that both give the same bytes.  Prediction looks at the
 * caller's values as if they were a data set that has the training data's mean and
 * spread, and so takes the same path as testing does. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "mmofl/session.h"
#include "run/model_file.h"
#include "run/setup.h"

/* Samples predicted at a time. */
enum { PIECE = 16 };

struct mmofl_session {
    mmofl_experiment experiment;
    char *text; /* resolved experiment */
    mmofl_setup setup;
    mmofl_simulation *simulation;
    mmofl_model_tensors tensors;
    mmofl_state_array prototypes[MMOFL_STATE_ARRAYS]; /* in model files, too */
    int n_prototypes;
    mmofl_workspace *workspace; /* of predictions */
    float *loaded;              /* (P) parameters on their way in */
    uint64_t round;             /* done */
};

static const mmofl_model *model_of(const mmofl_session *s)
{
    return mmofl_simulation_model(s->simulation);
}

/* ---------------------------------------------------------------- open and close */

/* Everything behind the experiment, which is there. */
static mmofl_status make(mmofl_session *s, int threads, mmofl_error *err)
{
    mmofl_status st = mmofl_setup_init(&s->setup, &s->experiment, threads, err);
    if (!st)
        st = mmofl_setup_simulation(&s->setup, s->experiment.seed[0], &s->simulation,
                                    err);
    if (st)
        return st;
    s->text = mmofl_experiment_text(&s->experiment);
    s->loaded = calloc(model_of(s)->n_parameters, sizeof(float));
    if (!s->text || !s->loaded ||
        mmofl_workspace_new(model_of(s), PIECE, false, 0, &s->workspace) ||
        mmofl_model_tensors_init(&s->tensors, model_of(s), s->text,
                                 s->experiment.seed[0]))
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the session");
    mmofl_state_array all[MMOFL_STATE_ARRAYS];
    int n = mmofl_simulation_state(s->simulation, all, MMOFL_STATE_ARRAYS);
    for (int i = 0; i < n; i++)
        if (mmofl_model_file_has(&all[i]))
            s->prototypes[s->n_prototypes++] = all[i];
    mmofl_model_tensors_add(&s->tensors, s->prototypes, s->n_prototypes);
    return MMOFL_OK;
}

/* Where an experiment comes from: a file, or text. */
typedef struct origin {
    const char *path, *text, *folder;
} origin;

/* Read the experiment with the options' settings; a seed is one more of them, so that
 * the resolved text names it as that of `mmofl run --seed` does. */
static mmofl_status read_experiment(const origin *from,
                                    const mmofl_session_options *options,
                                    mmofl_experiment *x, mmofl_error *err)
{
    char seed[32];
    int n = options->n_settings;
    const char **settings = calloc((size_t)n + 1, sizeof *settings);
    if (!settings)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the settings");
    for (int i = 0; i < n; i++)
        settings[i] = options->settings[i];
    if (options->seed) {
        snprintf(seed, sizeof seed, "seeds=%" PRIu64, *options->seed);
        settings[n++] = seed;
    }
    mmofl_status st =
        from->path
            ? mmofl_experiment_load(from->path, settings, n, x, err)
            : mmofl_experiment_parse(from->text, strlen(from->text), "experiment",
                                     from->folder, settings, n, x, err);
    free(settings);
    return st;
}

static mmofl_status open_in_c_locale(const origin *from, const mmofl_session_options *o,
                                     mmofl_session **out, mmofl_error *err)
{
    mmofl_session *s = calloc(1, sizeof *s);
    if (!s)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the session");
    mmofl_status st = read_experiment(from, o, &s->experiment, err);
    if (st) {
        free(s);
        return st;
    }
    st = make(s, o->threads, err);
    if (st) {
        mmofl_session_close(s);
        return st;
    }
    *out = s;
    return MMOFL_OK;
}

/* Numbers in experiments have a point, wherever the program that embeds us may be: its
 * locale is set aside for this thread while text is read and written. */
static mmofl_status open_from(const origin *from, const mmofl_session_options *options,
                              mmofl_session **session, mmofl_error *err)
{
    static const mmofl_session_options plain = {0};
    const mmofl_session_options *o = options ? options : &plain;
    if (o->threads < 0)
        return mmofl_fail(err, MMOFL_E_RANGE, "%d threads: 0 (one per core) or more",
                          o->threads);
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c_locale)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the session");
    locale_t before = uselocale(c_locale);
    mmofl_status st = open_in_c_locale(from, o, session, err);
    uselocale(before);
    freelocale(c_locale);
    return st;
}

mmofl_status mmofl_session_open(const char *path, const mmofl_session_options *options,
                                mmofl_session **session, mmofl_error *err)
{
    return open_from(&(origin){.path = path}, options, session, err);
}

mmofl_status mmofl_session_open_text(const char *text, const char *folder,
                                     const mmofl_session_options *options,
                                     mmofl_session **session, mmofl_error *err)
{
    return open_from(&(origin){.text = text, .folder = folder}, options, session, err);
}

void mmofl_session_close(mmofl_session *s)
{
    if (!s)
        return;
    mmofl_workspace_delete(s->workspace);
    mmofl_model_tensors_free(&s->tensors);
    mmofl_simulation_delete(s->simulation);
    mmofl_setup_free(&s->setup);
    free(s->loaded);
    free(s->text);
    mmofl_experiment_free(&s->experiment);
    free(s);
}

/* ---------------------------------------------------------------- what it is */

const char *mmofl_session_experiment(const mmofl_session *s)
{
    return s->text;
}

const mmofl_dataset *mmofl_session_data(const mmofl_session *s)
{
    return s->setup.data;
}

uint64_t mmofl_session_seed(const mmofl_session *s)
{
    return s->experiment.seed[0];
}

uint64_t mmofl_session_rounds_planned(const mmofl_session *s)
{
    return (uint64_t)s->experiment.rounds;
}

uint64_t mmofl_session_rounds_done(const mmofl_session *s)
{
    return s->round;
}

mmofl_session_memory mmofl_session_memory_plan(const mmofl_session *s)
{
    mmofl_memory_plan plan = mmofl_simulation_memory(s->simulation);
    plan.threads += mmofl_workspace_bytes(s->workspace);
    plan.coordinator +=
        s->tensors.arena.bytes + model_of(s)->n_parameters * sizeof(float);
    return (mmofl_session_memory){.data = plan.data,
                                  .devices = plan.devices,
                                  .threads = plan.threads,
                                  .coordinator = plan.coordinator,
                                  .total = mmofl_memory_total(plan)};
}

/* ---------------------------------------------------------------- learning */

static mmofl_round_metrics metrics_of(const mmofl_session *s,
                                      const mmofl_round_summary *r)
{
    double none = (double)NAN;
    return (mmofl_round_metrics){
        .round = r->round,
        .step_size = mmofl_lr_at(&s->experiment.train.lr, r->round),
        .participants = r->updates,
        .samples_new = r->fresh,
        .prequential_loss = r->fresh ? r->loss : none,
        .prequential_accuracy =
            r->fresh ? (double)r->fresh_correct / (double)r->fresh : none,
        .train_loss = r->updates ? r->train_loss : none,
        .steps = r->steps,
        .bytes_down = r->bytes_down,
        .bytes_up = r->bytes_up};
}

mmofl_status mmofl_session_round(mmofl_session *s, mmofl_round_metrics *metrics,
                                 mmofl_error *err)
{
    mmofl_round_summary summary;
    mmofl_status st = mmofl_simulation_round(s->simulation, NULL, &summary, err);
    if (st)
        return st;
    s->round = summary.round;
    if (metrics)
        *metrics = metrics_of(s, &summary);
    return MMOFL_OK;
}

mmofl_test_metrics mmofl_session_test(mmofl_session *s)
{
    mmofl_evaluation e = mmofl_simulation_evaluate(s->simulation);
    return (mmofl_test_metrics){.samples = e.samples,
                                .loss = e.loss,
                                .accuracy = e.accuracy,
                                .macro_f1 = e.macro_f1,
                                .classes = e.classes,
                                .confusion = e.confusion};
}

/* ---------------------------------------------------------------- prediction */

/* Modalities the model has an encoder for, as bits. */
static uint32_t modalities_used(const mmofl_model *model)
{
    uint32_t used = 0;
    for (int e = 0; e < model->n_encoders; e++)
        used |= (uint32_t)1 << model->encoder[e].modality;
    return used;
}

/* Can a sample of the modality have this finite value? */
static bool is_value(const mmofl_modality *modality, float value)
{
    return modality->dtype != MMOFL_TOKENS ||
           (value >= 0 && value < (float)modality->vocabulary &&
            value == floorf(value));
}

/* Refuse the values of one encoder's modality that are present and cannot be used. */
static mmofl_status check_values(const mmofl_encoder *encoder,
                                 const mmofl_modality *modality, size_t n,
                                 const float *values, const uint32_t *present,
                                 mmofl_error *err)
{
    size_t count = mmofl_shape_count(encoder->in);
    for (size_t i = 0; i < n; i++) {
        if (!(present[i] >> encoder->modality & 1))
            continue;
        if (!values)
            return mmofl_fail(err, MMOFL_E_MISSING,
                              "sample %zu has %s, but its values are NULL", i,
                              encoder->name);
        for (size_t k = 0; k < count; k++) {
            float value = values[i * count + k];
            if (!isfinite(value))
                return mmofl_fail(err, MMOFL_E_NONFINITE,
                                  "sample %zu, %s: value %zu is NaN or infinite", i,
                                  encoder->name, k);
            if (!is_value(modality, value))
                return mmofl_fail(err, MMOFL_E_RANGE,
                                  "sample %zu, %s: value %zu is %g, wanted the id of a "
                                  "token, a whole number from 0 to %d",
                                  i, encoder->name, k, (double)value,
                                  modality->vocabulary - 1);
        }
    }
    return MMOFL_OK;
}

static mmofl_status check_samples(const mmofl_session *s, size_t n,
                                  const float *const *values, const uint32_t *present,
                                  mmofl_error *err)
{
    const mmofl_model *model = model_of(s);
    uint32_t used = modalities_used(model);
    int known = s->setup.data->n_modalities;
    for (size_t i = 0; i < n; i++) {
        if (present[i] >> known)
            return mmofl_fail(err, MMOFL_E_RANGE,
                              "sample %zu: present is 0x%" PRIx32
                              ", the data set has %d modalities",
                              i, present[i], known);
        if (!(present[i] & used))
            return mmofl_fail(err, MMOFL_E_MISSING,
                              "sample %zu has no modality that the model looks at", i);
    }
    for (int e = 0; e < model->n_encoders; e++) {
        const mmofl_encoder *encoder = &model->encoder[e];
        mmofl_status st =
            check_values(encoder, &s->setup.data->modality[encoder->modality], n,
                         values[encoder->modality], present, err);
        if (st)
            return st;
    }
    return MMOFL_OK;
}

/* Some of the caller's samples: a data set, and the first of them. */
typedef struct given_samples {
    const mmofl_dataset *data;
    size_t first;
} given_samples;

static void fetch_given(void *context, int i, int modality, float *values)
{
    const given_samples *given = context;
    mmofl_dataset_values(given->data, given->first + (size_t)i, modality, values);
}

mmofl_status mmofl_session_predict(mmofl_session *s, size_t n,
                                   const float *const *values, const uint32_t *present,
                                   float *probability, mmofl_error *err)
{
    static const int32_t no_label[PIECE] = {0}; /* a loss is computed, and not used */
    const mmofl_model *model = model_of(s);
    mmofl_status st = check_samples(s, n, values, present, err);
    if (st)
        return st;
    mmofl_dataset given = *s->setup.data;
    given.n_samples = n;
    given.mask = present;
    for (int m = 0; m < given.n_modalities; m++) {
        given.values[m] = values[m];
        given.stored[m] = MMOFL_STORED_F32;
    }
    for (size_t from = 0; from < n; from += PIECE) {
        given_samples piece = {&given, from};
        mmofl_batch batch = {.n = n - from < PIECE ? (int)(n - from) : PIECE,
                             .mask = present + from,
                             .label = no_label,
                             .fetch = fetch_given,
                             .context = &piece};
        mmofl_model_predict(model, s->workspace,
                            mmofl_simulation_parameters(s->simulation), &batch, NULL,
                            NULL, probability + from * (size_t)model->classes);
    }
    return MMOFL_OK;
}

/* ---------------------------------------------------------------- the model */

size_t mmofl_session_parameter_count(const mmofl_session *s)
{
    return model_of(s)->n_parameters;
}

const float *mmofl_session_parameters(const mmofl_session *s)
{
    return mmofl_simulation_parameters(s->simulation);
}

/* Go on after `round` with this model. */
static mmofl_status take_model(mmofl_session *s, uint64_t round,
                               const float *parameters, mmofl_error *err)
{
    mmofl_status st = mmofl_simulation_restore(s->simulation, round, parameters);
    if (st)
        return mmofl_fail(err, st, "round %" PRIu64 " diverged and is still open",
                          s->round + 1);
    s->round = round;
    return MMOFL_OK;
}

mmofl_status mmofl_session_set_parameters(mmofl_session *s, const float *parameters,
                                          size_t n, mmofl_error *err)
{
    size_t wanted = mmofl_session_parameter_count(s);
    if (n != wanted)
        return mmofl_fail(err, MMOFL_E_COUNT, "%zu parameters: the model has %zu", n,
                          wanted);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(parameters[i]))
            return mmofl_fail(err, MMOFL_E_NONFINITE,
                              "parameter %zu is NaN or infinite", i);
    return take_model(s, s->round, parameters, err);
}

bool mmofl_session_tensor(const mmofl_session *s, int i, mmofl_tensor_info *info)
{
    mmofl_parameter parameter;
    if (i < 0 || !mmofl_model_parameter(model_of(s), i, &parameter))
        return false;
    *info =
        (mmofl_tensor_info){.n_dims = parameter.plan->n_dims, .count = parameter.count};
    memcpy(info->name, parameter.name, sizeof info->name);
    for (int d = 0; d < info->n_dims; d++)
        info->dim[d] = parameter.plan->dim[d];
    return true;
}

mmofl_status mmofl_session_tensor_read(const mmofl_session *s, int i, float *out,
                                       mmofl_error *err)
{
    mmofl_parameter parameter;
    if (i < 0 || !mmofl_model_parameter(model_of(s), i, &parameter))
        return mmofl_fail(err, MMOFL_E_RANGE, "tensor %d: the model has %zu", i,
                          s->tensors.n);
    mmofl_parameter_export(&parameter, mmofl_session_parameters(s), out);
    return MMOFL_OK;
}

mmofl_status mmofl_session_save(mmofl_session *s, const char *path, mmofl_error *err)
{
    mmofl_run_state state =
        mmofl_model_tensors_fill(&s->tensors, mmofl_session_parameters(s), s->round);
    return mmofl_safetensors_write(path, state.tensors, state.n_tensors, state.metadata,
                                   state.n_metadata, true, err);
}

/* The round that a model file says it was written after. */
static mmofl_status round_of(const mmofl_safetensors *file, uint64_t *round,
                             mmofl_error *err)
{
    const char *text = mmofl_safetensors_metadata(file, "round");
    if (!text)
        return mmofl_fail(err, MMOFL_E_MISSING, "the metadata hold no round");
    const char *end = text;
    uint64_t value = 0;
    if (mmofl_number_whole(&end, &value) || *end || value > INT64_MAX)
        return mmofl_fail(err, MMOFL_E_SYNTAX, "round '%.40s' is no number of rounds",
                          text);
    *round = value;
    return MMOFL_OK;
}

mmofl_status mmofl_session_load(mmofl_session *s, const char *path, mmofl_error *err)
{
    mmofl_safetensors file;
    mmofl_status st =
        mmofl_safetensors_open(path, MMOFL_SAFETENSORS_FINITE, &file, err);
    if (st)
        return st;
    const char *experiment;
    uint64_t round = 0;
    st = mmofl_model_file_experiment(&file, &experiment, err);
    if (!st)
        st = round_of(&file, &round, err);
    if (!st)
        st = mmofl_model_file_parameters(&file, model_of(s), s->loaded, err);
    if (!st)
        st = mmofl_model_file_state(&file, s->prototypes, s->n_prototypes, err);
    if (!st)
        st = take_model(s, round, s->loaded, err);
    mmofl_safetensors_close(&file);
    return st && err ? mmofl_fail_within(err, "%s", path) : st;
}
