/* mvsa_single.c - labels say what there is; each modality then comes from a prepared
 * table where there is one, and from the authors' files where not.
 *
 * A sample of which text and photograph contradict each other has no label and is left
 * out, as in every paper on this set.  Photographs are kept as 0 to 255: mean and sd of
 * the training part scale them when they are handed out, like every other sensor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/archive_text.h"
#include "data/builder.h"
#include "data/delimited.h"
#include "data/id_index.h"
#include "data/mvsa_files.h"
#include "data/mvsa_labels.h"
#include "data/mvsa_single.h"
#include "data/npy.h"
#include "data/text_tokens.h"

enum { IMAGE, TEXT, MODALITIES };

static const char citation[] =
    "T. Niu, S. Zhu, L. Pang, A. El Saddik: Sentiment Analysis on Multi-View Social "
    "Data. MMM 2016. Tweets and photographs of third parties; no licence was ever "
    "published: research use, and nothing of it may be passed on.";

struct reading {
    const mmofl_mvsa_single_options *options;
    const mmofl_archive *tables, *files;
    mmofl_mvsa_labels labels;
    mmofl_mvsa_sample *sample; /* (n) training first, by rising id in each part */
    int32_t *id;               /* (n) theirs */
    int *words;                /* (n) tokens that each text has */
    size_t n, n_train;
    mmofl_builder builder;
};

/* Find a file of that name in the tables' archive or, if not there, in the files'. */
static mmofl_status find(const struct reading *r, const char *tail,
                         const mmofl_archive **archive, size_t *index, mmofl_error *err)
{
    *archive = r->tables;
    mmofl_status st = mmofl_archive_find(r->tables, tail, index, err);
    if (st != MMOFL_E_MISSING || r->files == r->tables)
        return st;
    *archive = r->files;
    return mmofl_archive_find(r->files, tail, index, err);
}

/* Read a file that need not be there: *there says whether it is. */
static mmofl_status read_optional(const struct reading *r, const char *tail,
                                  const mmofl_archive **archive, mmofl_text *text,
                                  bool *there, mmofl_error *err)
{
    size_t index;
    mmofl_error local = {0};
    mmofl_status st = find(r, tail, archive, &index, &local);
    *there = st != MMOFL_E_MISSING;
    if (!*there)
        return MMOFL_OK;
    if (st)
        return mmofl_fail(err, st, "%s", local.text);
    return mmofl_archive_text_at(*archive, index, text, err);
}

/* --- labels and parts ------------------------------------------------------------- */

static mmofl_status read_labels(struct reading *r, mmofl_error *err)
{
    const mmofl_archive *archive;
    mmofl_text text;
    bool there;
    mmofl_status st = read_optional(r, "labels.tsv", &archive, &text, &there, err);
    if (!st && !there)
        st = read_optional(r, "labelResultAll.txt", &archive, &text, &there, err);
    if (st)
        return st;
    if (!there)
        return mmofl_fail(err, MMOFL_E_MISSING,
                          "%s: holds no labelResultAll.txt or labels.tsv",
                          mmofl_archive_name(r->tables));
    st = mmofl_mvsa_labels_read(text, (mmofl_mvsa_split)r->options->split, &r->labels,
                                err);
    return mmofl_archive_within(archive, st, err);
}

/* Does the sample belong to the training part (true) or the test part? */
static bool is_in(const struct reading *r, const mmofl_mvsa_sample *sample, bool train)
{
    if (sample->part == MMOFL_MVSA_DEV)
        return r->options->dev ==
               (train ? (int)MMOFL_MVSA_DEV_TRAIN : (int)MMOFL_MVSA_DEV_TEST);
    return (sample->part == MMOFL_MVSA_TRAIN) == train;
}

static mmofl_status order_samples(struct reading *r, mmofl_error *err)
{
    const mmofl_mvsa_labels *labels = &r->labels;
    r->sample = calloc(labels->n, sizeof *r->sample);
    r->id = calloc(labels->n, sizeof *r->id);
    r->words = calloc(labels->n, sizeof *r->words);
    if (!r->sample || !r->id || !r->words)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %zu samples", labels->n);
    for (int part = 0; part < 2; part++) {
        for (size_t i = 0; i < labels->n; i++)
            if (is_in(r, &labels->sample[i], part == 0)) {
                r->sample[r->n] = labels->sample[i];
                r->id[r->n++] = labels->sample[i].id;
            }
        if (part == 0)
            r->n_train = r->n;
    }
    if (r->n_train == 0)
        return mmofl_fail(err, MMOFL_E_RANGE, "%s: no sample is for training",
                          mmofl_archive_name(r->tables));
    return MMOFL_OK;
}

/* --- prepared tables -------------------------------------------------------------- */

static mmofl_status index_texts(const mmofl_delimited *table, int column,
                                mmofl_id_index *rows, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    for (size_t row = 0; row < mmofl_delimited_rows(table) && !st; row++) {
        int64_t id;
        st = mmofl_delimited_integer(table, row, column, 0, INT32_MAX, &id, err);
        if (!st)
            st = mmofl_id_index_add(rows, id, row, err);
    }
    if (st)
        return st;
    const mmofl_id_entry *twice = mmofl_id_index_sort(rows);
    if (twice)
        st = mmofl_fail(err, MMOFL_E_DUPLICATE, "%s: id %lld is there twice",
                        mmofl_delimited_name(table), (long long)twice->id);
    return st;
}

