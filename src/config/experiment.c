/* experiment.c - a file, the settings, the schema, and what only several keys together
 * can tell.
 *
 * The document lives in an arena of its own that is dropped at the end; only what the
 * experiment points at stays. */
#define _XOPEN_SOURCE 700 /* realpath */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "config/document.h"
#include "config/learning.h"
#include "config/schema.h"
#include "config/setting.h"

enum { NAME_BYTES = 100, PATH_BYTES = 4096 };

/* ---- checks across keys ---- */

static mmofl_status check_name(const mmofl_experiment *e, const mmofl_yaml_node *root,
                               mmofl_error *err)
{
    size_t n = strlen(e->name);
    bool bad = n == 0 || n > NAME_BYTES || e->name[0] == '.';
    for (const char *c = e->name; *c; c++)
        bad = bad || *c == '/' || (unsigned char)*c < ' ';
    if (!bad)
        return MMOFL_OK;
    return mmofl_yaml_fail(mmofl_yaml_place_of(root, NULL, "name"), MMOFL_E_RANGE, err,
                           "name: wanted 1 to %d bytes on one line, without '/' and not"
                           " starting with '.'",
                           NAME_BYTES);
}

static mmofl_status check_participation(const mmofl_experiment *e,
                                        const mmofl_yaml_node *root, mmofl_error *err)
{
    double p = e->participation;
    const mmofl_yaml_place *place = mmofl_yaml_place_of(root, NULL, "participation");
    if (p > 1 && p != floor(p))
        return mmofl_yaml_fail(place, MMOFL_E_RANGE, err,
                               "participation: %.10g is neither a share up to 1 nor a "
                               "whole number of devices",
                               p);
    if (p > 1 && p > e->fleet.devices)
        return mmofl_yaml_fail(place, MMOFL_E_RANGE, err,
                               "participation: %.10g of %d devices; wanted at most all",
                               p, e->fleet.devices);
    return MMOFL_OK;
}

static mmofl_status check_imbalance(const mmofl_experiment *e,
                                    const mmofl_yaml_node *root, mmofl_error *err)
{
    mmofl_error why = {0};
    mmofl_status st = mmofl_imbalance_check(&e->imbalance, e->fleet.devices, &why);
    return st ? mmofl_yaml_fail(mmofl_yaml_place_of(root, NULL, "imbalance"), st, err,
                                "imbalance: %s", why.text)
              : MMOFL_OK;
}

static mmofl_status check_evaluate(const mmofl_evaluate_spec *s,
                                   const mmofl_yaml_node *root, mmofl_error *err)
{
    if (s->select != MMOFL_SELECT_BEST_VALIDATION)
        return MMOFL_OK;
    const mmofl_yaml_place *place = mmofl_yaml_place_of(root, "evaluate", "select");
    if (s->validation == 0)
        return mmofl_yaml_fail(place, MMOFL_E_MISSING, err,
                               "evaluate: best_validation needs a validation part; "
                               "wanted validation: 0.2, for instance");
    if (s->n_rounds > 0)
        return mmofl_yaml_fail(place, MMOFL_E_RANGE, err,
                               "evaluate: the result is either that of the best "
                               "validation or the mean over `rounds`; wanted one of "
                               "them");
    return MMOFL_OK;
}

static mmofl_status check(const mmofl_experiment *e, const mmofl_yaml_node *root,
                          mmofl_error *err)
{
    mmofl_status st = check_name(e, root, err);
    if (st == MMOFL_OK)
        st = mmofl_learning_check(e, root, err);
    if (st == MMOFL_OK)
        st = check_imbalance(e, root, err);
    if (st == MMOFL_OK)
        st = check_evaluate(&e->evaluate, root, err);
    return st ? st : check_participation(e, root, err);
}

/* ---- data.path ---- */

/* A path in the file counts from the file's folder, one on the command line from where
 * the user stands. */
mmofl_status mmofl_experiment_place_path(const mmofl_yaml_place *place,
                                         const char *folder, const char *path,
                                         char *out, size_t size, mmofl_error *err)
{
    char here[PATH_BYTES];
    bool from_setting = !place->source->text;
    if (from_setting && !getcwd(here, sizeof here))
        return mmofl_fail_errno(err, errno, "the current folder");
    mmofl_error why = {0};
    const char *from = *path == '/' || !folder ? "" : from_setting ? here : folder;
    mmofl_status st = mmofl_file_join(out, size, from, path, &why);
    return st ? mmofl_yaml_fail(place, st, err, "path: %s", why.text) : MMOFL_OK;
}

