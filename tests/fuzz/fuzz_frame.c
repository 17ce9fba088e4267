/* fuzz_frame.c - no payload may crash the reader; what it accepts is a chunk that lies
 * inside its object, and is written again as a payload that reads the same.  A payload
 * whose check alone is wrong is given the right one, or hardly any would be accepted.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/frames.h"

enum { LIMIT = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const mmofl_frame *frame)
{
    uint8_t *payload = malloc(mmofl_frame_bytes(frame));
    mmofl_frame back;
    mmofl_error err;
    if (!payload)
        return;
    size_t size = mmofl_frame_write(frame, payload);
    if (size > mmofl_frame_bytes(frame) ||
        mmofl_frame_read(payload, size, LIMIT, &back, &err) != MMOFL_OK)
        abort();
    if (back.chunk != frame->chunk || back.chunk_bytes != frame->chunk_bytes ||
        back.object_bytes != frame->object_bytes || back.ask != frame->ask ||
        back.size != frame->size || memcmp(back.data, frame->data, back.size) != 0)
        abort();
    free(payload);
}

/* The numbers of a frame from the first bytes, the data from the rest. */
static void write_and_read(const uint8_t *data, size_t size)
{
    mmofl_frame frame = {0};
    uint64_t number[3];
    if (size < sizeof number)
        return;
    memcpy(number, data, sizeof number);
    frame.object_bytes = number[0] % LIMIT;
    frame.chunk_bytes = (uint32_t)(number[1] % LIMIT);
    frame.chunk = (uint32_t)number[2] % 4096;
    frame.ask = number[2] >> 63;
    frame.data = data + sizeof number;
    frame.size = size - sizeof number;
    uint8_t *payload = malloc(mmofl_frame_bytes(&frame));
    mmofl_frame back;
    mmofl_error err;
    if (payload &&
        mmofl_frame_read(payload, mmofl_frame_write(&frame, payload), LIMIT, &back,
                         &err) == MMOFL_OK &&
        (uint64_t)back.chunk * back.chunk_bytes + back.size > back.object_bytes)
        abort();
    free(payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mmofl_frame frame;
    mmofl_error err;
    if (mmofl_frame_read(data, size, LIMIT, &frame, &err) == MMOFL_OK)
        check_again(&frame);
    write_and_read(data, size);
    return 0;
}
