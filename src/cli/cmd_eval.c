/* cmd_eval.c - `mmofl eval --model FILE`: test a model file, class by class. */
#include <argp.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/settings.h"
#include "learn/evaluator.h"
#include "run/model_file.h"
#include "run/setup.h"

enum { KEY_JSON = 256 };

static const struct argp_option table[] = {
    {"model", 'm', "FILE", 0,
     "Model to test: model.safetensors or a checkpoint of a run", 0},
    {"data", 'd', "PATH", 0,
     "Archive or folder to test on (default: what the model was trained on)", 0},
    MMOFL_SETTINGS_OPTION,
    {"threads", 't', "N", 0, "Threads (default: one per core)", 0},
    {"json", KEY_JSON, NULL, 0, "Print JSON", 0},
    {0}};

typedef struct request {
    const char *model;
    char data[4096 + 16];
    mmofl_settings settings;
    int threads;
    bool json;
} request;

static error_t parse(int key, char *text, struct argp_state *state)
{
    request *r = state->input;
    switch (key) {
    case 'm':
        r->model = text;
        break;
    case 'd':
        snprintf(r->data, sizeof r->data, "data.path=%s", text);
        mmofl_settings_add(&r->settings, r->data, state);
        break;
    case 's':
        mmofl_settings_add(&r->settings, text, state);
        break;
    case 't':
        r->threads = mmofl_cli_read_count("--threads", text, state);
        break;
    case KEY_JSON:
        r->json = true;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s': no argument is wanted; the model goes after --model",
                   text);
        break;
    case ARGP_KEY_END:
        if (!r->model)
            argp_error(state, "--model FILE is wanted");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    table,
    parse,
    "--model FILE",
    "Test a model and print accuracy, macro-F1, and precision, recall "
    "and F1 of each class.\v"
    "Example:\n"
    "  mmofl eval --model runs/demo/seed-1/model.safetensors",
    NULL,
    NULL,
    NULL};

static void print_table(const mmofl_dataset *data, const mmofl_evaluation *e)
{
    printf("%zu samples   accuracy %.2f %%   macro-F1 %.2f %%   loss %.4f\n\n",
           e->samples, 100 * e->accuracy, 100 * e->macro_f1, e->loss);
    printf("  %-24s %9s %9s %9s %9s   predicted as\n", "class", "samples", "precision",
           "recall", "F1");
    for (int c = 0; c < e->classes; c++) {
        mmofl_class_score s = mmofl_evaluation_class(e, c);
        printf("  %-24s %9" PRIu64 " %8.2f%% %8.2f%% %8.2f%%  ", data->class_name[c],
               s.support, 100 * s.precision, 100 * s.recall, 100 * s.f1);
        for (int p = 0; p < e->classes && e->classes <= 12; p++)
            printf(" %5" PRIu64, e->confusion[c * e->classes + p]);
        printf("\n");
    }
}

static void print_json(const mmofl_dataset *data, const mmofl_evaluation *e)
{
    json_t *root = json_pack("{s:I, s:f, s:f, s:f}", "samples", (json_int_t)e->samples,
                             "test_accuracy", e->accuracy, "test_macro_f1", e->macro_f1,
                             "loss", e->loss);
    json_t *classes = json_array();
    for (int c = 0; c < e->classes; c++) {
        mmofl_class_score s = mmofl_evaluation_class(e, c);
        json_t *row = json_array();
        for (int p = 0; p < e->classes; p++)
            json_array_append_new(
                row, json_integer((json_int_t)e->confusion[c * e->classes + p]));
        json_array_append_new(classes, json_pack("{s:s, s:I, s:f, s:f, s:f, s:o}",
                                                 "name", data->class_name[c], "samples",
                                                 (json_int_t)s.support, "precision",
                                                 s.precision, "recall", s.recall, "f1",
                                                 s.f1, "predicted_as", row));
    }
    json_object_set_new(root, "classes", classes);
    json_dumpf(root, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(root);
}

static mmofl_status test_model(const mmofl_setup *setup, const mmofl_safetensors *file,
                               bool json, mmofl_error *err)
{
    const mmofl_experiment *x = setup->experiment;
    const mmofl_dataset *data = setup->data;
    mmofl_model *model;
    mmofl_status st = mmofl_setup_model(setup, &model, err);
    if (st)
        return st;
    mmofl_evaluator_setup tested = {
        .model = model, .data = data, .method = &x->method, .pool = setup->pool};
    float *parameters = malloc(model->n_parameters * sizeof(float));
    mmofl_evaluator *evaluator = NULL;
    st = parameters ? mmofl_evaluator_new(&tested, &evaluator) : MMOFL_E_MEMORY;
    st = st ? mmofl_fail(err, st, "no memory to test the model")
            : mmofl_model_file_parameters(file, model, parameters, err);
    if (!st) {
        mmofl_prototypes prototypes;
        mmofl_evaluation e =
            mmofl_evaluator_run(evaluator, parameters,
                                mmofl_model_file_prototypes(file, model, &prototypes));
        json ? print_json(data, &e) : print_table(data, &e);
    }
    mmofl_evaluator_delete(evaluator);
    free(parameters);
    mmofl_model_delete(model);
    return st;
}

static mmofl_status eval_file(const request *r, const mmofl_safetensors *file,
                              mmofl_error *err)
{
    const char *text;
    mmofl_experiment x;
    mmofl_setup setup;
    mmofl_status st = mmofl_model_file_experiment(file, &text, err);
    if (!st)
        st = mmofl_experiment_parse(text, strlen(text), "its experiment", NULL,
                                    r->settings.text, r->settings.n, &x, err);
    if (st)
        return st;
    st = mmofl_setup_init(&setup, &x, r->threads, err);
    if (!st) {
        st = test_model(&setup, file, r->json, err);
        mmofl_setup_free(&setup);
    }
    mmofl_experiment_free(&x);
    return st;
}

static int eval_main(int argc, char **argv)
{
    request r = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &r);
    mmofl_error err = {0};
    mmofl_safetensors file;
    mmofl_status st =
        mmofl_safetensors_open(r.model, MMOFL_SAFETENSORS_FINITE, &file, &err);
    if (st)
        return mmofl_cli_complain(&err);
    st = eval_file(&r, &file, &err);
    if (st)
        mmofl_fail_within(&err, "%s", r.model);
    mmofl_safetensors_close(&file);
    return st ? mmofl_cli_complain(&err) : EXIT_DONE;
}

const mmofl_command mmofl_command_eval = {"eval", "test a model file, class by class",
                                          eval_main};
