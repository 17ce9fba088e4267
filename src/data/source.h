/* source.h - where data sets come from: one row per set, each in a file of its own.
 *
 * A set is found by name in the experiment file (data: {set: uci-har, ...}); its own
 * options stand beside the common ones.  Imported sets are kept in the cache folder
 * (mmofl_file_cache_folder) as one data cache file per (set, options, source file). */
#ifndef MMOFL_DATA_SOURCE_H
#define MMOFL_DATA_SOURCE_H

#include "base/log.h"
#include "base/option.h"
#include "mmofl/dataset.h"

/** What an experiment file says under data:. */
typedef struct mmofl_data_spec {
    mmofl_pick set; /* among mmofl_data_source_kinds() */
    const char *
        path; /* archive or folder to import from; "" = the imported one in the cache */
    int test_stride; /* keep every n-th test sample */
    int standardize; /* mmofl_standardize */
} mmofl_data_spec;

/** One file of a set on the network. */
typedef struct mmofl_data_download {
    const char *url, *file_name, *sha256; /* sha256 as 64 lower-case hex digits */
    size_t bytes;                         /* 0 = not known: the digest alone decides */
} mmofl_data_download;

typedef struct mmofl_data_source {
    mmofl_kind kind;
    const mmofl_data_download *download; /* NULL: nothing to fetch */
    bool generated;                      /* needs no path */
    /** Make the set, from path (archive or folder; ignored when generated).  The set
     * carries the source's name. */
    mmofl_status (*import)(const mmofl_pick *set, const char *path,
                           const mmofl_log_sink *log, mmofl_dataset **out,
                           mmofl_error *err);
} mmofl_data_source;

/** All sets, the kinds being the first members of mmofl_data_source. */
mmofl_kind_list mmofl_data_source_kinds(void);

/** Load what spec says: from the cache when it is there and fits (same set, options,
 * and source file by path, size and time), else import and fill the cache.  A cache
 * that cannot be written is a warning in the log, not an error.
 * @retval MMOFL_E_SHAPE  a modality of one position (C), of which standardizing by
 *                        window would leave nothing
 * @retval those of the source's import, mmofl_dataset_open, mmofl_dataset_stride_test
 */
MMOFL_CHECKED mmofl_status mmofl_data_load(const mmofl_data_spec *spec,
                                           const mmofl_log_sink *log,
                                           mmofl_dataset **set, mmofl_error *err);

/** Import from path into the cache under the set's own name, so that an experiment
 * without a path finds it; cache_path (4096 bytes) receives where. */
MMOFL_CHECKED mmofl_status mmofl_data_import(const mmofl_data_spec *spec,
                                             const mmofl_log_sink *log,
                                             char *cache_path, mmofl_error *err);

/** Download a set's archive into folder: resumes "FILE.part", checks SHA-256, renames.
 * A file that is there and right is not fetched again.
 * url: NULL = the official address; https, or http to this machine.  progress (may be
 * NULL) is called now and then, with total 0 when the size is not known.  path (4096
 * bytes) receives the file.
 * @retval MMOFL_E_NETWORK  no connection, a stall, an HTTP error; the part stays, and
 *                          the text says how to import by hand
 * @retval MMOFL_E_DIGEST   not the official file; the part is removed
 * @retval MMOFL_E_NO_SPACE, MMOFL_E_IO  the part could not be written; it stays
 * @retval MMOFL_E_SYNTAX   url is none
 * @retval MMOFL_E_UNSUPPORTED  nothing to fetch for this set, or an unsafe url */
MMOFL_CHECKED mmofl_status
mmofl_data_fetch(const mmofl_data_source *source, const char *url, const char *folder,
                 void (*progress)(void *context, double done, double total),
                 void *context, char *path, mmofl_error *err);

#endif
