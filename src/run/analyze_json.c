/* analyze_json.c - names of the numbers are those of docs/theory.md. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "run/analyze_json.h"

/* Real number or null: jansson refuses what is not finite. */
static void set_real(json_t *object, const char *key, double value)
{
    json_t *number = json_real(value);
    json_object_set_new(object, key, number ? number : json_null());
}

static json_t *comparator_json(const mmofl_comparator *c)
{
    json_t *o = json_object();
    set_real(o, "loss", c->loss);
    set_real(o, "gradient_norm", c->gradient_norm);
    json_object_set_new(o, "converged", json_boolean(c->converged));
    json_object_set_new(o, "iterations", json_integer(c->iterations));
    json_object_set_new(o, "start", json_integer(c->start));
    return o;
}

static json_t *growth_json(const mmofl_growth *g)
{
    if (!g->fitted)
        return json_null();
    json_t *o = json_object();
    set_real(o, "exponent", g->exponent);
    set_real(o, "low", g->low);
    set_real(o, "high", g->high);
    json_object_set_new(o, "rounds", json_integer(g->rounds));
    return o;
}

static json_t *bound_json(const mmofl_regret_report *r)
{
    const mmofl_bound *b = &r->bound;
    json_t *o = json_object();
    json_object_set_new(o, "applies", json_boolean(!r->excuse));
    if (r->excuse) {
        json_object_set_new(o, "why_not", json_string(r->excuse));
        return o;
    }
    json_object_set_new(o, "holds", json_boolean(b->holds));
    set_real(o, "regret", b->regret);
    set_real(o, "limit", b->limit);
    if (b->complete)
        set_real(o, "limit_of_complete_data", b->complete_limit);
    json_object_set_new(o, "T", json_integer(b->T));
    json_object_set_new(o, "E", json_integer(b->E));
    set_real(o, "eta", b->eta);
    set_real(o, "G", b->G);
    set_real(o, "H", b->H);
    set_real(o, "D0", b->D0);
    set_real(o, "R", b->R);
    set_real(o, "sum_of_errors", b->error_sum);
    json_object_set_new(o, "comparator", comparator_json(&b->comparator));
    return o;
}

char *mmofl_analyze_json(const mmofl_regret_report *r)
{
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, r->seed);
    json_t *o = json_object();
    json_object_set_new(o, "seed", json_string(seed)); /* may be beyond 2^53 */
    json_object_set_new(o, "rounds", json_integer(r->rounds));
    set_real(o, "cumulative_loss", r->online);
    set_real(o, "regret", r->regret);
    json_object_set_new(o, "regret_is_lower_bound", json_boolean(!r->convex));
    json_object_set_new(o, "comparator", comparator_json(&r->comparator));
    json_object_set_new(o, "growth", growth_json(&r->growth));
    json_object_set_new(o, "bound", bound_json(r));
    char *text = json_dumps(o, JSON_INDENT(2));
    json_decref(o);
    return text;
}

mmofl_status mmofl_analyze_write_json(const mmofl_regret_report *r, const char *path,
                                      mmofl_error *err)
{
    char *text = mmofl_analyze_json(r);
    if (!text)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %s", path);
    mmofl_piece pieces[] = {{text, strlen(text)}, {"\n", 1}};
    mmofl_status st = mmofl_file_write_pieces(path, pieces, 2, true, err);
    free(text);
    return st;
}