static mmofl_status read_row(struct reading *r, const mmofl_delimited *table,
                             int column, const mmofl_id_index *rows, size_t i,
                             mmofl_error *err)
{
    size_t row, length = (size_t)r->options->text_length;
    char place[256];
    if (!mmofl_id_index_find(rows, r->id[i], &row))
        return mmofl_fail(err, MMOFL_E_MISSING,
                          "%s: no text for id %d, though it has a label",
                          mmofl_delimited_name(table), (int)r->id[i]);
    mmofl_cell cell = mmofl_delimited_cell(table, row, column);
    mmofl_delimited_place(table, cell, place, sizeof place);
    int32_t *tokens = r->builder.values[TEXT];
    return mmofl_text_tokens(cell.data, cell.size, place, r->options->vocabulary,
                             (int)length, tokens + i * length, NULL, &r->words[i], err);
}

static mmofl_status read_texts(struct reading *r, const mmofl_delimited *table,
                               mmofl_error *err)
{
    int id, text = 0;
    mmofl_id_index rows = {0};
    mmofl_status st = mmofl_delimited_column(table, "id", &id, err);
    if (!st)
        st = mmofl_delimited_column(table, "text", &text, err);
    if (!st)
        st = index_texts(table, id, &rows, err);
    for (size_t i = 0; i < r->n && !st; i++)
        st = read_row(r, table, text, &rows, i, err);
    mmofl_id_index_free(&rows);
    return st;
}

/* Read the texts from texts.tsv, if there is such a file. */
static mmofl_status read_text_table(struct reading *r, bool *there, mmofl_error *err)
{
    const mmofl_archive *archive;
    mmofl_text text;
    mmofl_delimited *table;
    mmofl_status st = read_optional(r, "texts.tsv", &archive, &text, there, err);
    if (st || !*there)
        return st;
    st = mmofl_delimited_open(text, '\t', &table, err);
    if (!st) {
        st = read_texts(r, table, err);
        mmofl_delimited_close(table);
    }
    return mmofl_archive_within(archive, st, err);
}

static mmofl_status copy_images(struct reading *r, const mmofl_npy *npy,
                                const char *name, mmofl_error *err)
{
    size_t side = (size_t)r->options->image_size, count = side * side * 3;
    float *images = r->builder.values[IMAGE];
    if (npy->type != MMOFL_NPY_U8)
        return mmofl_fail(err, MMOFL_E_TYPE, "%s: wanted bytes (|u1)", name);
    if (npy->n_dims != 4 || npy->dim[1] != side || npy->dim[2] != side ||
        npy->dim[3] != 3)
        return mmofl_fail(err, MMOFL_E_SHAPE, "%s: wanted the shape (%zu, %zu, %zu, 3)",
                          name, r->labels.rows, side, side);
    if (npy->dim[0] != r->labels.rows)
        return mmofl_fail(err, MMOFL_E_COUNT,
                          "%s: %zu pictures, but %zu rows of labels", name, npy->dim[0],
                          r->labels.rows);
    mmofl_status st = MMOFL_OK;
    for (size_t i = 0; i < r->n && !st; i++)
        st = mmofl_npy_floats(npy, name, r->sample[i].row * count, count,
                              images + i * count, err);
    return st;
}

/* Read the pictures from images_rgbSIDE.npy, if there is such a file. */
static mmofl_status read_image_table(struct reading *r, bool *there, mmofl_error *err)
{
    const mmofl_archive *archive;
    mmofl_text text;
    mmofl_npy npy;
    char name[64];
    snprintf(name, sizeof name, "images_rgb%d.npy", r->options->image_size);
    mmofl_status st = read_optional(r, name, &archive, &text, there, err);
    if (st || !*there)
        return st;
    st = mmofl_npy_parse(text.data, text.size, text.name, &npy, err);
    if (!st)
        st = copy_images(r, &npy, text.name, err);
    return mmofl_archive_text_end(archive, &text, st, err);
}

/* --- the set ---------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

/* Say what a user may want to know before choosing text_length; sorts r->words. */
static void tell(struct reading *r, bool image_table, const mmofl_log_sink *log)
{
    size_t cut = 0, empty = 0;
    for (size_t i = 0; i < r->n; i++) {
        cut += r->words[i] > r->options->text_length;
        empty += r->words[i] == 0;
    }
    qsort(r->words, r->n, sizeof *r->words, by_size);
    mmofl_log(log, MMOFL_LOG_INFO,
              "mvsa-single: %zu of %zu samples have one sentiment; pictures from %s",
              r->labels.n, r->labels.rows,
              image_table ? "the .npy file" : "the photographs");
    mmofl_log(log, MMOFL_LOG_INFO,
              "mvsa-single: texts have up to %d tokens, half of them up to %d; %zu are "
              "cut at %d, %zu have none",
              r->words[r->n - 1], r->words[r->n / 2], cut, r->options->text_length,
              empty);
}

