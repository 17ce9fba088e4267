/* What must hold for every layer, shown on a table of layers and shapes. */
#define _GNU_SOURCE
#include "layer_rig.h"

/* Behind a semicolon: what the samples are, "ends" or "gaps" (layer_rig.h). */
typedef struct layer_case {
    const char *text;
    mmofl_shape in;
} layer_case;

static const layer_case cases[] = {
    {"embedding out=5", {1, {9}}},
    {"embedding out=33", {1, {4}}},
    {"linear out=1", {1, {1}}},
    {"linear out=5", {1, {7}}},
    {"linear out=33", {1, {40}}},
    {"linear out=16", {2, {4, 3}}},
    {"linear out=3", {3, {2, 3, 5}}},
    {"conv1d out=4 kernel=3", {2, {9, 2}}},
    {"conv1d out=5 kernel=3 pad=1", {2, {8, 3}}},
    {"conv1d out=17 kernel=5 stride=2 pad=2", {2, {11, 3}}},
    {"conv1d out=32 kernel=4 stride=2 pad=1", {2, {12, 1}}},
    {"conv1d out=3 kernel=1", {2, {6, 9}}},
    {"conv1d out=3 kernel=1 stride=2", {2, {6, 2}}},
    {"conv1d out=2 kernel=2 stride=3", {2, {10, 2}}},
    {"conv1d out=2 kernel=3 stride=5 pad=3", {2, {10, 2}}},
    {"conv1d out=3 kernel=7", {2, {7, 2}}},
    {"conv1d out=2 kernel=3 pad=1", {2, {1, 4}}},
    {"conv1d out=2 kernel=3 stride=2 pad=4", {2, {3, 2}}},
    {"conv1d out=2 kernel=2 stride=9 pad=1", {2, {5, 2}}},
    {"conv1d out=6 kernel=9 stride=4 pad=4", {2, {50, 2}}},
    {"conv2d out=4 kernel=3", {3, {6, 7, 2}}},
    {"conv2d out=5 kernel=3 pad=1", {3, {5, 4, 3}}},
    {"conv2d out=6 kernel=5", {3, {9, 8, 3}}},
    {"conv2d out=6 kernel=5", {3, {7, 9, 3}}},
    {"conv2d out=17 kernel=3 stride=2 pad=1", {3, {7, 8, 3}}},
    {"conv2d out=32 kernel=4 stride=2 pad=1", {3, {6, 9, 1}}},
    {"conv2d out=16 kernel=2 stride=2", {3, {5, 5, 2}}},
    {"conv2d out=3 kernel=1", {3, {3, 5, 9}}},
    {"conv2d out=3 kernel=1 stride=2", {3, {4, 5, 2}}},
    {"conv2d out=2 kernel=2 stride=3", {3, {7, 10, 2}}},
    {"conv2d out=2 kernel=3 stride=5 pad=3", {3, {6, 10, 2}}},
    {"conv2d out=3 kernel=5", {3, {5, 5, 2}}},
    {"conv2d out=2 kernel=3 pad=1", {3, {1, 1, 4}}},
    {"conv2d out=2 kernel=3 stride=2 pad=4", {3, {3, 2, 2}}},
    {"conv2d out=2 kernel=2 stride=9 pad=1", {3, {5, 4, 2}}},
    {"conv2d out=33 kernel=3 pad=1", {3, {4, 4, 16}}},
    {"relu", {2, {5, 7}}},
    {"leaky_relu", {1, {19}}},
    {"leaky_relu slope=0.3", {2, {3, 3}}},
    {"tanh", {2, {5, 7}}},
    {"gelu", {1, {37}}},
    {"max_pool kernel=2", {2, {9, 3}}},
    {"max_pool kernel=3 stride=1", {2, {7, 17}}},
    {"max_pool kernel=3 stride=2 pad=1", {2, {8, 2}}},
    {"max_pool kernel=2 stride=5", {2, {9, 2}}},
    {"max_pool kernel=4 pad=2", {2, {2, 3}}},
    {"avg_pool kernel=2", {2, {9, 3}}},
    {"avg_pool kernel=3 stride=1", {2, {7, 17}}},
    {"avg_pool kernel=3 stride=2 pad=1", {2, {8, 2}}},
    {"avg_pool kernel=2 stride=5", {2, {9, 2}}},
    {"max_pool kernel=2", {3, {6, 8, 6}}},
    {"max_pool kernel=2", {3, {5, 7, 3}}},
    {"max_pool kernel=2", {3, {4, 4, 17}}},
    {"max_pool kernel=3 stride=1", {3, {5, 4, 16}}},
    {"max_pool kernel=3 stride=2 pad=1", {3, {6, 7, 5}}},
    {"max_pool kernel=2 stride=3", {3, {8, 9, 2}}},
    {"max_pool kernel=2 pad=1", {3, {5, 5, 7}}},
    {"max_pool kernel=4", {3, {4, 4, 1}}},
    {"avg_pool kernel=2", {3, {6, 8, 6}}},
    {"avg_pool kernel=2", {3, {4, 5, 33}}},
    {"avg_pool kernel=3 stride=2 pad=1", {3, {6, 7, 5}}},
    {"avg_pool kernel=3 stride=4", {3, {7, 8, 4}}},
    {"global_avg_pool", {2, {11, 6}}},
    {"global_avg_pool", {3, {3, 4, 2}}},
    {"global_avg_pool", {1, {5}}},
    {"global_avg_pool; gaps", {2, {4, 3}}},
    {"global_avg_pool masked=true", {2, {4, 3}}},
    {"global_avg_pool masked=true; gaps", {2, {5, 3}}},
    {"global_avg_pool masked=true; ends", {2, {4, 17}}},
    {"sum_pool", {2, {11, 6}}},
    {"sum_pool", {3, {2, 3, 17}}},
    {"attention_pool heads=3 hidden=5", {2, {6, 4}}},
    {"attention_pool heads=6 hidden=17 masked=false", {2, {3, 19}}},
    {"attention_pool hidden=2; gaps", {2, {5, 3}}},
    {"attention_pool heads=2 hidden=4; ends", {3, {2, 4, 3}}},
    {"gated_sum", {2, {2, 3}}},
    {"gated_sum", {2, {3, 17}}},
    {"gated_sum", {2, {1, 5}}},
    {"flatten", {2, {4, 5}}},
    {"flatten", {3, {2, 3, 2}}},
    {"group_norm groups=1", {2, {6, 4}}},
    {"group_norm groups=4", {2, {6, 4}}},
    {"group_norm groups=3 eps=0.1", {2, {5, 18}}},
    {"group_norm groups=2", {1, {8}}},
    {"group_norm groups=3", {3, {3, 4, 6}}},
    {"layer_norm", {2, {5, 7}}},
    {"layer_norm", {3, {2, 3, 5}}},
    {"layer_norm eps=0.01", {1, {20}}},
    {"dropout p=0.5", {2, {6, 7}}},
    {"dropout p=0.1", {1, {3}}},
    {"dropout p=0", {1, {9}}},
    {"gru out=3", {2, {5, 2}}},
    {"gru out=17 return=sequence", {2, {3, 4}}},
    {"gru out=2 bidirectional=true", {2, {4, 3}}},
    {"gru out=3 return=sequence bidirectional=true", {2, {4, 2}}},
    {"gru out=32", {2, {1, 20}}},
    {"gru out=2 masked=true", {2, {4, 3}}},
    {"gru out=3 masked=true; ends", {2, {5, 2}}},
    {"gru out=2 bidirectional=true masked=true; ends", {2, {4, 3}}},
    {"gru out=2 return=sequence bidirectional=true masked=true; ends", {2, {5, 2}}},
    {"gru out=2 masked=true; ends", {2, {1, 3}}},
    {"lstm out=3", {2, {5, 2}}},
    {"lstm out=17 return=sequence", {2, {3, 4}}},
    {"lstm out=2 bidirectional=true", {2, {4, 3}}},
    {"lstm out=3 return=sequence bidirectional=true", {2, {4, 2}}},
    {"lstm out=3 masked=true; ends", {2, {5, 2}}},
    {"lstm out=2 return=sequence bidirectional=true masked=true; ends", {2, {5, 2}}},
};
enum { CASES = sizeof cases / sizeof *cases };

