/* dir.c - description, table of samples, values: each file's errors are its own.
 *
 * Everything that can be said without a look at the values is checked first, since they
 * may be many gigabytes. */
#include <stdlib.h>
#include <string.h>

#include "data/dir.h"
#include "data/dir_values.h"

/* --- values ----------------------------------------------------------------------- */

/* Turn marks of absence into the mask; who lacks everything is refused. */
static mmofl_status mask_absent(const mmofl_dir_filling *filling,
                                const mmofl_log_sink *log, mmofl_error *err)
{
    size_t n = filling->samples->n, n_modalities = (size_t)filling->of->n_modalities;
    for (size_t m = 0; m < n_modalities; m++) {
        size_t lacking = 0;
        for (size_t i = 0; i < n; i++) {
            bool absent = filling->absent[i * n_modalities + m];
            lacking += absent;
            filling->builder->mask[i] &= ~((uint32_t)absent << m);
        }
        if (lacking > 0)
            mmofl_log(log, MMOFL_LOG_INFO, "dir: %zu of %zu samples lack %s", lacking,
                      n, filling->of->modality[m].modality.name);
    }
    for (size_t i = 0; i < n; i++) {
        char place[512];
        mmofl_cell id = filling->samples->sample[i].id;
        if (filling->builder->mask[i])
            continue;
        mmofl_delimited_place(filling->samples->table, id, place, sizeof place);
        return mmofl_fail(err, MMOFL_E_MISSING,
                          "%s: sample '%.*s' has no modality at all", place,
                          (int)id.size, id.data);
    }
    return MMOFL_OK;
}

/* --- the set ---------------------------------------------------------------------- */

static mmofl_status begin(const mmofl_dir_description *of,
                          const mmofl_dir_samples *samples, mmofl_builder *builder,
                          mmofl_error *err)
{
    mmofl_modality modality[MMOFL_MAX_MODALITIES];
    for (int m = 0; m < of->n_modalities; m++)
        modality[m] = of->modality[m].modality;
    const mmofl_builder_plan plan = {.name = mmofl_dir.kind.name,
                                     .citation = of->citation,
                                     .n_modalities = of->n_modalities,
                                     .modality = modality,
                                     .n_classes = of->n_classes,
                                     .class_name = of->class_name,
                                     .n_samples = samples->n,
                                     .n_train = samples->n_train};
    mmofl_status st = mmofl_builder_begin(&plan, builder, err);
    for (size_t i = 0; i < samples->n && !st; i++) {
        builder->label[i] = samples->sample[i].label;
        builder->owner[i] = samples->sample[i].owner;
        builder->time[i] = samples->sample[i].time;
    }
    return st;
}

static mmofl_status fill(const mmofl_dir_filling *filling, const mmofl_log_sink *log,
                         mmofl_error *err)
{
    mmofl_status st = mmofl_dir_read_tables(filling, err);
    if (!st)
        st = mmofl_dir_read_files(filling, err);
    if (!st)
        st = mmofl_archive_within(filling->folder->archive,
                                  mask_absent(filling, log, err), err);
    return st;
}

static mmofl_status build(const mmofl_dir_description *of,
                          const mmofl_dir_samples *samples,
                          const mmofl_dir_folder *folder, const mmofl_log_sink *log,
                          mmofl_dataset **out, mmofl_error *err)
{
    mmofl_builder builder;
    mmofl_status st = begin(of, samples, &builder, err);
    if (st)
        return st;
    mmofl_dir_filling filling = {.of = of,
                                 .samples = samples,
                                 .folder = folder,
                                 .builder = &builder,
                                 .absent =
                                     calloc(samples->n, (size_t)of->n_modalities)};
    st = filling.absent
             ? fill(&filling, log, err)
             : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %zu samples", samples->n);
    free(filling.absent);
    if (!st)
        return mmofl_builder_finish(&builder, out, err);
    mmofl_builder_drop(&builder);
    return st;
}

/* --- the files that say what is there --------------------------------------------- */

static mmofl_status describe(const mmofl_archive *archive, mmofl_arena *arena,
                             mmofl_dir_description *of, mmofl_dir_folder *folder,
                             mmofl_error *err)
{
    size_t entry;
    mmofl_text text;
    mmofl_status st = mmofl_archive_find(archive, "dataset.yaml", &entry, err);
    if (!st)
        st = mmofl_archive_text_at(archive, entry, &text, err);
    if (st)
        return st;
    const char *path = text.name;
    st = mmofl_dir_describe(text, arena, of, err);
    st = mmofl_archive_text_end(archive, &text, st, err);
    return st ? st : mmofl_dir_folder_open(archive, path, folder, err);
}

static mmofl_status read_samples(const mmofl_dir_folder *folder,
                                 const mmofl_dir_description *of,
                                 mmofl_dir_samples *samples, mmofl_error *err)
{
    size_t entry;
    mmofl_text text;
    if (!mmofl_dir_folder_find(folder, of->samples, &entry))
        return mmofl_fail(err, MMOFL_E_MISSING,
                          "%s: holds no %.200s beside dataset.yaml",
                          mmofl_archive_name(folder->archive), of->samples);
    mmofl_status st = mmofl_archive_text_at(folder->archive, entry, &text, err);
    if (st)
        return st;
    st = mmofl_dir_samples_read(of, text, samples, err);
    return mmofl_archive_within(folder->archive, st, err);
}

mmofl_status mmofl_dir_read(const mmofl_archive *archive, const mmofl_log_sink *log,
                            mmofl_dataset **out, mmofl_error *err)
{
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_dir_description of;
    mmofl_dir_folder folder = {0};
    mmofl_dir_samples samples = {0};
    mmofl_status st = describe(archive, &arena, &of, &folder, err);
    if (!st)
        st = read_samples(&folder, &of, &samples, err);
    if (!st)
        st = build(&of, &samples, &folder, log, out, err);
    mmofl_dir_samples_free(&samples);
    mmofl_dir_folder_close(&folder);
    mmofl_arena_free(&arena);
    return st;
}

static mmofl_status import(const mmofl_pick *set, const char *path,
                           const mmofl_log_sink *log, mmofl_dataset **out,
                           mmofl_error *err)
{
    mmofl_archive *archive;
    (void)set;
    mmofl_status st = mmofl_archive_open_outer(path, NULL, &archive, err);
    if (st)
        return st;
    st = mmofl_dir_read(archive, log, out, err);
    mmofl_archive_close(archive);
    return st;
}

const mmofl_data_source mmofl_dir = {
    .kind = {.name = "dir",
             .help = "your own data: a folder or zip with dataset.yaml "
                     "(docs/datasets.md)",
             .source = "whoever dataset.yaml cites"},
    .import = import};
