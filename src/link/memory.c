/* memory.c - the link of a simulation: a pointer each way. */
#include <stdlib.h>

#include "link/link.h"

typedef struct memory_link {
    mmofl_link link;
    mmofl_link_receiver *receiver;
    void *context;
    mmofl_broadcast offered; /* round 0: none */
} memory_link;

static mmofl_status offer(mmofl_link *link, const mmofl_broadcast *broadcast)
{
    ((memory_link *)(void *)link)->offered = *broadcast;
    return MMOFL_OK;
}

static mmofl_status take(mmofl_link *link, uint64_t device, mmofl_broadcast *broadcast)
{
    (void)device;
    const memory_link *m = (const void *)link;
    if (m->offered.round == 0)
        return MMOFL_E_STATE;
    *broadcast = m->offered;
    return MMOFL_OK;
}

static mmofl_status send_update(mmofl_link *link, const mmofl_update *update)
{
    const memory_link *m = (const void *)link;
    return m->receiver(m->context, update);
}

static void destroy(mmofl_link *link)
{
    free(link);
}

static const mmofl_link_kind kind = {"memory", offer, take, send_update, destroy};

mmofl_status mmofl_link_memory_new(mmofl_link_receiver *receiver, void *context,
                                   mmofl_link **out)
{
    memory_link *m = calloc(1, sizeof *m);
    if (!m)
        return MMOFL_E_MEMORY;
    m->link.kind = &kind;
    m->receiver = receiver;
    m->context = context;
    *out = &m->link;
    return MMOFL_OK;
}
