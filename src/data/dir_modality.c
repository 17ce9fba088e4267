/* dir_modality.c - one entry of `modalities`: from which kind of file, with which keys,
 * and of what shape. */
#include <math.h>
#include <string.h>

#include "base/yaml_option.h"
#include "data/dir_parts.h"

/* --- a modality ------------------------------------------------------------------- */

/* What a modality is read from: does its path say {id}? */
enum id_rule { ID_MAY, ID_MUST, NO_PATH };

static const struct source {
    const char *name, *what; /* the key; "an npy modality" */
    enum id_rule rule;
} sources[MMOFL_DIR_KINDS] = {
    [MMOFL_DIR_NPY] = {"npy", "an npy modality", ID_MAY},
    [MMOFL_DIR_CSV] = {"csv", "a csv modality", ID_MUST},
    [MMOFL_DIR_SOUND] = {"sound", "a sound modality", ID_MUST},
    [MMOFL_DIR_IMAGE] = {"image", "an image modality", ID_MUST},
    [MMOFL_DIR_TEXT] = {"text", "a text modality", ID_MUST},
    [MMOFL_DIR_TEXT_COLUMN] = {"text_column", "a text_column modality", NO_PATH},
    [MMOFL_DIR_TOKENS] = {"tokens", "a tokens modality", ID_MAY},
};

static mmofl_status read_from(mmofl_dir_reading *r, const mmofl_yaml_node *node,
                              void *into)
{
    mmofl_dir_modality *m = into;
    const struct source *source = &sources[m->kind];
    if (node->type != MMOFL_YAML_SCALAR)
        return mmofl_yaml_refuse_type(
            node, source->name,
            source->rule == NO_PATH ? "the name of a column" : "a path", r->err);
    m->from = node->text;
    m->place = node->place;
    if (source->rule == NO_PATH)
        return MMOFL_OK;
    mmofl_status st = mmofl_dir_check_path(r, node, &m->per_sample);
    if (!st && source->rule == ID_MUST && !m->per_sample)
        st = mmofl_yaml_fail(&node->place, MMOFL_E_MISSING, r->err,
                             "'%.200s' would be one file for all samples; wanted {id} "
                             "in it",
                             node->text);
    return st;
}

static mmofl_status read_shape(mmofl_dir_reading *r, const mmofl_yaml_node *list,
                               void *into)
{
    static const mmofl_option dimension = {
        .name = "shape", .type = MMOFL_OPTION_INT, .min = 1, .max = MMOFL_DIR_VALUES};
    mmofl_shape shape = {0};
    size_t count = 1;
    if (list->type != MMOFL_YAML_LIST)
        return mmofl_yaml_refuse_type(list, "shape", "a list such as [128, 3]", r->err);
    if (list->n < 1 || list->n > MMOFL_MAX_DIMS)
        return mmofl_yaml_fail(&list->place, MMOFL_E_SHAPE, r->err,
                               "shape has %d dimensions; wanted 1 to %d", list->n,
                               MMOFL_MAX_DIMS);
    for (const mmofl_yaml_node *c = list->first; c; c = c->next) {
        int *dim = &shape.dim[shape.n++];
        mmofl_status st = mmofl_yaml_read_option(&dimension, c, r->arena, dim, r->err);
        if (st)
            return st;
        count *= (size_t)*dim; /* 2^24 * 2^24 at most */
        if (count > MMOFL_DIR_VALUES)
            return mmofl_yaml_fail(&list->place, MMOFL_E_LIMIT, r->err,
                                   "a sample of more than %d values", MMOFL_DIR_VALUES);
    }
    ((mmofl_dir_modality *)into)->modality.shape = shape;
    return MMOFL_OK;
}

static mmofl_status read_columns(mmofl_dir_reading *r, const mmofl_yaml_node *list,
                                 void *into)
{
    mmofl_dir_modality *m = into;
    m->n_columns = list->n;
    return mmofl_dir_read_names(r, list, "columns", 1, 1024, &m->column);
}

static const mmofl_dir_key log_mel_keys[] = {
    {MMOFL_INT_OPTION(mmofl_log_mel_options, bands, 1, MMOFL_LOG_MEL_BANDS, "40", ""),
     MMOFL_DIR_ANY, NULL},
    {MMOFL_REAL_OPTION(mmofl_log_mel_options, window_ms, MMOFL_POSITIVE, 1e6, "25", ""),
     MMOFL_DIR_ANY, NULL},
    {MMOFL_REAL_OPTION(mmofl_log_mel_options, hop_ms, MMOFL_POSITIVE, 1e6, "10", ""),
     MMOFL_DIR_ANY, NULL}};

