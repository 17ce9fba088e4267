/* admission.c - the list, line by line. */
#define _POSIX_C_SOURCE 200809L
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/file.h"
#include "base/number.h"
#include "pki/admission.h"

enum { LIST_BYTES = 256 << 20, FIELDS = 3 };

bool mmofl_device_name_is_valid(const char *name)
{
    return mmofl_wire_name_is_valid(name) && strcmp(name, "coordinator") != 0 &&
           strcmp(name, "broker") != 0;
}

/* ---- reading ---- */

/* One line, split at blanks; a comment counts as none. */
typedef struct line {
    const char *file;
    size_t number;
    int n; /* fields; FIELDS + 1: more than there may be */
    struct {
        const char *at;
        size_t bytes;
    } field[FIELDS + 1];
} line;

static void split(line *l, const char *at, const char *end)
{
    l->n = 0;
    while (l->n <= FIELDS) {
        while (at < end && isspace((unsigned char)*at))
            at++;
        if (at == end || (*at == '#' && l->n == 0))
            return;
        const char *from = at;
        while (at < end && !isspace((unsigned char)*at))
            at++;
        l->field[l->n].at = from;
        l->field[l->n++].bytes = (size_t)(at - from);
    }
}

static bool field_is(const line *l, int i, const char *text)
{
    return l->field[i].bytes == strlen(text) &&
           memcmp(l->field[i].at, text, l->field[i].bytes) == 0;
}

static mmofl_status read_number(const line *l, uint32_t expected, mmofl_error *err)
{
    const char *at = l->field[0].at;
    uint64_t number;
    if (mmofl_number_whole(&at, &number) || at != l->field[0].at + l->field[0].bytes)
        return mmofl_fail(err, MMOFL_E_SYNTAX,
                          "%s:%zu: '%.*s' is no number of a device", l->file, l->number,
                          (int)l->field[0].bytes, l->field[0].at);
    if (number != expected)
        return mmofl_fail(
            err, MMOFL_E_RANGE,
            "%s:%zu: number %llu; devices are numbered in turn, wanted %u", l->file,
            l->number, (unsigned long long)number, expected);
    return MMOFL_OK;
}

static mmofl_status read_name(const line *l, mmofl_admitted *device, mmofl_error *err)
{
    size_t n = l->field[1].bytes;
    if (n < sizeof device->name) {
        memcpy(device->name, l->field[1].at, n);
        device->name[n] = '\0';
        if (mmofl_device_name_is_valid(device->name))
            return MMOFL_OK;
    }
    return mmofl_fail(err, MMOFL_E_RANGE,
                      "%s:%zu: no device may be called '%.*s'; wanted 1 to %d of A-Z "
                      "a-z 0-9 . _ -, no dot in front, not coordinator or broker",
                      l->file, l->number, (int)(n < 80 ? n : 80), l->field[1].at,
                      MMOFL_WIRE_NAME_BYTES - 1);
}

static mmofl_status read_key(const line *l, mmofl_admitted *device, mmofl_error *err)
{
    size_t bytes;
    if (field_is(l, 2, "-")) {
        device->how = MMOFL_ADMITTED_BY_NAME;
    } else if (field_is(l, 2, "revoked")) {
        device->how = MMOFL_ADMITTED_NO_MORE;
    } else if (l->field[2].bytes == 2 * sizeof device->key &&
               sodium_hex2bin(device->key, sizeof device->key, l->field[2].at,
                              l->field[2].bytes, NULL, &bytes, NULL) == 0 &&
               bytes == sizeof device->key) {
        device->how = MMOFL_ADMITTED_BY_KEY;
    } else {
        return mmofl_fail(err, MMOFL_E_SYNTAX,
                          "%s:%zu: wanted a public key of %zu hexadecimal digits, - or "
                          "revoked",
                          l->file, l->number, 2 * sizeof device->key);
    }
    return MMOFL_OK;
}

static mmofl_status read_line(const line *l, mmofl_admission_list *a, mmofl_error *err)
{
    mmofl_admitted *device = &a->device[a->n];
    if (l->n != FIELDS)
        return mmofl_fail(err, MMOFL_E_SYNTAX,
                          "%s:%zu: wanted three fields: number, name, public key",
                          l->file, l->number);
    mmofl_status st = read_number(l, a->n, err);
    if (!st)
        st = read_name(l, device, err);
    if (!st)
        st = read_key(l, device, err);
    a->n += st == MMOFL_OK;
    return st;
}

/* qsort has no context: sort pointers, then turn them into numbers. */
static int by_name(const void *x, const void *y)
{
    const mmofl_admitted *const *a = x, *const *b = y;
    return strcmp((*a)->name, (*b)->name);
}

static mmofl_status index_names(mmofl_admission_list *a, const char *file,
                                mmofl_error *err)
{
    const mmofl_admitted **order = malloc((a->n + 1) * sizeof *order);
    a->by_name = MMOFL_ARENA_NEW(&a->arena, a->n, uint32_t);
    mmofl_status st = MMOFL_OK;
    if (!order || !a->by_name)
        st =
            mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory for %u devices", file, a->n);
    for (uint32_t i = 0; !st && i < a->n; i++)
        order[i] = &a->device[i];
    if (!st)
        qsort(order, a->n, sizeof *order, by_name);
    for (uint32_t i = 0; !st && i < a->n; i++) {
        if (i > 0 && strcmp(order[i - 1]->name, order[i]->name) == 0)
            st = mmofl_fail(err, MMOFL_E_DUPLICATE, "%s: two devices are called '%s'",
                            file, order[i]->name);
        else
            a->by_name[i] = mmofl_admission_number_of(a, order[i]);
    }
    free(order);
    return st;
}

