/* sample_buffer.c - a ring of slots in one block.
 *
 *   header | B labels | B masks | B tags | (B, S_0) values | (B, S_1) values | ...
 *
 * A slot is written first and counted last: a process that dies in between leaves the
 * sample before.  The block is of this machine: byte order and sizes are its own, and
 * the header's first word tells when they are not. */
#define _DEFAULT_SOURCE /* flock */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sodium.h>

#include "data/dataset_parts.h"
#include "device/sample_buffer.h"

enum { MAGIC = 0x314c464d, ALIGN = 64, HEADER_BYTES = 1024 };

/* What the block begins with. */
typedef struct header {
    uint32_t magic, slots;
    mmofl_digest signals; /* of what the slots hold */
    uint64_t arrivals;    /* the last `slots` of them are held */
    mmofl_sensor_record record;
} header;

/* A slot, besides label, mask and values. */
typedef struct tag {
    uint64_t arrival;
    uint64_t check; /* of all of the slot; another: torn */
    uint32_t standardized;
    char id[MMOFL_SAMPLE_ID_BYTES];
} tag;

struct mmofl_sample_buffer {
    const mmofl_signals *signals;
    int slots, fd; /* fd: -1 in memory */
    unsigned char *block;
    size_t bytes;
    header *head;
    int32_t *label;
    uint32_t *mask;
    tag *tag;
    float *values[MMOFL_MAX_MODALITIES];
    mmofl_dataset *set; /* the slots as a data set */
    /* The labelled ones, for a learner: (slots) each. */
    mmofl_arena arena;
    uint32_t *slot, *view_mask;
    int32_t *view_label;
};

/* ---- the block ---- */

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

/* Where the parts lie; block NULL: only how long it is.  b may be NULL then. */
static size_t lay_out(const mmofl_signals *s, int slots, unsigned char *block,
                      mmofl_sample_buffer *b)
{
    size_t n = (size_t)slots, at = HEADER_BYTES;
    if (b)
        b->label = (void *)(block + at);
    at += aligned(n * sizeof(int32_t));
    if (b)
        b->mask = (void *)(block + at);
    at += aligned(n * sizeof(uint32_t));
    if (b)
        b->tag = (void *)(block + at);
    at += aligned(n * sizeof(tag));
    for (int m = 0; m < s->n; m++) {
        if (b)
            b->values[m] = (void *)(block + at);
        at += aligned(n * s->count[m] * sizeof(float));
    }
    return at;
}

size_t mmofl_sample_buffer_bytes(const mmofl_signals *signals, int slots)
{
    return lay_out(signals, slots, NULL, NULL);
}

/* What makes two blocks hold the same sort of samples. */
static mmofl_digest digest_of(const mmofl_signals *s)
{
    crypto_generichash_state d;
    mmofl_digest digest;
    crypto_generichash_init(&d, NULL, 0, sizeof digest.bytes);
    for (int m = 0; m < s->n; m++) {
        const mmofl_modality *modality = &s->modality[m];
        size_t channels = mmofl_signals_channels(s, m) * sizeof(float);
        crypto_generichash_update(&d, (const void *)modality->name,
                                  strlen(modality->name) + 1);
        crypto_generichash_update(&d, (const void *)modality->shape.dim,
                                  (size_t)modality->shape.n * sizeof(int));
        if (modality->dtype == MMOFL_F32) {
            crypto_generichash_update(&d, (const void *)s->mean[m], channels);
            crypto_generichash_update(&d, (const void *)s->sd[m], channels);
        }
    }
    for (int c = 0; c < s->n_classes; c++)
        crypto_generichash_update(&d, (const void *)s->class_name[c],
                                  strlen(s->class_name[c]) + 1);
    crypto_generichash_final(&d, digest.bytes, sizeof digest.bytes);
    return digest;
}

