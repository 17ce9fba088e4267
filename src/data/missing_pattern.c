/* missing_pattern.c - the four patterns.
 *
 * Burst: with p = renew, the chain's transitions are lost -> there p (1 - rate) and
 * there -> lost p rate, so losses last 1 / (p (1 - rate)) units in the mean.  A mean of
 * L asks for p = 1 / (L (1 - rate)), and p <= 1 for L >= 1 / (1 - rate): the length
 * that losses have when units are independent. */
#include <stdlib.h>
#include <string.h>

#include "data/missing_pattern.h"

typedef enum shape { INDEPENDENT, BURST, RAMP, SCHEDULE } shape;

/* A kind of pattern. */
typedef struct pattern_kind {
    mmofl_kind kind;
    shape shape;
} pattern_kind;

typedef struct burst_options {
    double length;
} burst_options;

typedef struct ramp_options {
    double to;
    int first, last;
} ramp_options;

typedef struct schedule_options {
    const char *rates;
} schedule_options;

struct mmofl_rate_step {
    uint64_t round;
    double rate;
};

static const mmofl_option burst_table[] = {
    MMOFL_REAL_OPTION(burst_options, length, 1, 1e9, "10",
                      "mean length of a loss, in samples (granularity sample) or "
                      "rounds; at least 1/(1 - missing)")};

static const mmofl_option ramp_table[] = {
    MMOFL_REAL_OPTION(ramp_options, to, 0, 1, NULL, "missing rate at the end"),
    MMOFL_INT_OPTION(ramp_options, first, 1, 1000000000, "1",
                     "up to this round the rate is `missing`"),
    MMOFL_INT_OPTION(ramp_options, last, 1, 1000000000, NULL,
                     "from this round on the rate is `to`; after `first`")};

static const mmofl_option schedule_table[] = {
    MMOFL_TEXT_OPTION(schedule_options, rates, NULL,
                      "\"round:rate, ...\", rounds ascending: the missing rate from "
                      "that round on; before the first it is `missing`")};

#define KIND(name_text, its_shape, help_text, ...)                                     \
    {                                                                                  \
        .kind = {.name = (name_text),                                                  \
                 .help = (help_text),                                                  \
                 .source = "METHOD.md section 2",                                      \
                 __VA_ARGS__},                                                         \
        .shape = (its_shape)                                                           \
    }
#define OPTIONS(table, type)                                                           \
    .options = (table), .n_options = sizeof(table) / sizeof *(table),                  \
    .options_size = sizeof(type)

static const pattern_kind independent =
    KIND("independent", INDEPENDENT, "each loss for itself", .n_options = 0);
static const pattern_kind burst = KIND(
    "burst", BURST,
    "losses come in bursts: a two-state Markov chain that is lost `missing` of the "
    "time",
    OPTIONS(burst_table, burst_options));
static const pattern_kind ramp =
    KIND("ramp", RAMP, "the missing rate goes in a straight line over rounds",
         OPTIONS(ramp_table, ramp_options));
static const pattern_kind schedule =
    KIND("schedule", SCHEDULE, "the missing rate changes in given rounds",
         OPTIONS(schedule_table, schedule_options));

static const mmofl_kind *const kinds[] = {&independent.kind, &burst.kind, &ramp.kind,
                                          &schedule.kind};

mmofl_kind_list mmofl_missing_pattern_kinds(void)
{
    return (mmofl_kind_list){kinds, sizeof kinds / sizeof *kinds};
}

static shape shape_of(const mmofl_missing_pattern *pattern)
{
    _Static_assert(offsetof(pattern_kind, kind) == 0, "a kind starts its row");
    const mmofl_kind *kind = pattern->pick->kind; /* NULL where none can be chosen */
    return kind ? ((const pattern_kind *)(const void *)kind)->shape : INDEPENDENT;
}

static mmofl_status check_burst(const burst_options *o, double rate, mmofl_error *err)
{
    if (o->length * (1 - rate) >= 1 || rate == 0)
        return MMOFL_OK;
    if (rate >= 1)
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "burst: at a missing rate of 1 no loss ends; wanted a rate "
                          "below 1");
    return mmofl_fail(err, MMOFL_E_RANGE,
                      "burst: length %.10g at a missing rate of %.10g; wanted at least "
                      "%.10g, which independent losses last",
                      o->length, rate, 1 / (1 - rate));
}

