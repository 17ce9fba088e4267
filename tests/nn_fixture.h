/* nn_fixture.h - what the tests of src/nn share: instruction sets, random floats,
 * memory with a fence behind it, layers and models written as one line of text. */
#ifndef MMOFL_TESTS_NN_FIXTURE_H
#define MMOFL_TESTS_NN_FIXTURE_H

#include <sys/mman.h>
#include <unistd.h>

#include "base/rng.h"
#include "check.h"
#include "nn/model.h"

/** Run the body for every instruction set that this machine has. */
#define FOR_EACH_ISA(isa)                                                              \
    for (int isa_number = 0; mmofl_isa_at(isa_number); isa_number++)                   \
        for (const mmofl_isa *isa = mmofl_isa_at(isa_number);                          \
             isa && mmofl_isa_runs(isa); isa = NULL)

/* ---------------------------------------------------------------- numbers */

static inline mmofl_rng fixture_rng(uint64_t which)
{
    return mmofl_rng_open(2024, MMOFL_NO_DEVICE, which, MMOFL_USE_TEST);
}

/** n floats uniform in [-1, 1), others for each `which`. */
static inline void fixture_fill(float *x, size_t n, uint64_t which)
{
    mmofl_rng rng = fixture_rng(which);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(2 * mmofl_rng_uniform(&rng) - 1);
}

static inline bool fixture_same_bits(const float *a, const float *b, size_t n)
{
    return n == 0 || memcmp(a, b, n * sizeof *a) == 0;
}

/** FNV-1a over the bits of n floats, going on from `hash` (0: at the start). */
static inline uint64_t fixture_hash(uint64_t hash, const float *x, size_t n)
{
    hash = hash ? hash : UINT64_C(14695981039346656037);
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        hash = (hash ^ bits) * UINT64_C(1099511628211);
    }
    return hash;
}

/** Every value of a is within tolerance times the largest |b| (at least 1e-3) of b. */
static inline void fixture_check_close(const char *what, const float *a,
                                       const double *b, size_t n, double tolerance)
{
    double largest = 1e-3;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(b[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)a[i] - b[i]) <= tolerance * largest))
            fail_msg("%s: value %zu is %.9g, the reference has %.9g (largest %.3g)",
                     what, i, (double)a[i], b[i], largest);
}

static inline void fixture_widen(const float *from, double *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (double)from[i];
}

/* ---------------------------------------------------------------- fenced memory */

/** n floats that end where a page begins that nobody may touch. */
typedef struct fixture_fenced {
    float *at;
    void *pages;
    size_t bytes; /* of all pages, the fence included */
} fixture_fenced;

static inline fixture_fenced fixture_fence(size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t used = (n * sizeof(float) + page - 1) / page * page, bytes = used + page;
    char *pages =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    CHECK_INT(mprotect(pages + used, page, PROT_NONE), 0);
    return (fixture_fenced){(float *)(void *)(pages + used) - n, pages, bytes};
}

static inline void fixture_unfence(fixture_fenced *fenced)
{
    munmap(fenced->pages, fenced->bytes);
}

/* ---------------------------------------------------------------- layers as text */

/** "conv1d out=4 kernel=3" as a pick among these kinds, with defaults for the rest. */
static inline mmofl_pick fixture_pick(mmofl_kind_list kinds, const char *text)
{
    char copy[256], *rest = NULL;
    snprintf(copy, sizeof copy, "%s", text);
    char *word = strtok_r(copy, " ", &rest);
    const mmofl_kind *kind = mmofl_kind_find(kinds, word);
    if (!kind)
        fail_msg("no kind '%s'", word);
    mmofl_pick pick = mmofl_pick_default(kind);
    while ((word = strtok_r(NULL, " ", &rest))) {
        char *equals = strchr(word, '=');
        *equals = '\0';
        int o = 0;
        while (o < kind->n_options && strcmp(kind->options[o].name, word) != 0)
            o++;
        CHECK(o < kind->n_options);
        CHECK_OK(
            mmofl_option_set(&kind->options[o], pick.options.bytes, equals + 1, NULL));
    }
    return pick;
}

enum { FIXTURE_LAYERS = 12, FIXTURE_ENCODERS = 5 };

/** A model's spec and the memory that it points into. */
typedef struct fixture_spec {
    mmofl_model_spec spec;
    mmofl_encoder_spec encoder[FIXTURE_ENCODERS];
    mmofl_pick pick[FIXTURE_ENCODERS + 1][FIXTURE_LAYERS];
    mmofl_modality modality[FIXTURE_ENCODERS];
    int n_modalities;
} fixture_spec;

/** "tanh; linear out=3" as a list of layers. */
static inline mmofl_chain_spec fixture_chain(const char *text, mmofl_pick *picks)
{
    char copy[512], *rest = NULL;
    snprintf(copy, sizeof copy, "%s", text);
    int n = 0;
    for (char *layer = strtok_r(copy, ";", &rest); layer;
         layer = strtok_r(NULL, ";", &rest)) {
        CHECK(n < FIXTURE_LAYERS);
        picks[n++] = fixture_pick(mmofl_isa_at(0)->layers, layer + strspn(layer, " "));
    }
    return (mmofl_chain_spec){n, picks};
}

/** Add modality and encoder "name" of shape `in`. */
static inline void fixture_add(fixture_spec *s, const char *name, mmofl_shape in,
                               const char *layers)
{
    int e = s->spec.n_encoders++;
    CHECK(e < FIXTURE_ENCODERS);
    mmofl_modality *modality = &s->modality[s->n_modalities++];
    *modality = (mmofl_modality){.dtype = MMOFL_F32, .shape = in};
    snprintf(modality->name, sizeof modality->name, "%s", name);
    s->encoder[e] = (mmofl_encoder_spec){modality->name, {0}};
    s->encoder[e].chain = fixture_chain(layers, s->pick[e]);
    s->spec.encoder = s->encoder;
}

static inline void fixture_head(fixture_spec *s, const char *layers)
{
    s->spec.head = fixture_chain(layers, s->pick[FIXTURE_ENCODERS]);
}

static inline mmofl_model *fixture_model(const fixture_spec *s, int classes,
                                         const mmofl_isa *isa)
{
    mmofl_model *model = NULL;
    mmofl_error err = {0};
    if (mmofl_model_new(&s->spec, s->modality, s->n_modalities, classes, isa, &model,
                        &err))
        fail_msg("%s", err.text);
    return model;
}

#endif
