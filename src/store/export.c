/* export.c - rows of the store as lines of text, written as they come: a long run takes
 * no more memory than a short one.
 *
 * CSV and JSON lines are one walk with one sink that differs in how it joins fields: a
 * field is a name and a text, which is empty for what was not measured. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text_file.h"
#include "store/export.h"

enum {
    NUMBER_BYTES = 32,
    NAME_BYTES = MMOFL_PART_BYTES + 16,
    PARTS = 4 * MMOFL_ROUND_EVALUATIONS
};

/* A text file on its way. */
typedef struct sheet {
    mmofl_text_file file;
    FILE *stream;     /* of the file */
    const char *path; /* where it will be */
    mmofl_error *err;
    bool is_json, is_line_begun;
    int n_parts;
    char parts[PARTS][MMOFL_PART_BYTES]; /* by name */
} sheet;

static mmofl_status sheet_open(sheet *s, const char *path, bool is_json,
                               mmofl_error *err)
{
    *s = (sheet){.path = path, .is_json = is_json, .err = err};
    mmofl_status st = mmofl_text_file_open(&s->file, path, err);
    s->stream = s->file.to;
    return st;
}

/* The file is there if status is OK; the sheet is gone either way. */
static mmofl_status sheet_close(sheet *s, mmofl_status status)
{
    return mmofl_text_file_close(&s->file, status, s->err);
}

static void put_field(sheet *s, const char *name, const char *text)
{
    if (s->is_json && *text == '\0')
        return;
    if (s->is_line_begun)
        fputc(',', s->stream);
    else if (s->is_json)
        fputc('{', s->stream);
    if (s->is_json)
        fprintf(s->stream, "\"%s\":", name);
    fputs(text, s->stream);
    s->is_line_begun = true;
}

static void end_line(sheet *s)
{
    fputs(s->is_json ? "}\n" : "\n", s->stream);
    s->is_line_begun = false;
}

static void put_count(sheet *s, const char *name, int64_t count)
{
    char text[NUMBER_BYTES];
    snprintf(text, sizeof text, "%" PRId64, count);
    put_field(s, name, text);
}

static bool reads_back(double x, int digits, char text[NUMBER_BYTES])
{
    snprintf(text, NUMBER_BYTES, "%.*g", digits, x);
    return strtod(text, NULL) == x;
}

/* The shortest text that reads back as x; 17 digits always do.  One digit more is never
 * further from x, so the number of digits can be found by halves - but not for a power
 * of two, whose neighbours below are nearer than those above. */
static void number_text(double x, char text[NUMBER_BYTES])
{
    enum { MOST = 17 };
    int exponent, digits = 1, enough = MOST;
    bool halves = fabs(frexp(x, &exponent)) != 0.5;
    while (halves && digits < enough) {
        int middle = (digits + enough) / 2;
        if (reads_back(x, middle, text))
            enough = middle;
        else
            digits = middle + 1;
    }
    while (!reads_back(x, digits, text) && digits < MOST)
        digits++;
}

static mmofl_status put_real(sheet *s, const char *name, double x)
{
    char text[NUMBER_BYTES] = "";
    if (isinf(x))
        return mmofl_fail(s->err, MMOFL_E_NONFINITE, "%s: %s is infinite", s->path,
                          name);
    if (!isnan(x))
        number_text(x, text);
    put_field(s, name, text);
    return MMOFL_OK;
}

static mmofl_status note_part(void *context, const char *part)
{
    sheet *s = context;
    if (s->n_parts > 0 && strcmp(s->parts[0], part) == 0)
        return MMOFL_OK; /* "test" is there before any */
    if (s->n_parts == PARTS)
        return mmofl_fail(s->err, MMOFL_E_LIMIT, "%s: over %d parts were evaluated",
                          s->path, PARTS);
    snprintf(s->parts[s->n_parts++], MMOFL_PART_BYTES, "%s", part);
    return MMOFL_OK;
}

static int compare_parts(const void *a, const void *b)
{
    return strcmp(a, b);
}

static mmofl_status list_parts(mmofl_run_store *store, int64_t run, sheet *s)
{
    mmofl_status st = note_part(s, "test");
    if (!st)
        st = mmofl_run_store_each_part(store, run, note_part, s, s->err);
    if (!st)
        qsort(s->parts, (size_t)s->n_parts, sizeof s->parts[0], compare_parts);
    return st;
}

/* The three fields of a part; e NULL: not evaluated. */
static mmofl_status put_evaluation(sheet *s, const char *part,
                                   const mmofl_evaluation_record *e)
{
    const struct {
        const char *name;
        double value;
    } fields[] = {{"loss", e ? e->loss : (double)NAN},
                  {"accuracy", e ? e->accuracy : (double)NAN},
                  {"macro_f1", e ? e->macro_f1 : (double)NAN}};
    mmofl_status st = MMOFL_OK;
    for (size_t i = 0; i < sizeof fields / sizeof *fields && !st; i++) {
        char name[NAME_BYTES];
        snprintf(name, sizeof name, "%s_%s", part, fields[i].name);
        st = put_real(s, name, fields[i].value);
    }
    return st;
}

