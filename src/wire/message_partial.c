/* message_partial.c - what a shard hands over to its root.
 *
 * Reports and sums are as many as the limits say, so that the memory of a hostile one
 * is bounded before it is taken; what the numbers mean, fed/partial.c checks. */
#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/message_parts.h"

/* ---- reports --------------------------------------------------------------------- */

static mmofl_status read_reports(mmofl_passage *p, const Mmofl__Wire__PartialSum *in,
                                 mmofl_partial *out)
{
    size_t n = in->n_reports;
    if (n > p->limits->devices)
        return mmofl_fail(p->err, MMOFL_E_LIMIT, "%zu reports, wanted at most %u", n,
                          p->limits->devices);
    if (n == 0)
        return MMOFL_OK;
    uint32_t *device = MMOFL_WIRE_NEW(p->memory, n, uint32_t);
    mmofl_device_report *report = MMOFL_WIRE_NEW(p->memory, n, mmofl_device_report);
    if (!device || !report)
        return mmofl_fail(p->err, MMOFL_E_MEMORY, "no memory for reports");
    for (size_t i = 0; i < n; i++) {
        const Mmofl__Wire__DeviceReport *each = in->reports[i];
        if (each->device >= p->limits->devices)
            return mmofl_fail(p->err, MMOFL_E_RANGE, "a report of device %llu of %u",
                              (unsigned long long)each->device, p->limits->devices);
        device[i] = (uint32_t)each->device;
        mmofl_status st = mmofl_read_report(p, each->report, &report[i]);
        if (st)
            return st;
    }
    out->n = (uint32_t)n;
    out->device = device;
    out->report = report;
    return MMOFL_OK;
}

static mmofl_status write_reports(mmofl_passage *p, const mmofl_partial *in,
                                  Mmofl__Wire__PartialSum *out)
{
    size_t n = in->n;
    if (n == 0)
        return MMOFL_OK;
    Mmofl__Wire__DeviceReport *each =
        MMOFL_WIRE_NEW(p->memory, n, Mmofl__Wire__DeviceReport);
    Mmofl__Wire__Report *report = MMOFL_WIRE_NEW(p->memory, n, Mmofl__Wire__Report);
    out->reports = MMOFL_WIRE_NEW(p->memory, n, Mmofl__Wire__DeviceReport *);
    if (!each || !report || !out->reports)
        return MMOFL_E_MEMORY;
    for (size_t i = 0; i < n; i++) {
        mmofl__wire__device_report__init(&each[i]);
        mmofl_write_report(&in->report[i], &report[i]);
        each[i].device = in->device[i];
        each[i].report = &report[i];
        out->reports[i] = &each[i];
    }
    out->n_reports = n;
    return MMOFL_OK;
}

/* ---- sums ------------------------------------------------------------------------ */

/* In place where this machine keeps numbers as the wire does: protobuf-c's block is
 * aligned for them, and the message's own. */
static const int64_t *read_numbers(const ProtobufCBinaryData *in, size_t n)
{
    union {
        uint8_t *bytes;
        int64_t *numbers;
    } at = {in->data};
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = mmofl_bytes_load(in->data + 8 * i, 8);
        memcpy(&at.numbers[i], &bits, sizeof bits);
    }
    return at.numbers;
}

static mmofl_status read_sums(mmofl_passage *p, const Mmofl__Wire__PartialSum *in,
                              mmofl_partial *out)
{
    size_t n = in->n_sums, numbers = 0;
    if (n != (size_t)p->limits->sums)
        return mmofl_fail(p->err, MMOFL_E_SHAPE, "%zu sums, wanted %d", n,
                          p->limits->sums);
    mmofl_sum_part *sum = MMOFL_WIRE_NEW(p->memory, n, mmofl_sum_part);
    if (!sum)
        return mmofl_fail(p->err, MMOFL_E_MEMORY, "no memory for sums");
    for (size_t i = 0; i < n; i++) {
        const Mmofl__Wire__Sum *each = in->sums[i];
        size_t length = each->numbers.len / 8;
        if (each->numbers.len % 8 != 0)
            return mmofl_fail(p->err, MMOFL_E_COUNT, "a sum of %zu bytes",
                              each->numbers.len);
        numbers += length;
        sum[i] = (mmofl_sum_part){length, read_numbers(&each->numbers, length),
                                  each->weight, each->bound};
    }
    if (numbers != p->limits->sum_numbers)
        return mmofl_fail(p->err, MMOFL_E_SHAPE, "sums of %zu numbers, wanted %zu",
                          numbers, p->limits->sum_numbers);
    out->n_sums = p->limits->sums;
    out->sum = sum;
    return MMOFL_OK;
}

