/* source.c - the cache in front of data sets that are imported.
 *
 * A cache file's name says what it holds: SET-OPTIONS.mmofl-data was put there by
 * `mmofl data import`; SET-OPTIONS-HASH.mmofl-data belongs to one archive, HASH being
 * of everything the content depends on, so a changed archive simply has another name.
 * Generated sets are made anew each time: that is quick, needs no disk, and cannot go
 * stale when the generator changes. */
#define _XOPEN_SOURCE 700
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "data/archive.h"
#include "data/data_cache.h"
#include "data/dataset_parts.h"
#include "data/source.h"

enum { PATH_BYTES = 4096, SLUG_BYTES = 96, OPTION_BYTES = 1024, HASH_BYTES = 8 };

static const mmofl_data_source *source_of(const mmofl_data_spec *spec)
{
    static_assert(offsetof(mmofl_data_source, kind) == 0, "a kind starts its source");
    return (const mmofl_data_source *)spec->set.kind;
}

/* --- names of cache files --------------------------------------------------------- */

/* Append text to slug, keeping to letters that every file system takes; false when that
 * lost something. */
static bool append(char *slug, size_t size, const char *text)
{
    size_t n = strlen(slug);
    bool whole = true;
    for (; *text && n + 1 < size; text++, n++) {
        bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                     (*text >= '0' && *text <= '9') || strchr("_.+-", *text);
        slug[n] = plain ? *text : '_';
        whole = whole && plain;
    }
    slug[n] = '\0';
    return whole && !*text;
}

static void hash_text(crypto_generichash_state *state, const char *text)
{
    crypto_generichash_update(state, (const unsigned char *)text, strlen(text) + 1);
}

/* "uci-har-total_acc", everything in it also hashed; false when it is not the whole
 * truth and the hash must be part of the name. */
static bool name_options(const mmofl_pick *set, char *slug, size_t size,
                         crypto_generichash_state *state)
{
    bool whole = append(slug, size, set->kind->name);
    hash_text(state, set->kind->name);
    for (int i = 0; i < set->kind->n_options; i++) {
        const mmofl_option *option = &set->kind->options[i];
        char value[OPTION_BYTES];
        mmofl_option_get(option, set->options.bytes, value, sizeof value);
        hash_text(state, option->name);
        hash_text(state, value);
        whole = append(slug, size, "-") && whole;
        whole = append(slug, size, value) && whole;
    }
    return whole;
}

static mmofl_status hash_archive(const char *path, crypto_generichash_state *state,
                                 mmofl_error *err)
{
    unsigned char stamp[MMOFL_ARCHIVE_STAMP_BYTES];
    mmofl_status st = mmofl_archive_stamp(path, stamp, err);
    if (st)
        return st;
    char *full = realpath(path, NULL);
    hash_text(state, full ? full : path);
    free(full);
    crypto_generichash_update(state, stamp, sizeof stamp);
    return MMOFL_OK;
}

/* The cache file for a set imported from path; path "" = the one that
 * mmofl_data_import made. */
static mmofl_status cache_path(const mmofl_pick *set, const char *path, char *out,
                               mmofl_error *err)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, crypto_generichash_BYTES);
    char slug[SLUG_BYTES] = "", folder[PATH_BYTES], name[SLUG_BYTES + 64];
    bool whole = name_options(set, slug, sizeof slug, &state);
    snprintf(name, sizeof name, "%d", MMOFL_DATA_CACHE_VERSION);
    hash_text(&state, name);
    mmofl_status st = MMOFL_OK;
    if (*path)
        st = hash_archive(path, &state, err);
    if (!st)
        st = mmofl_file_cache_folder(folder, sizeof folder, err);
    if (st)
        return st;
    unsigned char hash[crypto_generichash_BYTES];
    char hex[2 * HASH_BYTES + 1];
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(hex, sizeof hex, hash, HASH_BYTES);
    bool hashed = *path || !whole;
    snprintf(name, sizeof name, "%s%s%s.mmofl-data", slug, hashed ? "-" : "",
             hashed ? hex : "");
    return mmofl_file_join(out, PATH_BYTES, folder, name, err);
}

/* --- import ----------------------------------------------------------------------- */

static mmofl_status import_from(const mmofl_data_spec *spec, const mmofl_log_sink *log,
                                mmofl_dataset **set, mmofl_error *err)
{
    double start = mmofl_clock_seconds();
    mmofl_status st = source_of(spec)->import(&spec->set, spec->path, log, set, err);
    if (!st)
        mmofl_log(log, MMOFL_LOG_INFO, "%s: %zu samples from %s in %.2f s",
                  (*set)->name, (*set)->n_samples, spec->path,
                  mmofl_clock_seconds() - start);
    return st;
}

