/* global_prototypes.h - the coordinator's prototypes: temporal means of a round,
 * persistent means over rounds (METHOD.md section 4).
 *
 * Temporal, for each pair (m, c) that somebody observed: by samples, sum of sums over
 * sum of counts; or the unweighted mean of the devices' means (PMM).  Persistent: u +=
 * 1, then p += (1 - rho)(new - p) with the first as it is, or p += (new - p)/u (PMM,
 * Eq. 17).  Sums are integers (fixed_sum.h), so the order of updates does not matter.
 */
#ifndef MMOFL_FED_GLOBAL_PROTOTYPES_H
#define MMOFL_FED_GLOBAL_PROTOTYPES_H

#include "fed/sums.h"
#include "learn/method.h"

typedef struct mmofl_global_prototypes {
    const mmofl_model *model;
    mmofl_prototype_options options;
    float *mean;         /* (K, D) persistent */
    uint32_t *seen;      /* (M, K) u */
    mmofl_fixed_sum sum; /* (K, D) of the round: sums, or devices' means */
    uint64_t *count;     /* (M, K) of the round: samples, or devices */
    float *term;         /* (K, D) scratch */
} mmofl_global_prototypes;

/** @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_global_prototypes_init(
    mmofl_global_prototypes *p, const mmofl_model *model,
    const mmofl_prototype_options *options, mmofl_arena *arena);

/** As devices receive them; valid until the next finish. */
mmofl_prototypes mmofl_global_prototypes_view(const mmofl_global_prototypes *p);

void mmofl_global_prototypes_begin(mmofl_global_prototypes *p);

/** May these sums be taken?  @retval E_NONFINITE, E_RANGE  no */
MMOFL_CHECKED mmofl_status mmofl_global_prototypes_check(
    const mmofl_global_prototypes *p, const mmofl_prototype_sums *sums);

/** Take one device's sums, which passed the check. */
void mmofl_global_prototypes_add(mmofl_global_prototypes *p,
                                 const mmofl_prototype_sums *sums);

/** Take in what the other ranks have added.  @retval E_RANGE  as fixed_sum.h says */
MMOFL_CHECKED mmofl_status mmofl_global_prototypes_merge(mmofl_global_prototypes *p,
                                                         const mmofl_ranks *ranks);

/** List what is added up in a round. */
void mmofl_global_prototypes_sums(mmofl_global_prototypes *p, mmofl_sums *sums);

void mmofl_global_prototypes_finish(mmofl_global_prototypes *p);

#endif