static rig *case_rig(const layer_case *c, const mmofl_isa *isa, int n)
{
    char layer[128];
    size_t length = strcspn(c->text, ";");
    snprintf(layer, sizeof layer, "%.*s", (int)length, c->text);
    rig *r = rig_new(layer, c->in, isa, n);
    const char *samples = c->text + length;
    rig_leave_out(&r->x, c->in,
                  *samples == '\0'          ? RIG_WHOLE
                  : strstr(samples, "ends") ? RIG_ENDS
                                            : RIG_GAPS);
    return r;
}

/* ---------------------------------------------------------------- forward */

static double *doubles(size_t n)
{
    double *x = calloc(n + 1, sizeof *x);
    CHECK(x != NULL);
    return x;
}

static void check_forward(rig *r, const char *what)
{
    const mmofl_layer *l = &r->layer;
    double *x = doubles(r->x.count), *y = doubles(r->y.count);
    double *w = doubles(l->n_parameters);
    fixture_widen(r->w, w, l->n_parameters);
    for (int s = 0; s < r->n; s++) {
        fixture_widen(room_sample(&r->x, s), x, r->x.count);
        mmofl_reference_layer(l, w, rig_multiplier(r, s), x, y);
        fixture_check_close(what, room_sample(&r->y, s), y, r->y.count, 1e-5);
    }
    free(x), free(y), free(w);
}