/* Room for as many devices as the text has lines. */
static mmofl_status make_room(mmofl_admission_list *a, const char *text, size_t size,
                              const char *file, mmofl_error *err)
{
    size_t lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    size_t most = lines < MMOFL_MOST_DEVICES ? lines : MMOFL_MOST_DEVICES;
    a->device = MMOFL_ARENA_NEW(&a->arena, most, mmofl_admitted);
    return a->device ? MMOFL_OK
                     : mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory for %zu devices",
                                  file, most);
}

static mmofl_status read_text(mmofl_admission_list *a, const char *file,
                              const char *text, size_t size, mmofl_error *err)
{
    mmofl_status st = make_room(a, text, size, file, err);
    line l = {.file = file};
    for (const char *at = text, *end = text + size; !st && at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        l.number++;
        split(&l, at, stop);
        if (l.n > 0 && a->n == MMOFL_MOST_DEVICES)
            st = mmofl_fail(err, MMOFL_E_LIMIT, "%s: more than %d devices", file,
                            MMOFL_MOST_DEVICES);
        else if (l.n > 0)
            st = read_line(&l, a, err);
        at = stop < end ? stop + 1 : end;
    }
    return st ? st : index_names(a, file, err);
}

mmofl_status mmofl_admission_parse(const char *text, size_t size, const char *file,
                                   mmofl_admission_list *out, mmofl_error *err)
{
    mmofl_admission_list a = {.arena = MMOFL_ARENA_INIT};
    mmofl_status st = read_text(&a, file, text, size, err);
    if (st)
        mmofl_admission_free(&a);
    else
        *out = a;
    return st;
}

mmofl_status mmofl_admission_load(const char *path, mmofl_admission_list *out,
                                  mmofl_error *err)
{
    unsigned char *text;
    size_t size;
    mmofl_status st = mmofl_file_read(path, LIST_BYTES, &text, &size, err);
    if (st)
        return st;
    st = mmofl_admission_parse((const char *)text, size, path, out, err);
    free(text);
    return st;
}

/* Room for n devices, whose names are still to come. */
static mmofl_status begin_list(uint32_t n, mmofl_admission_list *a, mmofl_error *err)
{
    *a = (mmofl_admission_list){.arena = MMOFL_ARENA_INIT};
    if (n > MMOFL_MOST_DEVICES)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%u devices; wanted at most %d", n,
                          MMOFL_MOST_DEVICES);
    a->device = MMOFL_ARENA_NEW(&a->arena, n, mmofl_admitted);
    return a->device ? MMOFL_OK
                     : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %u devices", n);
}

/* They are there. */
static mmofl_status end_list(mmofl_admission_list *a, uint32_t n,
                             mmofl_admission_list *out, mmofl_error *err)
{
    a->n = n;
    mmofl_status st = index_names(a, "devices", err);
    if (st)
        mmofl_admission_free(a);
    else
        *out = *a;
    return st;
}

mmofl_status mmofl_admission_number(const char *stem, uint32_t n,
                                    mmofl_admission_list *out, mmofl_error *err)
{
    mmofl_admission_list a;
    mmofl_status st = begin_list(n, &a, err);
    for (uint32_t i = 0; !st && i < n; i++)
        snprintf(a.device[i].name, sizeof a.device->name, "%s-%u", stem, i);
    return st ? st : end_list(&a, n, out, err);
}

mmofl_status mmofl_admission_part(const mmofl_admission_list *whole, uint32_t first,
                                  uint32_t n, mmofl_admission_list *out,
                                  mmofl_error *err)
{
    mmofl_admission_list a;
    mmofl_status st = begin_list(n, &a, err);
    if (st)
        return st;
    memcpy(a.device, whole->device + first, n * sizeof *a.device);
    return end_list(&a, n, out, err);
}

void mmofl_admission_free(mmofl_admission_list *admission)
{
    mmofl_arena_free(&admission->arena);
    *admission = (mmofl_admission_list){.arena = MMOFL_ARENA_INIT};
}

const mmofl_admitted *mmofl_admission_find(const mmofl_admission_list *a,
                                           const char *name)
{
    for (uint32_t low = 0, high = a->n; low < high;) {
        uint32_t middle = low + (high - low) / 2;
        const mmofl_admitted *device = &a->device[a->by_name[middle]];
        int order = strcmp(name, device->name);
        if (order == 0)
            return device;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* ---- writing ---- */

static void write_list(FILE *to, const mmofl_admitted *device, uint32_t n)
{
    fputs("# number, name, public key (Ed25519); written by mmofl pki.  Numbers stay: "
          "lines may be\n# added at the end, and a key become the word revoked.\n",
          to);
    for (uint32_t i = 0; i < n; i++) {
        char key[2 * MMOFL_PUBLIC_KEY_BYTES + 1] = "-";
        if (device[i].how == MMOFL_ADMITTED_NO_MORE)
            memcpy(key, "revoked", sizeof "revoked");
        else if (device[i].how == MMOFL_ADMITTED_BY_KEY)
            sodium_bin2hex(key, sizeof key, device[i].key, sizeof device[i].key);
        fprintf(to, "%u %s %s\n", i, device[i].name, key);
    }
}

mmofl_status mmofl_admission_save(const mmofl_admitted *device, uint32_t n,
                                  const char *path, mmofl_error *err)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path);
    write_list(stream, device, n);
    bool failed = ferror(stream) != 0;
    failed = fclose(stream) != 0 || failed;
    mmofl_status st = failed ? mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path)
                             : mmofl_file_write(path, text, size, true, err);
    free(text);
    return st;
}
