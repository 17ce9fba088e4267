/* layers.c - one instruction set's table: its operations and its layers. */
#include "nn/layers/layers.h"
#include "nn/kernels/tables.h"
#include "nn/kernels/vector_math.h"

static const mmofl_kind *const kinds[] = {
#define ROW(name) &MMOFL_LAYER_NAME(name).kind,
    MMOFL_LAYER_LIST(ROW)
#undef ROW
};

#define TEXT_OF2(x) #x
#define TEXT_OF(x) TEXT_OF2(x)

const mmofl_isa MMOFL_ISA(mmofl_isa) = {
    .name = TEXT_OF(MMOFL_ISA_SUFFIX),
#if defined(__AVX512F__)
    .help = "AVX-512 with fused multiply-add",
#elif defined(__AVX2__)
    .help = "AVX2 with fused multiply-add",
#elif defined(__x86_64__)
    .help = "SSE2",
#elif defined(__aarch64__) && MMOFL_FUSED
    .help = "NEON with fused multiply-add",
#elif defined(__aarch64__)
    .help = "NEON",
#elif defined(__arm__) && MMOFL_FUSED
    .help = "VFPv4 with fused multiply-add",
#elif defined(__arm__)
    .help = "VFPv3",
#else
    .help = "portable C",
#endif
    .fused = MMOFL_FUSED,
    .ops = &MMOFL_ISA(mmofl_ops),
    .layers = {kinds, (int)MMOFL_COUNT_OF(kinds)},
};