static mmofl_status read_values(struct reading *r, const mmofl_log_sink *log,
                                mmofl_error *err)
{
    bool image_table, text_table;
    mmofl_status st = read_image_table(r, &image_table, err);
    if (!st)
        st = read_text_table(r, &text_table, err);
    if (st)
        return st;
    mmofl_mvsa_wanted wanted = {.n = r->n,
                                .id = r->id,
                                .side = r->options->image_size,
                                .vocabulary = r->options->vocabulary,
                                .length = r->options->text_length,
                                .words = r->words};
    if (!image_table)
        wanted.images = r->builder.values[IMAGE];
    if (!text_table)
        wanted.tokens = r->builder.values[TEXT];
    if (wanted.images || wanted.tokens)
        st = mmofl_mvsa_files_read(r->files, &wanted, err);
    if (!st)
        tell(r, image_table, log);
    return st;
}

static mmofl_status begin(struct reading *r, mmofl_error *err)
{
    const mmofl_mvsa_single_options *o = r->options;
    const mmofl_modality modalities[MODALITIES] = {
        [IMAGE] = {.name = "image",
                   .dtype = MMOFL_F32,
                   .shape = {3, {o->image_size, o->image_size, 3}}},
        [TEXT] = {.name = "text",
                  .dtype = MMOFL_TOKENS,
                  .vocabulary = o->vocabulary,
                  .shape = {1, {o->text_length}}}};
    const mmofl_builder_plan plan = {.name = mmofl_mvsa_single.kind.name,
                                     .citation = citation,
                                     .n_modalities = MODALITIES,
                                     .modality = modalities,
                                     .n_classes = MMOFL_MVSA_CLASSES,
                                     .class_name = mmofl_mvsa_class_name,
                                     .n_samples = r->n,
                                     .n_train = r->n_train};
    mmofl_status st = mmofl_builder_begin(&plan, &r->builder, err);
    for (size_t i = 0; i < r->n && !st; i++) {
        r->builder.label[i] = r->sample[i].label;
        r->builder.time[i] = r->id[i]; /* who wrote it is not known: owner 0 */
    }
    return st;
}

mmofl_status mmofl_mvsa_single_read(const mmofl_mvsa_single_options *options,
                                    const mmofl_archive *tables,
                                    const mmofl_archive *files,
                                    const mmofl_log_sink *log, mmofl_dataset **out,
                                    mmofl_error *err)
{
    struct reading r = {.options = options, .tables = tables, .files = files};
    mmofl_status st = read_labels(&r, err);
    if (!st)
        st = order_samples(&r, err);
    if (!st && !(st = begin(&r, err))) {
        st = read_values(&r, log, err);
        if (st)
            mmofl_builder_drop(&r.builder);
        else
            st = mmofl_builder_finish(&r.builder, out, err);
    }
    mmofl_mvsa_labels_free(&r.labels);
    free(r.sample);
    free(r.id);
    free(r.words);
    return st;
}

static mmofl_status import(const mmofl_pick *set, const char *path,
                           const mmofl_log_sink *log, mmofl_dataset **out,
                           mmofl_error *err)
{
    mmofl_archive *tables, *files;
    mmofl_status st = mmofl_archive_open_outer(path, NULL, &tables, err);
    if (st)
        return st;
    st = mmofl_archive_open(path, NULL, &files, err);
    if (!st) {
        st = mmofl_mvsa_single_read((const void *)set->options.bytes, tables, files,
                                    log, out, err);
        mmofl_archive_close(files);
    }
    mmofl_archive_close(tables);
    return st;
}

static const mmofl_option options[] = {
    MMOFL_INT_OPTION(mmofl_mvsa_single_options, image_size, 4, 256, "32",
                     "side of the square picture in pixels"),
    MMOFL_INT_OPTION(mmofl_mvsa_single_options, text_length, 1, 512, "24",
                     "words of a text that are kept"),
    MMOFL_INT_OPTION(mmofl_mvsa_single_options, vocabulary, 16, 1 << 24, "4096",
                     "word numbers that words are hashed to, padding counted"),
    MMOFL_CHOICE_OPTION(mmofl_mvsa_single_options, split, MMOFL_MVSA_SPLIT_CHOICES,
                        "auto",
                        "which samples test: a column of labels.tsv, or every tenth of "
                        "a class (drawn)"),
    MMOFL_CHOICE_OPTION(mmofl_mvsa_single_options, dev, "train|test|leave", "train",
                        "what the samples that a split calls dev are for")};

const mmofl_data_source mmofl_mvsa_single = {
    .kind = {.name = "mvsa-single",
             .help = "sentiment of 4,511 tweets, photograph and text",
             .source = "Niu et al., MMM 2016",
             .options = options,
             .n_options = sizeof options / sizeof *options,
             .options_size = sizeof(mmofl_mvsa_single_options)},
    .download = NULL,
    .generated = false,
    .import = import};