static mmofl_status read_log_mel(mmofl_dir_reading *r, const mmofl_yaml_node *map,
                                 void *into)
{
    return mmofl_dir_read_keys(
        r, map, log_mel_keys, sizeof log_mel_keys / sizeof *log_mel_keys, MMOFL_DIR_ANY,
        "log_mel", &((mmofl_dir_modality *)into)->log_mel);
}

#define ARRAYS (MMOFL_DIR_BIT(MMOFL_DIR_NPY) | MMOFL_DIR_BIT(MMOFL_DIR_CSV))
#define TEXTS                                                                          \
    (MMOFL_DIR_BIT(MMOFL_DIR_TEXT) | MMOFL_DIR_BIT(MMOFL_DIR_TEXT_COLUMN) |            \
     MMOFL_DIR_BIT(MMOFL_DIR_TOKENS))

#define FROM(kind, its_name)                                                           \
    {                                                                                  \
        MMOFL_DIR_LISTED(its_name, NULL, "where its values are"), MMOFL_DIR_BIT(kind), \
            read_from                                                                  \
    }

static const mmofl_dir_key modality_keys[] = {
    FROM(MMOFL_DIR_NPY, "npy"),
    FROM(MMOFL_DIR_CSV, "csv"),
    FROM(MMOFL_DIR_SOUND, "sound"),
    FROM(MMOFL_DIR_IMAGE, "image"),
    FROM(MMOFL_DIR_TEXT, "text"),
    FROM(MMOFL_DIR_TEXT_COLUMN, "text_column"),
    FROM(MMOFL_DIR_TOKENS, "tokens"),
    {MMOFL_DIR_LISTED("columns", NULL, "names of the columns that are its channels"),
     MMOFL_DIR_BIT(MMOFL_DIR_CSV), read_columns},
    {MMOFL_DIR_LISTED("shape", NULL, "of a sample, channels last, such as [128, 3]"),
     ARRAYS, read_shape},
    {MMOFL_TEXT_OPTION(mmofl_dir_modality, unit, "", ""), ARRAYS, NULL},
    {MMOFL_REAL_OPTION(mmofl_dir_modality, rate_hz, 0, 1e12, "0", ""), ARRAYS, NULL},
    {MMOFL_REAL_OPTION(mmofl_dir_modality, seconds, MMOFL_POSITIVE, 1e6, NULL,
                       "how much of each sound is taken"),
     MMOFL_DIR_BIT(MMOFL_DIR_SOUND), NULL},
    {MMOFL_INT_OPTION(mmofl_dir_modality, sample_rate, 1, 768000, NULL,
                      "samples a second, which all files must have"),
     MMOFL_DIR_BIT(MMOFL_DIR_SOUND), NULL},
    {MMOFL_DIR_LISTED("log_mel", "", "bands over time instead of the sound itself"),
     MMOFL_DIR_BIT(MMOFL_DIR_SOUND), read_log_mel},
    {MMOFL_INT_OPTION(mmofl_dir_modality, side, 4, 1024, NULL,
                      "of the square picture in pixels"),
     MMOFL_DIR_BIT(MMOFL_DIR_IMAGE), NULL},
    {MMOFL_INT_OPTION(mmofl_dir_modality, length, 1, 65536, NULL,
                      "tokens kept of each text"),
     TEXTS, NULL},
    {MMOFL_INT_OPTION(mmofl_dir_modality, vocabulary, 2, 1 << 24, NULL,
                      "token ids, padding counted"),
     TEXTS, NULL},
    {MMOFL_BOOL_OPTION(mmofl_dir_modality, optional, "false", ""), MMOFL_DIR_ANY,
     NULL}};

/* Shape of the sound or its spectrogram. */
static mmofl_status shape_sound(mmofl_dir_reading *r, const mmofl_yaml_node *map,
                                mmofl_dir_modality *m)
{
    double samples = round(m->seconds * m->sample_rate);
    mmofl_modality *out = &m->modality;
    mmofl_log_mel *mel;
    mmofl_error why = {0};
    if (!(samples >= 1 && samples <= MMOFL_DIR_VALUES))
        return mmofl_yaml_fail(&map->place, MMOFL_E_RANGE, r->err,
                               "seconds: %g seconds are %.0f samples; wanted 1 to %d",
                               m->seconds, samples, MMOFL_DIR_VALUES);
    m->sound_samples = (size_t)samples;
    if (m->log_mel.bands == 0) {
        out->shape = (mmofl_shape){2, {(int)samples, 1}};
        out->rate_hz = m->sample_rate;
        return MMOFL_OK;
    }
    mmofl_status st =
        mmofl_log_mel_new(&m->log_mel, m->sample_rate, m->sound_samples, &mel, &why);
    if (st)
        return mmofl_yaml_fail(&mmofl_yaml_get(map, "log_mel")->place, st, r->err, "%s",
                               why.text);
    size_t frames = mmofl_log_mel_frames(mel);
    out->shape = (mmofl_shape){2, {(int)frames, m->log_mel.bands}};
    out->rate_hz = mmofl_log_mel_rate_hz(mel);
    m->unit = "log power";
    mmofl_log_mel_delete(mel);
    if (frames > (size_t)(MMOFL_DIR_VALUES / m->log_mel.bands))
        return mmofl_yaml_fail(&map->place, MMOFL_E_LIMIT, r->err,
                               "a sample of more than %d values", MMOFL_DIR_VALUES);
    return MMOFL_OK;
}