static ProtobufCBinaryData write_numbers(mmofl_passage *p, const int64_t *numbers,
                                         size_t n)
{
    uint8_t *bytes = MMOFL_WIRE_NEW(p->memory, 8 * n, uint8_t);
    for (size_t i = 0; bytes && i < n; i++)
        mmofl_bytes_store(bytes + 8 * i, (uint64_t)numbers[i], 8);
    return mmofl_wire_bytes(bytes, 8 * n);
}

static mmofl_status write_sums(mmofl_passage *p, const mmofl_partial *in,
                               Mmofl__Wire__PartialSum *out)
{
    size_t n = (size_t)in->n_sums;
    Mmofl__Wire__Sum *each = MMOFL_WIRE_NEW(p->memory, n, Mmofl__Wire__Sum);
    out->sums = MMOFL_WIRE_NEW(p->memory, n, Mmofl__Wire__Sum *);
    if (!each || !out->sums)
        return MMOFL_E_MEMORY;
    for (size_t i = 0; i < n; i++) {
        mmofl__wire__sum__init(&each[i]);
        each[i].numbers = write_numbers(p, in->sum[i].number, in->sum[i].n);
        each[i].weight = in->sum[i].weight;
        each[i].bound = in->sum[i].bound;
        if (!each[i].numbers.data)
            return MMOFL_E_MEMORY;
        out->sums[i] = &each[i];
    }
    out->n_sums = n;
    return MMOFL_OK;
}

/* ---- the message ----------------------------------------------------------------- */

mmofl_status mmofl_read_partial_sum(mmofl_passage *p, const Mmofl__Wire__PartialSum *in,
                                    mmofl_partial_message *out)
{
    uint64_t fleet = p->limits->devices;
    if (fleet == 0)
        return mmofl_fail(p->err, MMOFL_E_UNSUPPORTED,
                          "sums, of one that is no shard here");
    mmofl_status st = mmofl_read_head(p, in->round, &in->config_digest,
                                      &in->model_digest, &out->config, &out->model);
    if (st)
        return st;
    if (in->devices == 0 || in->devices > fleet || in->first > fleet - in->devices)
        return mmofl_fail(p->err, MMOFL_E_RANGE, "%llu devices from %llu on, of %u",
                          (unsigned long long)in->devices,
                          (unsigned long long)in->first, p->limits->devices);
    if (in->n_counts != p->limits->counts)
        return mmofl_fail(p->err, MMOFL_E_COUNT, "%zu counts, wanted %zu", in->n_counts,
                          p->limits->counts);
    out->partial = (mmofl_partial){.round = in->round,
                                   .first = in->first,
                                   .devices = in->devices,
                                   .late = in->late,
                                   .n_counts = in->n_counts,
                                   .count = in->counts};
    st = read_reports(p, in, &out->partial);
    return st ? st : read_sums(p, in, &out->partial);
}

mmofl_status mmofl_write_partial_sum(mmofl_passage *p, const mmofl_partial_message *in,
                                     Mmofl__Wire__PartialSum *out)
{
    const mmofl_partial *part = &in->partial;
    assert(part->round >= 1 && part->n_sums == p->limits->sums);
    assert(part->n_counts == p->limits->counts);
    out->round = part->round;
    out->config_digest = mmofl_write_digest(&in->config);
    out->model_digest = mmofl_write_digest(&in->model);
    out->first = part->first;
    out->devices = part->devices;
    out->late = part->late;
    out->n_counts = part->n_counts;
    out->counts = (uint64_t *)(void *)mmofl_wire_bytes(part->count, 0).data;
    mmofl_status st = write_reports(p, part, out);
    return st ? st : write_sums(p, part, out);
}
