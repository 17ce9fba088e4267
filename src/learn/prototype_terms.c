/* prototype_terms.c - pull and prototypical cross-entropy, as matrix products.
 *
 * PCE of one modality, for n samples at once: cosines are Z P^T with unit rows; the
 * gradient is A P - (A . cos) zhat with A = (pi - onehot) / (kappa |z|), since
 * d cos_c / dz = (phat_c - cos_c zhat) / |z|. */
#include <math.h>
#include <string.h>

#include "learn/prototype_terms.h"

static const float least_norm = 1e-12f;

mmofl_status mmofl_prototype_terms_init(mmofl_prototype_terms *terms,
                                        const mmofl_model *model, int batch,
                                        mmofl_arena *arena)
{
    size_t classes = (size_t)model->classes;
    mmofl_prototype_terms made = {
        .model = model,
        .unit = MMOFL_ARENA_NEW(arena, classes * model->features, float),
        .unit_by_class = MMOFL_ARENA_NEW(arena, classes * model->features, float),
        .logit = MMOFL_ARENA_NEW(arena, classes * (size_t)batch, float),
        .classes = MMOFL_ARENA_NEW(arena, (size_t)model->n_encoders, int)};
    if (!made.unit || !made.unit_by_class || !made.logit || !made.classes)
        return MMOFL_E_MEMORY;
    *terms = made;
    return MMOFL_OK;
}

static bool exists(const mmofl_prototype_terms *t, int e, int c)
{
    return mmofl_prototype_exists(t->prototypes, t->model, e, c);
}

static float norm_of(const mmofl_model *model, const float *x, size_t n)
{
    float norm = (float)sqrt(model->isa->ops->square_sum(x, n));
    return norm > least_norm ? norm : least_norm;
}

/* Unit prototypes of one encoder, and their transpose; zero where there is none. */
static void take_encoder(mmofl_prototype_terms *t, int e)
{
    const mmofl_encoder *encoder = &t->model->encoder[e];
    size_t classes = (size_t)t->model->classes, d = encoder->features;
    float *by_class = t->unit_by_class + encoder->at * classes;
    t->classes[e] = 0;
    for (size_t c = 0; c < classes; c++) {
        float *unit = t->unit + c * t->model->features + encoder->at;
        bool there = exists(t, e, (int)c);
        t->classes[e] += there;
        memset(unit, 0, d * sizeof *unit);
        if (there) {
            const float *p = t->prototypes->mean + c * t->model->features + encoder->at;
            float norm = norm_of(t->model, p, d);
            for (size_t k = 0; k < d; k++)
                unit[k] = p[k] / norm;
        }
        for (size_t k = 0; k < d; k++)
            by_class[k * classes + c] = unit[k];
    }
}

void mmofl_prototype_terms_begin(mmofl_prototype_terms *t,
                                 const mmofl_prototypes *prototypes)
{
    t->prototypes = prototypes;
    for (int e = 0; e < t->model->n_encoders; e++)
        take_encoder(t, e);
}

double mmofl_prototype_pull(const mmofl_prototype_terms *t, const mmofl_batch *batch,
                            int from, int n, double weight, mmofl_span z, mmofl_span dz)
{
    const mmofl_model *model = t->model;
    double sum = 0;
    for (int e = 0; e < model->n_encoders; e++) {
        const mmofl_encoder *encoder = &model->encoder[e];
        float scale = (float)(weight / ((double)batch->n * (double)encoder->features));
        for (int i = 0; i < n; i++) {
            int label = batch->label[from + i];
            if (!(batch->mask[from + i] >> encoder->modality & 1) ||
                !exists(t, e, label))
                continue;
            const float *p =
                t->prototypes->mean + (size_t)label * model->features + encoder->at;
            const float *zi = z.at + (size_t)i * z.stride + encoder->at;
            float *di = dz.at + (size_t)i * dz.stride + encoder->at, squares = 0;
            for (size_t k = 0; k < encoder->features; k++) {
                float off = zi[k] - p[k];
                squares += off * off;
                di[k] += 2 * scale * off;
            }
            sum += (double)scale * (double)squares;
        }
    }
    return sum;
}

