/* export.h - the run store as files for spreadsheets and scripts.
 *
 * Equal runs give equal bytes: no time, host or path is in them, numbers are the
 * shortest text that reads back to the same double.  NaN is never written: a metric
 * that was not measured is an empty field in CSV and an absent key in JSON.  Each file
 * is written atomically; mmofl_run_folder_finish syncs it.  Statuses of run_store.h and
 * base/file.h, and E_NONFINITE when the store holds an infinity. */
#ifndef MMOFL_STORE_EXPORT_H
#define MMOFL_STORE_EXPORT_H

#include "store/run_store.h"

/** One line per round: round, the metrics in the order of run_store.h, then
 * <part>_loss, <part>_accuracy, <part>_macro_f1 for "test" and every other part
 * evaluated in the run, by name.  Evaluation fields of rounds that were not evaluated
 * are empty. */
MMOFL_CHECKED mmofl_status mmofl_export_metrics_csv(mmofl_run_store *store, int64_t run,
                                                    const char *path, mmofl_error *err);

/** One JSON object per line and round, with the same names. */
MMOFL_CHECKED mmofl_status mmofl_export_metrics_jsonl(mmofl_run_store *store,
                                                      int64_t run, const char *path,
                                                      mmofl_error *err);

/** round, part, true_class, predicted_class, count; cells with count 0 are left out. */
MMOFL_CHECKED mmofl_status mmofl_export_confusion_csv(mmofl_run_store *store,
                                                      int64_t run, const char *path,
                                                      mmofl_error *err);

/** round, name, modality, device, value: one line per measure; device is empty where a
 * measure is of all devices, modality where it is of all modalities or none. */
MMOFL_CHECKED mmofl_status mmofl_export_measures_csv(mmofl_run_store *store,
                                                     int64_t run, const char *path,
                                                     mmofl_error *err);

/** round, device, modality, samples, missing, disturbed: one line per row of the table
 * injected; only the header where nothing was injected or recorded. */
MMOFL_CHECKED mmofl_status mmofl_export_injected_csv(mmofl_run_store *store,
                                                     int64_t run, const char *path,
                                                     mmofl_error *err);

/** The global prototypes of every evaluated round, as NumPy arrays (npz.h): rounds (R),
 * mean (R, K, D), seen (R, M, K; 0 = does not exist yet, its mean is zeros),
 * feature_offsets (M + 1) of the modalities in D, and modalities, the text of their
 * names, one a line.  No file where the run kept no prototypes.
 * @retval those of mmofl_prototype_history_load and of npz.h */
MMOFL_CHECKED mmofl_status mmofl_export_prototypes_npz(mmofl_run_store *store,
                                                       int64_t run, const char *path,
                                                       mmofl_error *err);

#endif