static void forward_equals_the_reference(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        for (int c = 0; c < CASES; c++) {
            rig *r = case_rig(&cases[c], isa, 3);
            rig_forward(r, 0, 3);
            check_forward(r, cases[c].text);
            rig_delete(r);
        }
    }
}

/* ---------------------------------------------------------------- backward */

/* sum_i dy_i layer(x)_i for one sample: what dy is the gradient of. */
static double weighed(const rig *r, int s, const double *w, const double *x, double *y)
{
    mmofl_reference_layer(&r->layer, w, rig_multiplier(r, s), x, y);
    double sum = 0;
    for (size_t i = 0; i < r->y.count; i++)
        sum += (double)room_sample(&r->dy, s)[i] * y[i];
    return sum;
}

/* Central difference of `weighed` in *value, which is one of w or x. */
static double slope(const rig *r, int s, const double *w, const double *x, double *y,
                    double *value)
{
    const double h = 1e-5, was = *value;
    *value = was + h;
    double above = weighed(r, s, w, x, y);
    *value = was - h;
    double below = weighed(r, s, w, x, y);
    *value = was;
    return (above - below) / (2 * h);
}

/* Is value i part of a row of zeros? */
static bool in_absent_row(const rig *r, const double *x, size_t i)
{
    size_t channels = mmofl_shape_channels(r->layer.in), first = i - i % channels;
    for (size_t c = 0; c < channels; c++)
        if (x[first + c] != 0)
            return false;
    return true;
}

static bool leaves_rows_out(const mmofl_layer *layer)
{
    const mmofl_kind *kind = &layer->kind->kind;
    for (int i = 0; i < kind->n_options; i++)
        if (strcmp(kind->options[i].name, "masked") == 0)
            return ((const bool *)layer->options)[kind->options[i].offset];
    return false;
}

/* Gradients by differences: wanted_dx (n, in), wanted_dw.  A row of zeros that moved
 * would no longer be absent: there a layer that leaves it out has the gradient 0. */
static void differences(const rig *r, double *wanted_dx, double *wanted_dw)
{
    size_t parameters = r->layer.n_parameters;
    double *x = doubles(r->x.count), *y = doubles(r->y.count), *w = doubles(parameters);
    fixture_widen(r->w, w, parameters);
    for (int s = 0; s < r->n; s++) {
        fixture_widen(room_sample(&r->x, s), x, r->x.count);
        for (size_t i = 0; i < r->x.count; i++)
            if (!in_absent_row(r, x, i) || !leaves_rows_out(&r->layer))
                wanted_dx[(size_t)s * r->x.count + i] = slope(r, s, w, x, y, &x[i]);
        for (size_t i = 0; i < parameters; i++)
            wanted_dw[i] += slope(r, s, w, x, y, &w[i]);
    }
    free(x), free(y), free(w);
}

