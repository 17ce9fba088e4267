/* prototype_rows.c - from the simulation's prototypes to the store's rows. */
#include "run/prototype_rows.h"

mmofl_status mmofl_prototype_rows_init(mmofl_prototype_rows *rows,
                                       const mmofl_simulation *simulation)
{
    *rows = (mmofl_prototype_rows){.arena = MMOFL_ARENA_INIT, .simulation = simulation};
    if (!mmofl_simulation_prototypes(simulation))
        return MMOFL_OK;
    const mmofl_model *model = mmofl_simulation_model(simulation);
    size_t n = (size_t)model->n_encoders * (size_t)model->classes;
    rows->row = MMOFL_ARENA_NEW(&rows->arena, n, mmofl_prototype_record);
    if (!rows->row)
        return MMOFL_E_MEMORY;
    rows->n = n;
    return MMOFL_OK;
}

void mmofl_prototype_rows_free(mmofl_prototype_rows *rows)
{
    mmofl_arena_free(&rows->arena);
}

void mmofl_prototype_rows_fill(mmofl_prototype_rows *rows, mmofl_round_record *record)
{
    const mmofl_prototypes *p = mmofl_simulation_prototypes(rows->simulation);
    const mmofl_model *model = mmofl_simulation_model(rows->simulation);
    for (size_t i = 0; i < rows->n; i++) {
        const mmofl_encoder *encoder = &model->encoder[i / (size_t)model->classes];
        size_t c = i % (size_t)model->classes;
        rows->row[i] = (mmofl_prototype_record){
            encoder->name, (int)c, p->seen[i], encoder->features,
            p->mean + c * model->features + encoder->at};
    }
    record->n_prototypes = rows->n;
    record->prototypes = rows->row;
}

size_t mmofl_prototype_rows_cost(const mmofl_prototype_rows *rows,
                                 const mmofl_experiment *experiment,
                                 mmofl_measure measure[MMOFL_PROTOTYPE_MEASURES])
{
    if (rows->n == 0)
        return 0;
    const mmofl_model *model = mmofl_simulation_model(rows->simulation);
    /* The options of a method with prototypes begin with those of prototypes. */
    const mmofl_prototype_options *options =
        (const void *)experiment->method.options.bytes;
    const mmofl_stream_spec *stream = &experiment->stream;
    int fresh = stream->fresh < stream->buffer ? stream->fresh : stream->buffer;
    int counted = options->whole_buffer ? stream->buffer : fresh;
    double flops = (double)counted * (double)model->features +
                   (double)(counted - fresh) * mmofl_model_forward_flops(model);
    double bytes = (double)(mmofl_prototypes_numbers(model) * sizeof(float));
    measure[0] = (mmofl_measure){"prototype_bytes", -1, "", bytes};
    measure[1] = (mmofl_measure){"prototype_flops", -1, "", flops};
    return MMOFL_PROTOTYPE_MEASURES;
}
