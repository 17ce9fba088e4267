/* frames.h - an object cut into frames, each of them one payload of a bus.
 *
 *   object | chunk 0 | chunk 1 | ... | chunk n-1 |     chunk_bytes each, the last fewer
 *              |         |                 |
 *            Frame     Frame             Frame         {object's name, size, chunk,
 * data, check of all that}
 *
 * A frame names its object, so frames of different objects cannot be mixed up, a frame
 * that comes twice does no harm, and a transfer goes on where it stopped however long
 * ago that was.  assembly.h puts them together. */
#ifndef MMOFL_WIRE_FRAMES_H
#define MMOFL_WIRE_FRAMES_H

#include "wire/digest.h"

enum {
    MMOFL_WIRE_VERSION = 1,          /* of the protocol */
    MMOFL_WIRE_OLDEST_VERSION = 1,   /* that is still spoken */
    MMOFL_FRAME_OVERHEAD = 80,       /* most bytes of a frame beside its data */
    MMOFL_FRAME_LEAST_PAYLOAD = 768, /* packets of 1 KiB, less topic and header */
    MMOFL_FRAME_LEAST_CHUNK = 256    /* of objects of more than one chunk */
};

typedef struct mmofl_frame {
    mmofl_object_id object;
    uint64_t object_bytes; /* >= 1 */
    uint32_t chunk_bytes;  /* >= 1; > 1 chunk: >= MMOFL_FRAME_LEAST_CHUNK */
    uint32_t chunk;        /* < mmofl_frame_chunks */
    bool ask;              /* the sender waits for a Want or an Ack */
    const uint8_t *data;   /* exactly the chunk's bytes */
    size_t size;
} mmofl_frame;

/** Bytes of a chunk whose frame is a payload of at most max_payload bytes; 0: that is
 * less than MMOFL_FRAME_LEAST_PAYLOAD. */
uint32_t mmofl_frame_chunk_bytes(size_t max_payload);

/** ceil(object_bytes / chunk_bytes); 0 for an empty object. */
uint32_t mmofl_frame_chunks(uint64_t object_bytes, uint32_t chunk_bytes);

/** Frame number `chunk` of an object, ready to be written; data are borrowed from it.
 */
mmofl_frame mmofl_frame_cut(const mmofl_object_id *id, const uint8_t *object,
                            size_t size, uint32_t chunk_bytes, uint32_t chunk,
                            bool ask);

/** Most bytes that mmofl_frame_write writes. */
size_t mmofl_frame_bytes(const mmofl_frame *frame);

/** Write the payload, at most mmofl_frame_bytes; returns its size. */
size_t mmofl_frame_write(const mmofl_frame *frame, uint8_t *payload);

/** Read a payload, from which the frame's data are borrowed.
 * @retval E_SYNTAX   not a frame, or not the bytes that a frame must have
 * @retval E_VERSION  of a protocol that is not spoken here
 * @retval E_DIGEST   damaged on its way
 * @retval E_COUNT    sizes and chunk number do not fit together
 * @retval E_LIMIT    an object of more than object_bytes, a chunk too small
 * Cost: O(size); allocates nothing. */
MMOFL_CHECKED mmofl_status mmofl_frame_read(const void *payload, size_t size,
                                            uint64_t object_bytes, mmofl_frame *frame,
                                            mmofl_error *err);

#endif
