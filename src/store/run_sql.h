/* run_sql.h - what the files of the run store share.  Only run_*.c here include it. */
#ifndef MMOFL_STORE_RUN_SQL_H
#define MMOFL_STORE_RUN_SQL_H

#include "store/run_store.h"
#include "store/sql.h"

/** ", step_size, participants, ..." for SQL text. */
#define MMOFL_SQL_REAL_COLUMN(name, may_lack) ", " #name
#define MMOFL_SQL_COUNT_COLUMN(name) ", " #name
#define MMOFL_SQL_METRIC_COLUMNS                                                       \
    MMOFL_ROUND_METRIC_LIST(MMOFL_SQL_REAL_COLUMN, MMOFL_SQL_COUNT_COLUMN)

/** Are all n measures finite and well named? (run_measure.c) */
MMOFL_CHECKED mmofl_status mmofl_sql_check_measures(const mmofl_run_store *store,
                                                    int round,
                                                    const mmofl_measure *measures,
                                                    size_t n, mmofl_error *err);

/** Write measures that were checked, inside a transaction. (run_measure.c) */
MMOFL_CHECKED mmofl_status mmofl_sql_write_measures(mmofl_run_store *store, int64_t run,
                                                    int round,
                                                    const mmofl_measure *measures,
                                                    size_t n, mmofl_error *err);

/** May this text stand for a modality: on one line, without comma and quote?
 * (run_measure.c) */
bool mmofl_sql_is_modality(const char *text);

/** The same two for what was injected. (run_injected.c) */
MMOFL_CHECKED mmofl_status mmofl_sql_check_injected(const mmofl_run_store *store,
                                                    const mmofl_round_record *record,
                                                    mmofl_error *err);
MMOFL_CHECKED mmofl_status mmofl_sql_write_injected(mmofl_run_store *store, int64_t run,
                                                    const mmofl_round_record *record,
                                                    mmofl_error *err);

/** The same two for prototypes. (run_prototype.c) */
MMOFL_CHECKED mmofl_status mmofl_sql_check_prototypes(const mmofl_run_store *store,
                                                      const mmofl_round_record *record,
                                                      mmofl_error *err);
MMOFL_CHECKED mmofl_status mmofl_sql_write_prototypes(mmofl_run_store *store,
                                                      int64_t run,
                                                      const mmofl_round_record *record,
                                                      mmofl_error *err);

#endif