/* "round:rate" at *text, which moves behind it and behind a comma (*more). */
static mmofl_status read_step(const char **text, struct mmofl_rate_step *step,
                              bool *more, mmofl_error *err)
{
    static const char wanted[] =
        "schedule: '%.60s'; wanted \"round:rate, ...\", such as \"1:0.1, 20:0.7\"";
    const char *at = *text + strspn(*text, " ");
    char *end;
    if (strspn(at, "0123456789") == 0 || strspn(at, "0123456789") > 10)
        return mmofl_fail(err, MMOFL_E_SYNTAX, wanted, *text);
    step->round = strtoull(at, &end, 10);
    /* strtod alone would take "nan" and "0x1". */
    const char *rate = end + 1;
    size_t digits = *end == ':' ? strspn(rate, "0123456789.eE+-") : 0;
    if (digits == 0)
        return mmofl_fail(err, MMOFL_E_SYNTAX, wanted, *text);
    step->rate = strtod(rate, &end);
    if (end != rate + digits)
        return mmofl_fail(err, MMOFL_E_SYNTAX, wanted, *text);
    end += strspn(end, " ");
    if (*end != ',' && *end)
        return mmofl_fail(err, MMOFL_E_SYNTAX, wanted, *text);
    if (step->round < 1 || !(step->rate >= 0 && step->rate <= 1))
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "schedule: '%.60s'; wanted rounds from 1 and rates from 0 to "
                          "1",
                          *text);
    *more = *end == ',';
    *text = end + *more;
    return MMOFL_OK;
}

static mmofl_status make_schedule(const schedule_options *o, mmofl_arena *arena,
                                  mmofl_missing_pattern *out, mmofl_error *err)
{
    size_t most = 1;
    for (const char *c = o->rates; *c; c++)
        most += *c == ',';
    struct mmofl_rate_step *steps =
        MMOFL_ARENA_NEW(arena, most, struct mmofl_rate_step);
    if (!steps)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a schedule");
    int n = 0;
    const char *text = o->rates;
    for (bool more = true; more; n++) { /* a comma promises one more */
        mmofl_status st = read_step(&text, &steps[n], &more, err);
        if (st)
            return st;
        if (n > 0 && steps[n].round <= steps[n - 1].round)
            return mmofl_fail(err, MMOFL_E_RANGE,
                              "schedule: round %llu after %llu; wanted them ascending",
                              (unsigned long long)steps[n].round,
                              (unsigned long long)steps[n - 1].round);
    }
    out->steps = steps;
    out->n_steps = n;
    return MMOFL_OK;
}

mmofl_status mmofl_missing_pattern_make(double rate, const mmofl_pick *pick,
                                        mmofl_arena *arena, mmofl_missing_pattern *out,
                                        mmofl_error *err)
{
    mmofl_missing_pattern made = {.rate = rate, .pick = pick};
    const void *options = pick->options.bytes;
    mmofl_status st = MMOFL_OK;
    if (shape_of(&made) == BURST)
        st = check_burst(options, rate, err);
    if (shape_of(&made) == SCHEDULE)
        st = make_schedule(options, arena, &made, err);
    if (shape_of(&made) == RAMP) {
        const ramp_options *o = options;
        if (o->last <= o->first)
            st = mmofl_fail(err, MMOFL_E_RANGE,
                            "ramp: last %d is not after first %d; wanted last > first",
                            o->last, o->first);
    }
    if (!st)
        *out = made;
    return st;
}

bool mmofl_missing_pattern_is_timeless(const mmofl_missing_pattern *pattern)
{
    return shape_of(pattern) == INDEPENDENT;
}

static double ramp_rate(const ramp_options *o, double from, uint64_t round)
{
    if (round <= (uint64_t)o->first)
        return from;
    if (round >= (uint64_t)o->last)
        return o->to;
    return from +
           (o->to - from) * ((double)round - o->first) / ((double)o->last - o->first);
}

mmofl_missing_chance mmofl_missing_pattern_at(const mmofl_missing_pattern *pattern,
                                              uint64_t round)
{
    mmofl_missing_chance chance = {pattern->rate, 1};
    const void *options = pattern->pick->options.bytes;
    switch (shape_of(pattern)) {
    case INDEPENDENT:
        break;
    case BURST:
        if (chance.rate > 0)
            chance.renew =
                1 / (((const burst_options *)options)->length * (1 - chance.rate));
        break;
    case RAMP:
        chance.rate = ramp_rate(options, chance.rate, round);
        break;
    case SCHEDULE:
        for (int i = 0; i < pattern->n_steps && pattern->steps[i].round <= round; i++)
            chance.rate = pattern->steps[i].rate;
        break;
    }
    return chance;
}