/* Turn row i of the cosine products into coefficients A; returns the sample's loss.
 * A row that takes no part becomes zero. */
static float coefficients(const mmofl_prototype_terms *t, int e, bool takes_part,
                          int label, float norm, float scale, float kappa, float *row,
                          float *along_z)
{
    int classes = t->model->classes;
    float cosine[MMOFL_MAX_CLASSES];
    *along_z = 0;
    if (!takes_part) {
        memset(row, 0, (size_t)classes * sizeof *row);
        return 0;
    }
    for (int c = 0; c < classes; c++) {
        cosine[c] = row[c] / norm;
        row[c] = exists(t, e, c) ? cosine[c] / kappa : -1e30f;
    }
    /* The guarded cosine of a zero vector is constant: it has no gradient. */
    float weight = norm > least_norm ? scale / (kappa * norm) : 0;
    float loss =
        t->model->isa->ops->softmax_cross_entropy(row, classes, label, weight, true);
    for (int c = 0; c < classes; c++)
        *along_z += row[c] * cosine[c];
    return loss;
}

static double pce_of_encoder(const mmofl_prototype_terms *t, int e,
                             const mmofl_batch *batch, int from, int n, float scale,
                             float kappa, mmofl_span z, mmofl_span dz)
{
    const mmofl_encoder *encoder = &t->model->encoder[e];
    ptrdiff_t classes = t->model->classes;
    size_t d = encoder->features;
    mmofl_gemm cosines = {.m = n,
                          .n = (int)classes,
                          .depth = (int)d,
                          .groups = 1,
                          .a = z.at + encoder->at,
                          .a_row = (ptrdiff_t)z.stride,
                          .a_step = 1,
                          .b = t->unit_by_class + encoder->at * (size_t)classes,
                          .b_step = classes,
                          .c = t->logit,
                          .c_row = classes};
    t->model->isa->ops->gemm(&cosines);
    double sum = 0;
    for (int i = 0; i < n; i++) {
        int label = batch->label[from + i];
        const float *zi = z.at + (size_t)i * z.stride + encoder->at;
        float *di = dz.at + (size_t)i * dz.stride + encoder->at, along_z;
        bool takes_part =
            batch->mask[from + i] >> encoder->modality & 1 && exists(t, e, label);
        float norm = takes_part ? norm_of(t->model, zi, d) : 1;
        sum += (double)coefficients(t, e, takes_part, label, norm, scale, kappa,
                                    t->logit + i * classes, &along_z);
        if (!takes_part)
            continue;
        float share = along_z / norm;
        for (size_t k = 0; k < d; k++)
            di[k] -= share * zi[k];
    }
    mmofl_gemm back = {.m = n,
                       .n = (int)d,
                       .depth = (int)classes,
                       .groups = 1,
                       .a = t->logit,
                       .a_row = classes,
                       .a_step = 1,
                       .b = t->unit + encoder->at,
                       .b_step = (ptrdiff_t)t->model->features,
                       .c = dz.at + encoder->at,
                       .c_row = (ptrdiff_t)dz.stride,
                       .accumulate = true};
    t->model->isa->ops->gemm(&back);
    return sum;
}

double mmofl_prototype_pce(const mmofl_prototype_terms *t, const mmofl_batch *batch,
                           int from, int n, double weight, double kappa, mmofl_span z,
                           mmofl_span dz)
{
    double sum = 0, scale = weight / batch->n;
    for (int e = 0; e < t->model->n_encoders; e++)
        if (t->classes[e] >= 2)
            sum +=
                pce_of_encoder(t, e, batch, from, n, (float)scale, (float)kappa, z, dz);
    return scale * sum;
}