static void check_backward(const layer_case *c)
{
    double *dx = NULL, *dw = NULL;
    FOR_EACH_ISA(isa)
    {
        rig *r = case_rig(c, isa, 2);
        rig_forward(r, 0, 2);
        rig_backward(r, 0, 2, true);
        if (!dx) {
            dx = doubles(2 * r->x.count), dw = doubles(r->layer.n_parameters);
            differences(r, dx, dw);
        }
        for (int s = 0; s < 2; s++)
            fixture_check_close(c->text, room_sample(&r->dx, s),
                                dx + (size_t)s * r->x.count, r->x.count, 2e-5);
        fixture_check_close(c->text, r->dw, dw, r->layer.n_parameters, 2e-5);
        rig_delete(r);
    }
    free(dx), free(dw);
}

static void backward_equals_finite_differences(void **state)
{
    (void)state;
    for (int c = 0; c < CASES; c++)
        check_backward(&cases[c]);
}

static void parameter_gradients_add_up_and_do_not_need_dx(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        for (int c = 0; c < CASES; c++) {
            rig *with = case_rig(&cases[c], isa, 2);
            rig *without = case_rig(&cases[c], isa, 2);
            rig_forward(with, 0, 2), rig_backward(with, 0, 2, true);
            rig_forward(without, 0, 2), rig_backward(without, 0, 2, false);
            size_t n = with->layer.n_parameters;
            CHECK(fixture_same_bits(with->dw, without->dw, n));
            rig_forward(with, 0, 2), rig_backward(with, 0, 2, true);
            for (size_t i = 0; i < n; i++)
                CHECK_NEAR(with->dw[i], 2 * without->dw[i],
                           1e-5 * (1 + fabs((double)with->dw[i])));
            rig_delete(with), rig_delete(without);
        }
    }
}

/* Kinds that start dw themselves leave nothing of what it held. */
static void a_first_piece_writes_what_adding_to_zeros_gives(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        for (int c = 0; c < CASES; c++) {
            rig *adds = case_rig(&cases[c], isa, 5),
                *starts = case_rig(&cases[c], isa, 5);
            size_t n = adds->layer.n_parameters;
            rig_forward(adds, 0, 5), rig_backward(adds, 0, 5, true);
            for (size_t i = 0; i < n && starts->layer.kind->starts_dw; i++)
                starts->dw[i] = NAN;
            starts->run.first = true;
            rig_forward(starts, 0, 5), rig_backward(starts, 0, 5, true);
            CHECK(fixture_same_bits(adds->dw, starts->dw, n));
            rig_delete(adds), rig_delete(starts);
        }
    }
}

/* ---------------------------------------------------------------- memory and bits */

static void nothing_beside_the_samples_is_written(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        for (int c = 0; c < CASES; c++) {
            rig *r = case_rig(&cases[c], isa, 4);
            rig_forward(r, 0, 4);
            rig_backward(r, 0, 4, true);
            room_check(cases[c].text, &r->x), room_check(cases[c].text, &r->y);
            room_check(cases[c].text, &r->dy), room_check(cases[c].text, &r->dx);
            rig_delete(r);
        }
    }
}

static void pieces_of_a_batch_give_the_same_bits(void **state)
{
    (void)state;
    enum { N = 5 };
    FOR_EACH_ISA(isa)
    {
        for (int c = 0; c < CASES; c++) {
            rig *whole = case_rig(&cases[c], isa, N);
            rig *cut = case_rig(&cases[c], isa, N);
            rig_forward(whole, 0, N), rig_backward(whole, 0, N, true);
            for (int from = 0, n = 1; from < N; from += n, n = 2)
                rig_forward(cut, from, n), rig_backward(cut, from, n, true);
            CHECK(room_same_values(&whole->y, &cut->y));
            CHECK(room_same_values(&whole->dx, &cut->dx));
            CHECK(fixture_same_bits(whole->dw, cut->dw, whole->layer.n_parameters));
            rig_delete(whole), rig_delete(cut);
        }
    }
}