static mmofl_status save(const mmofl_dataset *set, const char *file, mmofl_error *err)
{
    char folder[PATH_BYTES];
    mmofl_status st = mmofl_file_cache_folder(folder, sizeof folder, err);
    if (!st)
        st = mmofl_file_make_folders(folder, err);
    if (!st)
        st = mmofl_dataset_save(set, file, err);
    return st;
}

mmofl_status mmofl_data_import(const mmofl_data_spec *spec, const mmofl_log_sink *log,
                               char *cache, mmofl_error *err)
{
    const mmofl_data_source *source = source_of(spec);
    char file[PATH_BYTES];
    mmofl_dataset *set;
    if (source->generated)
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED,
                          "%s is generated: there is nothing to import",
                          source->kind.name);
    mmofl_status st = cache_path(&spec->set, "", file, err);
    if (!st)
        st = import_from(spec, log, &set, err);
    if (st)
        return st;
    st = save(set, file, err);
    mmofl_dataset_close(set);
    if (!st)
        memcpy(cache, file, strlen(file) + 1);
    return st;
}

/* --- load ------------------------------------------------------------------------- */

/* A cache file, if it holds the set it is named after. */
static mmofl_status open_cached(const char *file, const mmofl_pick *pick,
                                mmofl_dataset **set, mmofl_error *err)
{
    mmofl_dataset *found;
    mmofl_status st = mmofl_dataset_open(file, &found, err);
    if (st)
        return st;
    if (strcmp(found->name, pick->kind->name) != 0) {
        st =
            mmofl_fail(err, MMOFL_E_CORRUPT, "%s: holds the set %s", file, found->name);
        mmofl_dataset_close(found);
        return st;
    }
    *set = found;
    return MMOFL_OK;
}

static mmofl_status load_imported(const mmofl_data_spec *spec, mmofl_dataset **set,
                                  mmofl_error *err)
{
    const mmofl_data_source *source = source_of(spec);
    const char *name = source->kind.name;
    char file[PATH_BYTES];
    mmofl_status st = cache_path(&spec->set, "", file, err);
    if (!st && !mmofl_file_exists(file))
        return mmofl_fail(err, MMOFL_E_NOT_FOUND,
                          "%s has not been imported with these options (no %s): run "
                          "`mmofl data import %s PATH`%s, or give its path",
                          name, file, name,
                          source->download ? " or `mmofl data fetch`" : "");
    return st ? st : open_cached(file, &spec->set, set, err);
}

static mmofl_status load_from_path(const mmofl_data_spec *spec,
                                   const mmofl_log_sink *log, mmofl_dataset **set,
                                   mmofl_error *err)
{
    char file[PATH_BYTES];
    mmofl_error trouble = {0};
    bool cached = cache_path(&spec->set, spec->path, file, &trouble) == MMOFL_OK;
    if (cached && mmofl_file_exists(file)) {
        if (open_cached(file, &spec->set, set, &trouble) == MMOFL_OK)
            return MMOFL_OK;
        mmofl_log(log, MMOFL_LOG_WARNING, "%s; importing again", trouble.text);
    }
    mmofl_status st = import_from(spec, log, set, err);
    if (!st && (!cached || save(*set, file, &trouble)))
        mmofl_log(log, MMOFL_LOG_WARNING, "%s is not cached: %s", (*set)->name,
                  trouble.text);
    return st;
}

/* A sample of one position is its own mean: standardised by itself it is always 0. */
static mmofl_status check_windows(const mmofl_dataset *set, mmofl_error *err)
{
    for (int m = 0; m < set->n_modalities; m++) {
        const mmofl_modality *modality = &set->modality[m];
        size_t channels = (size_t)mmofl_modality_channels(modality);
        if (modality->dtype == MMOFL_F32 &&
            mmofl_shape_count(modality->shape) == channels)
            return mmofl_fail(err, MMOFL_E_SHAPE,
                              "data.standardize: window would make all values of %s "
                              "0, which has one position only; wanted channel or none",
                              modality->name);
    }
    return MMOFL_OK;
}

mmofl_status mmofl_data_load(const mmofl_data_spec *spec, const mmofl_log_sink *log,
                             mmofl_dataset **set, mmofl_error *err)
{
    const mmofl_data_source *source = source_of(spec);
    mmofl_dataset *made;
    mmofl_status st;
    if (source->generated)
        st = source->import(&spec->set, "", log, &made, err);
    else if (spec->path && *spec->path)
        st = load_from_path(spec, log, &made, err);
    else
        st = load_imported(spec, &made, err);
    if (st)
        return st;
    st = mmofl_dataset_stride_test(made, spec->test_stride, err);
    if (!st && spec->standardize == MMOFL_STANDARDIZE_WINDOW)
        st = check_windows(made, err);
    if (st) {
        mmofl_dataset_close(made);
        return st;
    }
    made->standardize = (mmofl_standardize)spec->standardize;
    *set = made;
    return MMOFL_OK;
}