static mmofl_status place_path(const mmofl_yaml_node *root, const char *folder,
                               mmofl_experiment *e, mmofl_error *err)
{
    if (!*e->data.path)
        return MMOFL_OK;
    char joined[PATH_BYTES];
    const mmofl_yaml_place *place = mmofl_yaml_place_of(root, "data", "path");
    mmofl_status st = mmofl_experiment_place_path(place, folder, e->data.path, joined,
                                                  sizeof joined, err);
    if (st)
        return st;
    e->data.path = mmofl_arena_text(&e->arena, joined);
    return e->data.path ? MMOFL_OK
                        : mmofl_yaml_fail(place, MMOFL_E_MEMORY, err, "out of memory");
}

/* ---- reading ---- */

mmofl_status mmofl_experiment_from_document(const mmofl_yaml_node *root,
                                            const char *folder, mmofl_experiment *out,
                                            mmofl_error *err)
{
    mmofl_experiment e = {.arena = MMOFL_ARENA_INIT};
    mmofl_status st = mmofl_schema_read(mmofl_schema(), root, &e.arena, &e, err);
    if (st == MMOFL_OK)
        st = check(&e, root, err);
    if (st == MMOFL_OK)
        st = place_path(root, folder, &e, err);
    if (st)
        mmofl_arena_free(&e.arena);
    else
        *out = e;
    return st;
}

mmofl_status mmofl_experiment_parse(const char *text, size_t size, const char *name,
                                    const char *folder, const char *const *settings,
                                    int n_settings, mmofl_experiment *out,
                                    mmofl_error *err)
{
    mmofl_arena document = MMOFL_ARENA_INIT;
    mmofl_yaml_node *root;
    mmofl_status st = mmofl_yaml_parse(text, size, name, &document, &root, err);
    for (int i = 0; i < n_settings && st == MMOFL_OK; i++)
        st = mmofl_setting_apply(settings[i], &document, &root, err);
    if (st == MMOFL_OK) {
        mmofl_sweep_drop(root);
        st = mmofl_experiment_from_document(root, folder, out, err);
    }
    mmofl_arena_free(&document);
    return st;
}

mmofl_status mmofl_experiment_folder(const char *path, char **folder, mmofl_error *err)
{
    const char *slash = strrchr(path, '/');
    size_t n = !slash ? 0 : slash == path ? 1 : (size_t)(slash - path); /* "/" stays */
    char *part = slash ? strndup(path, n) : strdup(".");
    char *absolute = part ? realpath(part, NULL) : NULL;
    free(part);
    if (!absolute)
        return mmofl_fail_errno(err, errno, "%s", path);
    *folder = absolute;
    return MMOFL_OK;
}

mmofl_status mmofl_experiment_load(const char *path, const char *const *settings,
                                   int n_settings, mmofl_experiment *out,
                                   mmofl_error *err)
{
    unsigned char *data;
    size_t size;
    char *folder = NULL;
    mmofl_status st = mmofl_file_read(path, MMOFL_YAML_BYTES, &data, &size, err);
    if (st)
        return st;
    st = mmofl_experiment_folder(path, &folder, err);
    if (!st)
        st = mmofl_experiment_parse((const char *)data, size, path, folder, settings,
                                    n_settings, out, err);
    free(folder);
    free(data);
    return st;
}

/* ---- asking ---- */

bool mmofl_experiment_tests(const mmofl_experiment *x, int round)
{
    if (round == x->rounds || (x->evaluate.every > 0 && round % x->evaluate.every == 0))
        return true;
    for (int i = 0; i < x->evaluate.n_rounds; i++)
        if (x->evaluate.round[i] == round)
            return true;
    return false;
}

/* ---- writing ---- */

char *mmofl_experiment_text(const mmofl_experiment *experiment)
{
    return mmofl_schema_text(mmofl_schema(), experiment);
}

void mmofl_experiment_free(mmofl_experiment *experiment)
{
    if (!experiment)
        return;
    mmofl_arena_free(&experiment->arena);
    *experiment = (mmofl_experiment){.arena = MMOFL_ARENA_INIT};
}
