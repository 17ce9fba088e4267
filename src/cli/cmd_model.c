/* cmd_model.c - `mmofl model summary EXPERIMENT.yaml`: layers, shapes, parameters,
 * work, memory; `mmofl model profile`: the time of each layer. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/model_profile.h"
#include "cli/settings.h"
#include "run/setup.h"

enum { SECONDS = 256 };

static const struct argp_option table[] = {
    MMOFL_SETTINGS_OPTION,
    {"seconds", SECONDS, "S", 0, "profile: measure for so long (default: 2)", 0},
    {0}};

typedef struct request {
    const char *verb, *experiment;
    double seconds;
    mmofl_settings settings;
} request;

static bool is_profile(const request *r)
{
    return r->verb && strcmp(r->verb, "profile") == 0;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    request *r = state->input;
    switch (key) {
    case 's':
        mmofl_settings_add(&r->settings, text, state);
        break;
    case SECONDS:
        r->seconds = mmofl_cli_read_seconds("--seconds", text, state);
        break;
    case ARGP_KEY_ARG:
        if (state->arg_num > 1)
            argp_error(state, "'%s' is one argument too many", text);
        *(state->arg_num ? &r->experiment : &r->verb) = text;
        break;
    case ARGP_KEY_END:
        if (!r->verb || (strcmp(r->verb, "summary") != 0 && !is_profile(r)))
            argp_error(state, "summary or profile is wanted, and an experiment file");
        if (!r->experiment)
            argp_error(state, "an experiment file is wanted");
        if (r->seconds > 0 && !is_profile(r))
            argp_error(state, "--seconds is for profile");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    table,
    parse,
    "summary EXPERIMENT.yaml\nprofile EXPERIMENT.yaml",
    "Print the model's layers, shapes, parameters, work of one sample, "
    "and the memory that a device needs to train it; or measure where the time of "
    "a training step goes on this machine, layer by layer."
    "\v"
    "Examples:\n"
    "  mmofl model summary examples/demo.yaml\n"
    "  mmofl model profile examples/demo.yaml --set train.batch=4",
    NULL,
    NULL,
    NULL};

static void print_chain(const char *title, const mmofl_chain *chain)
{
    char in[64], out[64];
    mmofl_shape_text(chain->layer[0].in, in, sizeof in);
    printf("%s  %s\n", title, in);
    for (int i = 0; i < chain->n; i++) {
        const mmofl_layer *layer = &chain->layer[i];
        const mmofl_kind *kind = &layer->kind->kind;
        char options[128] = "";
        size_t used = 0;
        for (int o = 0; o < kind->n_options && used < sizeof options; o++) {
            char value[32];
            mmofl_option_get(&kind->options[o], layer->options, value, sizeof value);
            used += (size_t)snprintf(options + used, sizeof options - used, "%s%s %s",
                                     o ? ", " : "", kind->options[o].name, value);
        }
        mmofl_shape_text(layer->out, out, sizeof out);
        double backward = mmofl_chain_backward_flops(chain, i);
        printf("  %2d  %-15s %-38s %-11s %9zu %11.1f %11.1f\n", i, kind->name, options,
               out, layer->n_parameters, layer->flops / 1e3, backward / 1e3);
    }
}

static mmofl_status print_memory(const mmofl_experiment *x, const mmofl_model *model,
                                 mmofl_error *err)
{
    mmofl_learner_setup setup = {.model = model,
                                 .train = &x->train,
                                 .seed = 1,
                                 .buffer = x->stream.buffer,
                                 .method = &x->method};
    mmofl_learner_space *space;
    mmofl_status st = mmofl_learner_space_new(&setup, false, 0, &space);
    if (st)
        return mmofl_fail(err, st, "no memory for a device");
    size_t working = mmofl_learner_space_bytes(space);
    mmofl_learner_space_delete(space);
    size_t sample = 0;
    for (int e = 0; e < model->n_encoders; e++)
        sample += mmofl_shape_count(model->encoder[e].in) * sizeof(float);
    printf("\nmemory of a device that trains\n"
           "  %10zu bytes  working memory: parameters, gradient, activations of %d "
           "samples\n"
           "  %10zu bytes  received model\n"
           "  %10zu bytes  buffer of %d samples, %zu bytes each\n"
           "  %10zu bytes  in all\n",
           working, mmofl_model_piece(model, x->train.batch),
           model->n_parameters * sizeof(float), sample * (size_t)x->stream.buffer,
           x->stream.buffer, sample,
           working + model->n_parameters * sizeof(float) +
               sample * (size_t)x->stream.buffer);
    return MMOFL_OK;
}

static mmofl_status print_summary(const mmofl_setup *setup, mmofl_error *err)
{
    const mmofl_experiment *x = setup->experiment;
    mmofl_model *model;
    mmofl_status st = mmofl_setup_model(setup, &model, err);
    if (st)
        return st;
    printf("      %-15s %-38s %-11s %9s %11s %11s\n", "layer", "options", "output",
           "parameters", "kFLOP fwd", "kFLOP bwd");
    for (int e = 0; e < model->n_encoders; e++)
        print_chain(model->encoder[e].name, &model->encoder[e].chain);
    print_chain("head", &model->head);
    printf("\n%zu parameters (%zu bytes), %d features; one sample: %.1f kFLOP forward, "
           "%.1f kFLOP to "
           "train\n",
           model->n_parameters, model->n_parameters * sizeof(float),
           (int)model->features, mmofl_model_forward_flops(model) / 1e3,
           mmofl_model_training_flops(model) / 1e3);
    st = print_memory(x, model, err);
    mmofl_model_delete(model);
    return st;
}

static int model_main(int argc, char **argv)
{
    request r = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &r);
    mmofl_error err = {0};
    mmofl_experiment x;
    if (mmofl_experiment_load(r.experiment, r.settings.text, r.settings.n, &x, &err))
        return mmofl_cli_complain(&err);
    mmofl_setup setup;
    mmofl_status st = mmofl_setup_init(&setup, &x, 1, &err);
    if (!st) {
        st = is_profile(&r)
                 ? mmofl_cli_model_profile(&setup, r.seconds > 0 ? r.seconds : 2, &err)
                 : print_summary(&setup, &err);
        mmofl_setup_free(&setup);
    }
    mmofl_experiment_free(&x);
    return st ? mmofl_cli_complain(&err) : EXIT_DONE;
}

const mmofl_command mmofl_command_model = {
    "model", "print a model's layers, parameters, work and memory; time them",
    model_main};