static mmofl_status put_round(void *context, const mmofl_round_record *r)
{
    sheet *s = context;
    mmofl_status st = MMOFL_OK;
    put_count(s, "round", r->round);
#define PUT_REAL(name, may_lack)                                                       \
    if (!st)                                                                           \
        st = put_real(s, #name, r->name);
#define PUT_COUNT(name) put_count(s, #name, r->name);
    MMOFL_ROUND_METRIC_LIST(PUT_REAL, PUT_COUNT)
    for (int p = 0, i = 0; p < s->n_parts && !st; p++) {
        const mmofl_evaluation_record *e = NULL;
        if (i < r->n_evaluations && strcmp(r->evaluations[i].part, s->parts[p]) == 0)
            e = &r->evaluations[i++];
        st = put_evaluation(s, s->parts[p], e);
    }
    end_line(s);
    return st;
}

static void put_header(sheet *s)
{
#define PUT_REAL_NAME(name, may_lack) "," #name
#define PUT_COUNT_NAME(name) "," #name
    fputs("round" MMOFL_ROUND_METRIC_LIST(PUT_REAL_NAME, PUT_COUNT_NAME), s->stream);
    for (int p = 0; p < s->n_parts; p++)
        fprintf(s->stream, ",%s_loss,%s_accuracy,%s_macro_f1", s->parts[p], s->parts[p],
                s->parts[p]);
    fputc('\n', s->stream);
}

static mmofl_status export_metrics(mmofl_run_store *store, int64_t run,
                                   const char *path, bool is_json, mmofl_error *err)
{
    sheet s;
    mmofl_status st = sheet_open(&s, path, is_json, err);
    if (st)
        return st;
    st = list_parts(store, run, &s);
    if (!st && !is_json)
        put_header(&s);
    if (!st)
        st = mmofl_run_store_each_round(store, run, put_round, &s, err);
    return sheet_close(&s, st);
}

mmofl_status mmofl_export_metrics_csv(mmofl_run_store *store, int64_t run,
                                      const char *path, mmofl_error *err)
{
    return export_metrics(store, run, path, false, err);
}

mmofl_status mmofl_export_metrics_jsonl(mmofl_run_store *store, int64_t run,
                                        const char *path, mmofl_error *err)
{
    return export_metrics(store, run, path, true, err);
}

static mmofl_status put_cell(void *context, const mmofl_confusion_cell *cell)
{
    sheet *s = context;
    fprintf(s->stream, "%d,%s,%d,%d,%" PRIu64 "\n", cell->round, cell->part,
            cell->true_class, cell->predicted_class, cell->count);
    return MMOFL_OK;
}

mmofl_status mmofl_export_confusion_csv(mmofl_run_store *store, int64_t run,
                                        const char *path, mmofl_error *err)
{
    sheet s;
    mmofl_status st = sheet_open(&s, path, false, err);
    if (st)
        return st;
    fputs("round,part,true_class,predicted_class,count\n", s.stream);
    st = mmofl_run_store_each_confusion(store, run, put_cell, &s, err);
    return sheet_close(&s, st);
}

static mmofl_status put_measure(void *context, int round, const mmofl_measure *m)
{
    sheet *s = context;
    if (!isfinite(m->value))
        return mmofl_fail(s->err, MMOFL_E_NONFINITE, "%s: %s is not finite", s->path,
                          m->name);
    char device[NUMBER_BYTES] = "", value[NUMBER_BYTES];
    if (m->device >= 0)
        snprintf(device, sizeof device, "%d", m->device);
    number_text(m->value, value);
    fprintf(s->stream, "%d,%s,%s,%s,%s\n", round, m->name, m->modality, device, value);
    return MMOFL_OK;
}

mmofl_status mmofl_export_measures_csv(mmofl_run_store *store, int64_t run,
                                       const char *path, mmofl_error *err)
{
    sheet s;
    mmofl_status st = sheet_open(&s, path, false, err);
    if (st)
        return st;
    fputs("round,name,modality,device,value\n", s.stream);
    st = mmofl_run_store_each_measure(store, run, put_measure, &s, err);
    return sheet_close(&s, st);
}

static mmofl_status put_injected(void *context, int round,
                                 const mmofl_injected_record *i)
{
    sheet *s = context;
    fprintf(s->stream, "%d,%d,%s,%" PRId64 ",%" PRId64 ",%" PRId64 "\n", round,
            i->device, i->modality, i->samples, i->missing, i->disturbed);
    return MMOFL_OK;
}

mmofl_status mmofl_export_injected_csv(mmofl_run_store *store, int64_t run,
                                       const char *path, mmofl_error *err)
{
    sheet s;
    mmofl_status st = sheet_open(&s, path, false, err);
    if (st)
        return st;
    fputs("round,device,modality,samples,missing,disturbed\n", s.stream);
    st = mmofl_run_store_each_injected(store, run, put_injected, &s, err);
    return sheet_close(&s, st);
}
