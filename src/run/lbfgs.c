/* lbfgs.c - two-loop recursion over the last PAIRS steps.
 *
 * A step s = x' - x with the change y = g' - g of the gradient tells curvature y's > 0;
 * the weak Wolfe conditions see to it, and a pair that rounding spoilt is left out. */
#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "run/lbfgs.h"

enum { PAIRS = 10, TRIALS = 40 };
static const double decrease = 1e-4, curvature = 0.9; /* Wolfe's constants */

typedef struct search {
    const mmofl_objective *f;
    mmofl_arena arena;
    size_t n;
    double *x, *g;               /* where we are */
    double *trial, *trial_g;     /* where a step would lead */
    double *direction;           /* (n) */
    double *s[PAIRS], *y[PAIRS]; /* (n) ring of pairs */
    double rho[PAIRS];           /* 1 / y's */
    int pairs, newest;
    double value;
    mmofl_lbfgs_result *result;
} search;

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void add(double *y, double factor, const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += factor * x[i];
}

static mmofl_status make(search *s)
{
    double **vectors[] = {&s->g, &s->trial, &s->trial_g, &s->direction};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        if (!(*vectors[i] = MMOFL_ARENA_NEW(&s->arena, s->n, double)))
            return MMOFL_E_MEMORY;
    for (int p = 0; p < PAIRS; p++) {
        s->s[p] = MMOFL_ARENA_NEW(&s->arena, s->n, double);
        s->y[p] = MMOFL_ARENA_NEW(&s->arena, s->n, double);
        if (!s->s[p] || !s->y[p])
            return MMOFL_E_MEMORY;
    }
    return MMOFL_OK;
}

/* Pair number i, counted from the newest. */
static int pair(const search *s, int i)
{
    return (s->newest - i + PAIRS) % PAIRS;
}

/* direction = - H g, H the inverse Hessian that the pairs tell of. */
static void choose_direction(search *s)
{
    double *d = s->direction, alpha[PAIRS] = {0};
    assert(s->pairs <= PAIRS);
    for (size_t i = 0; i < s->n; i++)
        d[i] = -s->g[i];
    for (int i = 0; i < s->pairs; i++) {
        int p = pair(s, i);
        alpha[i] = s->rho[p] * dot(s->s[p], d, s->n);
        add(d, -alpha[i], s->y[p], s->n);
    }
    double scale = 1;
    if (s->pairs > 0) {
        int p = pair(s, 0);
        scale = 1 / (s->rho[p] * dot(s->y[p], s->y[p], s->n));
    }
    for (size_t i = 0; i < s->n; i++)
        d[i] *= scale;
    for (int i = s->pairs - 1; i >= 0; i--) {
        int p = pair(s, i);
        double beta = s->rho[p] * dot(s->y[p], d, s->n);
        add(d, alpha[i] - beta, s->s[p], s->n);
    }
}

static double try_step(search *s, double step)
{
    for (size_t i = 0; i < s->n; i++)
        s->trial[i] = s->x[i] + step * s->direction[i];
    s->result->evaluations++;
    return s->f->value(s->f->context, s->trial, s->trial_g);
}

/* A step that goes down and, if one can be found, not too short either; its value is in
 * *value and its place in trial.  False: none. */
static bool find_step(search *s, double slope, double first, double *value)
{
    double low = 0, high = (double)INFINITY, step = first;
    for (int i = 0; i < TRIALS; i++) {
        *value = try_step(s, step);
        if (!(*value <= s->value + decrease * step * slope)) {
            high = step;
        } else if (dot(s->trial_g, s->direction, s->n) < curvature * slope) {
            low = step;
        } else {
            return true;
        }
        step = isinf(high) ? 2 * low : (low + high) / 2;
    }
    if (low == 0)
        return false;
    *value = try_step(s, low);
    return *value < s->value;
}

/* Take over the trial point and what it tells about curvature. */
static void take_step(search *s, double value)
{
    int p = (s->newest + 1) % PAIRS;
    for (size_t i = 0; i < s->n; i++) {
        s->s[p][i] = s->trial[i] - s->x[i];
        s->y[p][i] = s->trial_g[i] - s->g[i];
    }
    double sy = dot(s->s[p], s->y[p], s->n), yy = dot(s->y[p], s->y[p], s->n);
    if (sy > DBL_EPSILON * yy && yy > 0) {
        s->rho[p] = 1 / sy;
        s->newest = p;
        s->pairs = s->pairs < PAIRS ? s->pairs + 1 : PAIRS;
    }
    memcpy(s->x, s->trial, s->n * sizeof *s->x);
    memcpy(s->g, s->trial_g, s->n * sizeof *s->g);
    s->value = value;
}

static void descend(search *s, int iterations, double tolerance)
{
    mmofl_lbfgs_result *r = s->result;
    double norm = sqrt(dot(s->g, s->g, s->n));
    while (norm > tolerance && r->iterations < iterations) {
        choose_direction(s);
        double slope = dot(s->g, s->direction, s->n), value;
        if (!(slope < 0)) { /* rounding; the next direction is the gradient's */
            if (s->pairs == 0)
                break;
            s->pairs = 0;
            continue;
        }
        if (!find_step(s, slope, s->pairs ? 1 : 1 / fmax(norm, 1), &value)) {
            if (s->pairs == 0)
                break;
            s->pairs = 0;
            continue;
        }
        take_step(s, value);
        norm = sqrt(dot(s->g, s->g, s->n));
        r->iterations++;
    }
    r->value = s->value;
    r->gradient_norm = norm;
    r->converged = norm <= tolerance;
}

mmofl_status mmofl_lbfgs(const mmofl_objective *f, int iterations, double tolerance,
                         double *x, mmofl_lbfgs_result *result)
{
    mmofl_lbfgs_result found = {.evaluations = 1};
    search s = {.f = f, .n = f->n, .x = x, .result = &found};
    mmofl_status st = make(&s);
    if (!st) {
        s.value = f->value(f->context, x, s.g);
        if (!isfinite(s.value) || !isfinite(dot(s.g, s.g, s.n)))
            st = MMOFL_E_NONFINITE;
    }
    if (!st) {
        descend(&s, iterations, tolerance);
        *result = found;
    }
    mmofl_arena_free(&s.arena);
    return st;
}
