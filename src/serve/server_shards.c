/* server_shards.c - a root serves shards, a shard some of the devices.
 *
 * Both number whom they serve from 0 on.  The coordinator beneath has the numbers of
 * the fleet: a shard's are moved by its first one, and a root takes a shard to be asked
 * when one of its devices takes part. */
#include "serve/server_parts.h"

mmofl_status mmofl_server_check_shards(const mmofl_server *s, mmofl_error *err)
{
    const mmofl_server_setup *setup = &s->setup;
    const mmofl_experiment *x = setup->run->experiment;
    const mmofl_aggregation_kind *rule = mmofl_aggregation_of(&x->aggregation);
    if (!setup->shards && !setup->n_devices)
        return MMOFL_OK;
    if (!rule->sums)
        return mmofl_fail(err, MMOFL_E_INFEASIBLE,
                          "aggregation %s compares models, and shards send sums of "
                          "them; wanted a mean, or one coordinator",
                          rule->kind.name);
    if (!setup->shards)
        return MMOFL_OK;
    if (setup->shards > (uint32_t)x->fleet.devices)
        return mmofl_fail(err, MMOFL_E_COUNT, "%u shards for %d devices; wanted fewer",
                          setup->shards, x->fleet.devices);
    const mmofl_round_rules *rules = &setup->rules;
    if (rules->deadline_s > 0 || rules->staleness > 0 || rules->clip_norm > 0)
        return mmofl_fail(err, MMOFL_E_INFEASIBLE,
                          "deadlines, late updates and clipping are of the shards; "
                          "wanted none for the root");
    return MMOFL_OK;
}

/* ---- who is asked ---- */

static size_t start_of(const mmofl_server *s, uint32_t shard)
{
    size_t devices = (size_t)s->setup.run->experiment->fleet.devices;
    return mmofl_block_start(devices, s->setup.shards, shard);
}

static void ask_shards(mmofl_server *s, const uint32_t *participants, uint32_t n)
{
    uint32_t shard = 0;
    s->n_participants = 0;
    for (uint32_t i = 0; i < n; i++) {
        while (participants[i] >= start_of(s, shard + 1))
            shard++;
        if (s->n_participants == 0 || s->asked[s->n_participants - 1] != shard)
            s->asked[s->n_participants++] = shard;
    }
}

static void ask_own(mmofl_server *s, const uint32_t *participants, uint32_t n)
{
    uint32_t first = s->setup.first_device;
    s->n_participants = 0;
    for (uint32_t i = 0; i < n; i++)
        if (participants[i] >= first && participants[i] - first < s->n_devices)
            s->asked[s->n_participants++] = participants[i] - first;
}

/* Sums are let in from the first round on, when their shape is known. */
static mmofl_status expect_sums(mmofl_server *s, mmofl_error *err)
{
    mmofl_partial_shape shape;
    if (s->limits.devices > 0)
        return MMOFL_OK;
    mmofl_status st = mmofl_coordinator_partial_shape(s->coordinator, &shape);
    if (st)
        return mmofl_fail(err, st, "no sums: %s", mmofl_status_text(st));
    mmofl_wire_limits_add_partial(&s->limits, &shape,
                                  (uint32_t)s->setup.run->experiment->fleet.devices);
    mmofl_endpoint_set_limits(s->endpoint, &s->limits);
    return MMOFL_OK;
}

mmofl_status mmofl_server_ask(mmofl_server *s, const uint32_t *participants, uint32_t n,
                              mmofl_error *err)
{
    mmofl_status st = s->setup.shards ? expect_sums(s, err) : MMOFL_OK;
    s->participants = s->asked;
    if (s->setup.shards)
        ask_shards(s, participants, n);
    else
        ask_own(s, participants, n);
    return st;
}

/* ---- what comes ---- */

mmofl_status mmofl_server_accept_partial(mmofl_server *s, uint32_t shard,
                                         const mmofl_partial *partial, mmofl_error *err)
{
    size_t first = start_of(s, shard), end = start_of(s, shard + 1);
    if (partial->first != first || partial->devices != end - first)
        return mmofl_fail(err, MMOFL_E_UNKNOWN,
                          "of %llu devices from number %llu on; wanted %zu from %zu on "
                          "(other numbers of devices or shards there)",
                          (unsigned long long)partial->devices,
                          (unsigned long long)partial->first, end - first, first);
    mmofl_status st = mmofl_coordinator_accept_partial(s->coordinator, partial);
    return st ? mmofl_fail(err, st, "%s", mmofl_status_text(st)) : MMOFL_OK;
}
