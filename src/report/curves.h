/* curves.h - what a cell measured round by round, over its seeds. */
#ifndef MMOFL_REPORT_CURVES_H
#define MMOFL_REPORT_CURVES_H

#include "report/results.h"

/** One quantity over rounds 0 ... n-1 of the cell; NaN where it was not measured. */
typedef struct mmofl_series {
    const char *name;     /* "prequential_accuracy", "test_accuracy", a measure's ... */
    const char *modality; /* "" = all or none */
    int device;           /* -1 = all */
    double *mean, *sd;    /* over seeds, n each */
    double *value;        /* (seeds, n) row-major */
} mmofl_series;

typedef struct mmofl_curves {
    mmofl_arena arena;   /* owns all of it */
    size_t n;            /* rounds + 1 */
    const double *round; /* 0 ... n-1 */
    int n_seeds;
    size_t n_series;
    const mmofl_series *series;
    size_t n_classes;        /* 0 = no confusion matrix */
    const double *confusion; /* (C,C): share of each true class, last test, all seeds */
} mmofl_curves;

/** Read all seeds of a cell from its run store.
 * @retval those of run_store.h, E_MEMORY
 * On success the caller owns it: mmofl_curves_free.
 * Cost: one walk over the store's rows. */
MMOFL_CHECKED mmofl_status mmofl_curves_load(const mmofl_result_cell *cell,
                                             mmofl_curves *curves, mmofl_error *err);

/** NULL is allowed. */
void mmofl_curves_free(mmofl_curves *curves);

/** The series of that name, modality and device, or NULL. */
const mmofl_series *mmofl_curves_find(const mmofl_curves *curves, const char *name,
                                      const char *modality, int device);

#endif
