/* signals.c - a copy that outlives the message. */
#include <string.h>

#include "device/signals.h"

static bool copy_scales(mmofl_signals *s, int m, const mmofl_signal *from)
{
    if (s->modality[m].dtype == MMOFL_TOKENS)
        return true;
    size_t channels = mmofl_signals_channels(s, m);
    s->mean[m] = MMOFL_ARENA_NEW(&s->arena, channels, float);
    s->sd[m] = MMOFL_ARENA_NEW(&s->arena, channels, float);
    if (!s->mean[m] || !s->sd[m])
        return false;
    memcpy(s->mean[m], from->mean, channels * sizeof(float));
    memcpy(s->sd[m], from->sd, channels * sizeof(float));
    return true;
}

mmofl_status mmofl_signals_take(mmofl_signals *out, const mmofl_welcome *welcome)
{
    mmofl_signals s = {.arena = MMOFL_ARENA_INIT,
                       .n = welcome->n_signals,
                       .standardize = welcome->standardize,
                       .n_classes = welcome->n_classes};
    bool copied = true;
    for (int m = 0; m < s.n && copied; m++) {
        s.modality[m] = welcome->signal[m].modality;
        s.count[m] = mmofl_shape_count(s.modality[m].shape);
        copied = copy_scales(&s, m, &welcome->signal[m]);
    }
    size_t bytes = (size_t)s.n_classes * sizeof *s.class_name;
    s.class_name = mmofl_arena_take(&s.arena, 1, bytes);
    if (!copied || !s.class_name) {
        mmofl_arena_free(&s.arena);
        return MMOFL_E_MEMORY;
    }
    memcpy(s.class_name, welcome->class_name, bytes);
    *out = s;
    return MMOFL_OK;
}

void mmofl_signals_free(mmofl_signals *signals)
{
    mmofl_arena_free(&signals->arena);
    *signals = (mmofl_signals){.arena = MMOFL_ARENA_INIT};
}

int mmofl_signals_modality(const mmofl_signals *signals, const char *name)
{
    for (int m = 0; m < signals->n; m++)
        if (strcmp(signals->modality[m].name, name) == 0)
            return m;
    return -1;
}

int mmofl_signals_class(const mmofl_signals *signals, const char *name)
{
    for (int c = 0; c < signals->n_classes; c++)
        if (strcmp(signals->class_name[c], name) == 0)
            return c;
    return -1;
}