/* FNV-1a over 32-bit words: enough to tell a torn slot. */
static uint64_t fold(uint64_t hash, const void *from, size_t bytes)
{
    const unsigned char *at = from;
    for (size_t i = 0; i + 4 <= bytes; i += 4) {
        uint32_t word;
        memcpy(&word, at + i, sizeof word);
        hash = (hash ^ word) * 0x100000001b3u;
    }
    return hash;
}

static uint64_t check_of(const mmofl_sample_buffer *b, size_t slot)
{
    const tag *t = &b->tag[slot];
    uint64_t hash = fold(0xcbf29ce484222325u, &t->arrival, sizeof t->arrival);
    hash = fold(hash, &t->standardized, sizeof t->standardized);
    hash = fold(hash, t->id, sizeof t->id);
    hash = fold(hash, &b->label[slot], sizeof *b->label);
    hash = fold(hash, &b->mask[slot], sizeof *b->mask);
    for (int m = 0; m < b->signals->n; m++)
        if (b->mask[slot] >> m & 1)
            hash = fold(hash, b->values[m] + slot * b->signals->count[m],
                        b->signals->count[m] * sizeof(float));
    return hash;
}

/* Is what the slot holds that arrival, and whole? */
static bool slot_is_sound(const mmofl_sample_buffer *b, uint64_t arrival)
{
    size_t slot = (size_t)(arrival % (uint64_t)b->slots);
    uint32_t known = (uint32_t)((UINT64_C(1) << b->signals->n) - 1);
    return b->tag[slot].arrival == arrival && b->mask[slot] != 0 &&
           (b->mask[slot] & ~known) == 0 && b->label[slot] >= MMOFL_NO_LABEL &&
           b->label[slot] < b->signals->n_classes &&
           b->tag[slot].check == check_of(b, slot);
}

/* ---- opening ---- */

static mmofl_status fail_file(mmofl_error *err, const char *path, const char *what)
{
    int e = errno;
    return mmofl_fail(err,
                      e == ENOSPC || e == EDQUOT ? MMOFL_E_NO_SPACE
                      : e == ENOENT              ? MMOFL_E_NOT_FOUND
                                                 : MMOFL_E_IO,
                      "%s: %s: %s", path, what, strerror(e));
}

/* The file, locked, and as long as it must be; *is_new: it was empty. */
static mmofl_status open_file(mmofl_sample_buffer *b, const char *path, bool *is_new,
                              mmofl_error *err)
{
    b->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (b->fd < 0)
        return fail_file(err, path, "not opened");
    if (flock(b->fd, LOCK_EX | LOCK_NB) != 0)
        return mmofl_fail(err, MMOFL_E_STATE, "%s: another process is using it", path);
    off_t size = lseek(b->fd, 0, SEEK_END);
    *is_new = size == 0;
    if (!*is_new && size != (off_t)b->bytes)
        return mmofl_fail(err, MMOFL_E_SHAPE,
                          "%s: %lld bytes; %d samples of these signals take %zu", path,
                          (long long)size, b->slots, b->bytes);
    /* All blocks now, so that a full disk is told here and not by a signal later. */
    int e = *is_new ? posix_fallocate(b->fd, 0, (off_t)b->bytes) : 0;
    if (e) {
        errno = e;
        mmofl_status st = fail_file(err, path, "no room for the samples");
        unlink(path);
        return st;
    }
    return MMOFL_OK;
}

static mmofl_status map_block(mmofl_sample_buffer *b, const char *path, bool *is_new,
                              mmofl_error *err)
{
    *is_new = true;
    mmofl_status st = path ? open_file(b, path, is_new, err) : MMOFL_OK;
    if (st)
        return st;
    void *block = mmap(NULL, b->bytes, PROT_READ | PROT_WRITE,
                       path ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, b->fd, 0);
    if (block == MAP_FAILED)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %d samples (%zu bytes)",
                          b->slots, b->bytes);
    b->block = block;
    b->head = (header *)(void *)b->block;
    lay_out(b->signals, b->slots, b->block, b);
    return MMOFL_OK;
}