/* dtype, shape, rate and unit from the keys of the kind. */
static mmofl_status shape_modality(mmofl_dir_reading *r, const mmofl_yaml_node *map,
                                   mmofl_dir_modality *m)
{
    mmofl_modality *out = &m->modality;
    const mmofl_yaml_node *shape = mmofl_yaml_get(map, "shape");
    int channels = out->shape.n ? out->shape.dim[out->shape.n - 1] : 0;
    out->dtype = MMOFL_F32;
    out->rate_hz = m->rate_hz;
    switch (m->kind) {
    case MMOFL_DIR_CSV:
        if (out->shape.n < 2 || channels != m->n_columns)
            return mmofl_yaml_fail(&shape->place, MMOFL_E_SHAPE, r->err,
                                   "shape: wanted rows, then %d for the columns",
                                   m->n_columns);
        return MMOFL_OK;
    case MMOFL_DIR_SOUND:
        return shape_sound(r, map, m);
    case MMOFL_DIR_IMAGE:
        out->shape = (mmofl_shape){3, {m->side, m->side, 3}};
        return MMOFL_OK;
    case MMOFL_DIR_TEXT:
    case MMOFL_DIR_TEXT_COLUMN:
    case MMOFL_DIR_TOKENS:
        out->dtype = MMOFL_TOKENS;
        out->vocabulary = m->vocabulary;
        out->shape = (mmofl_shape){1, {m->length}};
        return MMOFL_OK;
    default:
        return MMOFL_OK;
    }
}

/* Which kind of modality the map is: exactly one of the sources' keys is in it. */
static mmofl_status find_kind(mmofl_dir_reading *r, const mmofl_yaml_node *map,
                              mmofl_dir_kind *kind)
{
    const mmofl_yaml_node *found = NULL;
    if (map->type != MMOFL_YAML_MAP)
        return mmofl_yaml_refuse_type(map, map->key,
                                      "a map such as {npy: acc.npy, ...}", r->err);
    for (const mmofl_yaml_node *c = map->first; c; c = c->next)
        for (int k = 0; k < MMOFL_DIR_KINDS; k++) {
            if (strcmp(c->key, sources[k].name) != 0)
                continue;
            if (found)
                return mmofl_yaml_fail(&c->key_place, MMOFL_E_DUPLICATE, r->err,
                                       "%.100s has both %s and %s; wanted one source",
                                       map->key, found->key, c->key);
            found = c;
            *kind = (mmofl_dir_kind)k;
        }
    return found ? MMOFL_OK
                 : mmofl_yaml_fail(&map->place, MMOFL_E_MISSING, r->err,
                                   "%.100s has no source; wanted one of npy, csv, "
                                   "sound, image, text, text_column, tokens",
                                   map->key);
}

mmofl_status mmofl_dir_read_modality(mmofl_dir_reading *r, const mmofl_yaml_node *map,
                                     mmofl_dir_modality *m)
{
    *m = (mmofl_dir_modality){.unit = ""};
    mmofl_status st =
        mmofl_dir_check_name(r, &map->key_place, "a modality's name", map->key);
    if (!st)
        st = find_kind(r, map, &m->kind);
    if (!st)
        st = mmofl_dir_read_keys(r, map, modality_keys,
                                 sizeof modality_keys / sizeof *modality_keys,
                                 MMOFL_DIR_BIT(m->kind), sources[m->kind].what, m);
    if (!st)
        st = shape_modality(r, map, m);
    const mmofl_yaml_node *unit = mmofl_yaml_get(map, "unit");
    if (!st && unit && *m->unit)
        st = mmofl_dir_check_name(r, &unit->place, "a unit", m->unit);
    if (st)
        return st;
    snprintf(m->modality.name, sizeof m->modality.name, "%s", map->key);
    snprintf(m->modality.unit, sizeof m->modality.unit, "%s", m->unit);
    return MMOFL_OK;
}
