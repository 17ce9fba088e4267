/* learning.c - the part of an experiment that travels to devices. */
#include "config/learning.h"
#include "config/schema.h"

mmofl_status mmofl_learning_check(const mmofl_experiment *experiment,
                                  const mmofl_yaml_node *root, mmofl_error *err)
{
    const mmofl_stream_spec *s = &experiment->stream;
    if (s->fresh > s->buffer)
        return mmofl_yaml_fail(mmofl_yaml_place_of(root, "stream", "new"),
                               MMOFL_E_RANGE, err,
                               "stream: %d new samples a round do not fit into a buffer"
                               " of %d; wanted new <= buffer",
                               s->fresh, s->buffer);
    if (s->initial > s->buffer)
        return mmofl_yaml_fail(mmofl_yaml_place_of(root, "stream", "initial"),
                               MMOFL_E_RANGE, err,
                               "stream: %d initial samples do not fit into a buffer of "
                               "%d; wanted initial <= buffer",
                               s->initial, s->buffer);
    return MMOFL_OK;
}

char *mmofl_learning_text(const mmofl_experiment *experiment)
{
    return mmofl_schema_text(mmofl_schema_learning(), experiment);
}

mmofl_status mmofl_learning_parse(const char *text, size_t size, const char *name,
                                  mmofl_experiment *out, mmofl_error *err)
{
    mmofl_arena document = MMOFL_ARENA_INIT;
    mmofl_experiment e = {.arena = MMOFL_ARENA_INIT};
    mmofl_yaml_node *root;
    mmofl_status st = mmofl_yaml_parse(text, size, name, &document, &root, err);
    if (!st)
        st = mmofl_schema_read(mmofl_schema_learning(), root, &e.arena, &e, err);
    if (!st)
        st = mmofl_learning_check(&e, root, err);
    mmofl_arena_free(&document);
    if (st)
        mmofl_arena_free(&e.arena);
    else
        *out = e;
    return st;
}

void mmofl_learning_free(mmofl_experiment *learning)
{
    if (!learning)
        return;
    mmofl_arena_free(&learning->arena);
    *learning = (mmofl_experiment){.arena = MMOFL_ARENA_INIT};
}