static mmofl_status read_header(mmofl_sample_buffer *b, const char *path, bool is_new,
                                mmofl_error *err)
{
    mmofl_digest signals = digest_of(b->signals);
    if (is_new) {
        b->head->slots = (uint32_t)b->slots;
        b->head->signals = signals;
        b->head->magic = MAGIC;
        return MMOFL_OK;
    }
    if (b->head->magic != MAGIC)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "%s: no buffer of samples", path);
    if (b->head->slots != (uint32_t)b->slots ||
        memcmp(&b->head->signals, &signals, sizeof signals) != 0)
        return mmofl_fail(err, MMOFL_E_SHAPE, "%s: holds samples of other signals",
                          path);
    return MMOFL_OK;
}

/* The slots as a data set: its arrays are the block's.  (Tokens are floats in a slot,
 * so the set is not asked for them.) */
static mmofl_status make_set(mmofl_sample_buffer *b, mmofl_error *err)
{
    const mmofl_signals *s = b->signals;
    mmofl_status st = mmofl_dataset_new(0, &b->set, err);
    if (st)
        return st;
    b->set->n_modalities = s->n;
    b->set->n_classes = s->n_classes;
    b->set->n_samples = b->set->n_train = (size_t)b->slots;
    b->set->mask = b->mask;
    b->set->label = b->label;
    b->set->standardize = s->standardize;
    for (int m = 0; m < s->n; m++) {
        b->set->modality[m] = s->modality[m];
        b->set->values[m] = b->values[m];
        b->set->mean[m] = s->mean[m];
        b->set->sd[m] = s->sd[m];
    }
    return mmofl_dataset_tile(b->set, err);
}

static mmofl_status make_view(mmofl_sample_buffer *b, mmofl_error *err)
{
    size_t n = (size_t)b->slots;
    b->slot = MMOFL_ARENA_NEW(&b->arena, n, uint32_t);
    b->view_mask = MMOFL_ARENA_NEW(&b->arena, n, uint32_t);
    b->view_label = MMOFL_ARENA_NEW(&b->arena, n, int32_t);
    return b->slot && b->view_mask && b->view_label
               ? MMOFL_OK
               : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %d samples", b->slots);
}

mmofl_status mmofl_sample_buffer_open(const mmofl_signals *signals, int slots,
                                      const char *path, mmofl_sample_buffer **out,
                                      mmofl_error *err)
{
    mmofl_sample_buffer *b = calloc(1, sizeof *b);
    bool is_new;
    if (!b)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %d samples", slots);
    *b = (mmofl_sample_buffer){.signals = signals, .slots = slots, .fd = -1};
    b->bytes = mmofl_sample_buffer_bytes(signals, slots);
    mmofl_status st = map_block(b, path, &is_new, err);
    if (!st)
        st = read_header(b, path, is_new, err);
    if (!st)
        st = make_set(b, err);
    if (!st)
        st = make_view(b, err);
    if (st) {
        mmofl_sample_buffer_close(b);
        return st;
    }
    *out = b;
    return MMOFL_OK;
}

void mmofl_sample_buffer_close(mmofl_sample_buffer *b)
{
    if (!b)
        return;
    mmofl_dataset_close(b->set);
    if (b->block)
        munmap(b->block, b->bytes);
    if (b->fd >= 0)
        close(b->fd);
    mmofl_arena_free(&b->arena);
    free(b);
}

mmofl_status mmofl_sample_buffer_sync(mmofl_sample_buffer *b, mmofl_error *err)
{
    if (b->fd < 0 || msync(b->block, b->bytes, MS_SYNC) == 0)
        return MMOFL_OK;
    return fail_file(err, "sample buffer", "not on the disk");
}

/* ---- taking ---- */

static void count_values(mmofl_sensor_record *r, int m, const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        r->sum[m] += (double)values[i];
        r->squares[m] += (double)values[i] * (double)values[i];
    }
}