static void sets_that_round_alike_agree_to_the_bit(void **state)
{
    (void)state;
    for (int c = 0; c < CASES; c++) {
        rig *first[2] = {NULL, NULL};
        FOR_EACH_ISA(isa)
        {
            rig *r = case_rig(&cases[c], isa, 3);
            rig_forward(r, 0, 3), rig_backward(r, 0, 3, true);
            rig *f = first[isa->fused];
            if (!f) {
                first[isa->fused] = r;
                continue;
            }
            if (!room_same_values(&f->y, &r->y) || !room_same_values(&f->dx, &r->dx) ||
                !fixture_same_bits(f->dw, r->dw, r->layer.n_parameters))
                fail_msg("%s: %s differs from a set that rounds alike", cases[c].text,
                         isa->name);
            rig_delete(r);
        }
        for (int i = 0; i < 2; i++)
            if (first[i])
                rig_delete(first[i]);
    }
}

static void in_place_layers_give_the_same_bits_in_place(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        for (int c = 0; c < CASES; c++) {
            rig *r = case_rig(&cases[c], isa, 3);
            const mmofl_layer_kind *kind = r->layer.kind;
            if (!kind->in_place) {
                rig_delete(r);
                continue;
            }
            rig_forward(r, 0, 3), rig_backward(r, 0, 3, true);
            mmofl_span v = r->x.span, d = r->dy.span;
            kind->forward(&r->layer, &r->run, 3, r->w, v, v);
            CHECK(room_same_values(&r->x, &r->y));
            kind->backward(&r->layer, &r->run, 3, r->w, v, v, d, d, r->dw);
            CHECK(room_same_values(&r->dy, &r->dx));
            rig_delete(r);
        }
    }
}

static void nan_goes_through_every_layer(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        for (int c = 0; c < CASES; c++) {
            rig *r = case_rig(&cases[c], isa, 1);
            bool tokens = r->layer.kind->takes_tokens; /* then w brings the NaN */
            for (size_t i = r->x.count > 1; i < r->x.count && !tokens; i++)
                room_sample(&r->x, 0)[i] = NAN;
            for (size_t i = 0; i < r->layer.n_parameters && tokens; i++)
                r->w[i] = NAN;
            rig_forward(r, 0, 1);
            bool seen = false;
            for (size_t i = 0; i < r->y.count; i++)
                seen |= isnan(room_sample(&r->y, 0)[i]) != 0;
            if (!seen)
                fail_msg("%s, %s: a NaN was lost", isa->name, cases[c].text);
            rig_delete(r);
        }
    }
}

static void every_kind_is_in_the_table(void **state)
{
    (void)state;
    mmofl_kind_list all = mmofl_layer_kinds();
    for (int k = 0; k < all.n; k++) {
        bool found = false;
        size_t length = strlen(all.kinds[k]->name);
        for (int c = 0; c < CASES; c++)
            found |= strncmp(cases[c].text, all.kinds[k]->name, length) == 0 &&
                     strcspn(cases[c].text, " ;") == length;
        if (!found)
            fail_msg("no case for %s", all.kinds[k]->name);
    }
}

CHECK_MAIN(TEST(every_kind_is_in_the_table), TEST(forward_equals_the_reference),
           TEST(backward_equals_finite_differences),
           TEST(parameter_gradients_add_up_and_do_not_need_dx),
           TEST(a_first_piece_writes_what_adding_to_zeros_gives),
           TEST(nothing_beside_the_samples_is_written),
           TEST(pieces_of_a_batch_give_the_same_bits),
           TEST(sets_that_round_alike_agree_to_the_bit),
           TEST(in_place_layers_give_the_same_bits_in_place),
           TEST(nan_goes_through_every_layer))
