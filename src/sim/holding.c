/* holding.c - partition, stream and imbalance put together for one device. */
#include "sim/holding.h"
#include "data/ahead.h"

mmofl_status mmofl_holding_init(mmofl_holding *h, const mmofl_holding_source *source,
                                mmofl_arena *arena)
{
    const mmofl_partition *p = source->partition;
    size_t longest = 1, held = (size_t)source->stream->buffer;
    for (int d = 0; d < p->devices; d++) {
        size_t pool = p->start[d + 1] - p->start[d];
        longest = pool > longest ? pool : longest;
    }
    *h = (mmofl_holding){.source = source};
    h->index = MMOFL_ARENA_NEW(arena, held, uint32_t);
    h->mask = MMOFL_ARENA_NEW(arena, held, uint32_t);
    h->disturbed = MMOFL_ARENA_NEW(arena, held, uint32_t);
    h->label = MMOFL_ARENA_NEW(arena, held, int32_t);
    h->scratch = MMOFL_ARENA_NEW(arena, longest, uint32_t);
    bool made = h->index && h->mask && h->disturbed && h->label && h->scratch;
    return made ? MMOFL_OK : MMOFL_E_MEMORY;
}

void mmofl_holding_look(mmofl_holding *h, uint64_t device, uint64_t round)
{
    const mmofl_holding_source *from = h->source;
    size_t start = from->partition->start[device],
           n = from->partition->start[device + 1] - start;
    h->device = device;
    h->window = (mmofl_window){0};
    if (n > 0) {
        h->window = mmofl_stream_window(from->stream, n, round);
        mmofl_stream_held(from->stream, from->partition->index + start, n, from->seed,
                          device, h->window, h->index, h->scratch);
    }
    for (int i = 0; i < h->window.held; i++) {
        h->mask[i] = from->data->mask[h->index[i]];
        h->label[i] = from->data->label[h->index[i]];
        h->disturbed[i] = 0;
    }
    if (from->imbalance)
        mmofl_imbalance_window(from->imbalance, device, h->window, h->mask,
                               h->disturbed);
}

void mmofl_holding_values(const mmofl_holding *h, int i, int m, uint32_t noisy,
                          float *values)
{
    mmofl_dataset_values(h->source->data, h->index[i], m, values);
    if (h->disturbed[i] >> m & noisy >> m & 1)
        mmofl_imbalance_disturb(h->source->imbalance, h->device,
                                h->window.first + (uint64_t)i, m, values);
}

void mmofl_holding_fetch(void *context, int i, int m, float *values)
{
    mmofl_holding_values(context, i, m, UINT32_MAX, values);
}

static void ahead(void *context, int i, int m)
{
    const mmofl_holding *h = context;
    mmofl_dataset_ahead(h->source->data, h->index[i], m);
}

mmofl_buffer_view mmofl_holding_view(mmofl_holding *h)
{
    return (mmofl_buffer_view){.samples = {.n = h->window.held,
                                           .mask = h->mask,
                                           .label = h->label,
                                           .fetch = mmofl_holding_fetch,
                                           .ahead = ahead,
                                           .context = h},
                               .fresh = h->window.fresh};
}