void mmofl_sample_buffer_push(mmofl_sample_buffer *b, const mmofl_line *line)
{
    const mmofl_signals *s = b->signals;
    uint64_t arrival = b->head->arrivals;
    size_t slot = (size_t)(arrival % (uint64_t)b->slots);
    mmofl_sensor_record *r = &b->head->record;
    r->samples++;
    r->unlabelled += line->label == MMOFL_NO_LABEL;
    for (int m = 0; m < s->n; m++) {
        if (!(line->mask >> m & 1)) {
            r->missing[m]++;
            continue;
        }
        memcpy(b->values[m] + slot * s->count[m], line->values[m],
               s->count[m] * sizeof(float));
        count_values(r, m, line->values[m], s->count[m]);
    }
    b->label[slot] = line->label;
    b->mask[slot] = line->mask;
    tag *t = &b->tag[slot];
    t->arrival = arrival;
    t->standardized = line->standardized;
    memset(t->id, 0, sizeof t->id);
    memcpy(t->id, line->id, strlen(line->id));
    t->check = check_of(b, slot);
    b->head->arrivals = arrival + 1;
}

/* The first arrival that may be held. */
static uint64_t oldest(const mmofl_sample_buffer *b)
{
    uint64_t n = b->head->arrivals, slots = (uint64_t)b->slots;
    return n > slots ? n - slots : 0;
}

bool mmofl_sample_buffer_label(mmofl_sample_buffer *b, const char *id, int32_t label)
{
    for (uint64_t a = b->head->arrivals; a-- > oldest(b);) {
        size_t slot = (size_t)(a % (uint64_t)b->slots);
        if (!slot_is_sound(b, a) || strcmp(b->tag[slot].id, id) != 0)
            continue;
        b->label[slot] = label;
        b->tag[slot].check = check_of(b, slot);
        return true;
    }
    return false;
}

uint64_t mmofl_sample_buffer_arrivals(const mmofl_sample_buffer *b)
{
    return b->head->arrivals;
}

int mmofl_sample_buffer_held(const mmofl_sample_buffer *b)
{
    return (int)(b->head->arrivals - oldest(b));
}

const mmofl_sensor_record *mmofl_sample_buffer_record(const mmofl_sample_buffer *b)
{
    return &b->head->record;
}

void mmofl_sample_buffer_forget_record(mmofl_sample_buffer *b)
{
    b->head->record = (mmofl_sensor_record){0};
}

/* ---- giving ---- */

static void slot_values(const mmofl_sample_buffer *b, size_t slot, int m, float *values)
{
    size_t n = b->signals->count[m];
    if (b->tag[slot].standardized || b->signals->modality[m].dtype == MMOFL_TOKENS)
        memcpy(values, b->values[m] + slot * n, n * sizeof *values);
    else
        mmofl_dataset_values(b->set, slot, m, values);
}

static void fetch(void *context, int i, int m, float *values)
{
    const mmofl_sample_buffer *b = context;
    slot_values(b, b->slot[i], m, values);
}

mmofl_buffer_view mmofl_sample_buffer_view(mmofl_sample_buffer *b, uint64_t from)
{
    mmofl_buffer_view view = {.samples = {.mask = b->view_mask,
                                          .label = b->view_label,
                                          .fetch = fetch,
                                          .context = b}};
    for (uint64_t a = oldest(b); a < b->head->arrivals; a++) {
        size_t slot = (size_t)(a % (uint64_t)b->slots);
        if (b->label[slot] == MMOFL_NO_LABEL || !slot_is_sound(b, a))
            continue;
        int i = view.samples.n++;
        b->slot[i] = (uint32_t)slot;
        b->view_mask[i] = b->mask[slot];
        b->view_label[i] = b->label[slot];
        view.fresh += a >= from;
    }
    return view;
}

bool mmofl_sample_buffer_last(mmofl_sample_buffer *b, int m, float *values)
{
    uint64_t n = b->head->arrivals;
    size_t slot = (size_t)((n - 1) % (uint64_t)b->slots);
    if (n == 0 || !slot_is_sound(b, n - 1) || !(b->mask[slot] >> m & 1))
        return false;
    slot_values(b, slot, m, values);
    return true;
}
