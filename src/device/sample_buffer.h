/* sample_buffer.h - the last samples that reached a device, first in, first out.
 *
 *   arrivals: 0 1 2 ...  | n - B ........ n - 1 |      B slots, arrival a in slot a % B
 *
 * It is a block of memory, or a file that is mapped: then a sample that was taken
 * outlives the process, kill -9 included; what a power cut tears is found by the check
 * of its slot and left out.  The slots are a data set, so values are standardised by
 * the code that does it in the simulator, with the same bits.  Labels may come later,
 * or never: what has none is held, and not trained on. Shapes: B slots, M modalities of
 * S_m values. */
#ifndef MMOFL_DEVICE_SAMPLE_BUFFER_H
#define MMOFL_DEVICE_SAMPLE_BUFFER_H

#include "device/sample_line.h"
#include "learn/learner.h"

typedef struct mmofl_sample_buffer mmofl_sample_buffer;

/** What sensors delivered since the last time it was forgotten. */
typedef struct mmofl_sensor_record {
    uint64_t samples, unlabelled;           /* unlabelled when they came */
    uint64_t missing[MMOFL_MAX_MODALITIES]; /* of them */
    double sum[MMOFL_MAX_MODALITIES], squares[MMOFL_MAX_MODALITIES]; /* over values */
} mmofl_sensor_record;

/** A buffer of B = slots >= 1 samples of these signals (borrowed), in memory (path
 * NULL) or in a file, which is made where there is none, and goes on otherwise.
 * @retval E_SHAPE    the file is of other signals or of another number of slots
 * @retval E_CORRUPT  no such file, or a damaged one
 * @retval E_STATE    another process has it
 * @retval E_NO_SPACE, E_NOT_FOUND (folder), E_IO, E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_sample_buffer_open(const mmofl_signals *signals,
                                                    int slots, const char *path,
                                                    mmofl_sample_buffer **buffer,
                                                    mmofl_error *err);

/** NULL is allowed. */
void mmofl_sample_buffer_close(mmofl_sample_buffer *buffer);

/** Bytes of B such samples, as they lie in memory or in the file. */
size_t mmofl_sample_buffer_bytes(const mmofl_signals *signals, int slots);

/** Take a sample (a line of that kind); the oldest leaves when the buffer is full.
 * Cost: O(sum of S_m), allocates nothing. */
void mmofl_sample_buffer_push(mmofl_sample_buffer *buffer, const mmofl_line *line);

/** A label for a sample that was told before; false: that sample is gone, or never was.
 * Of samples with the same id the latest counts.  Cost: O(B). */
bool mmofl_sample_buffer_label(mmofl_sample_buffer *buffer, const char *id,
                               int32_t label);

/** Samples that ever came, and how many are held. */
uint64_t mmofl_sample_buffer_arrivals(const mmofl_sample_buffer *buffer);
int mmofl_sample_buffer_held(const mmofl_sample_buffer *buffer);

/** The labelled samples for a learner, oldest first; those from arrival number `from`
 * on count as fresh.  Valid until the next push or label.  Cost: O(B). */
mmofl_buffer_view mmofl_sample_buffer_view(mmofl_sample_buffer *buffer, uint64_t from);

/** The values of the sample that came last, standardised, for a prediction: modality
 * m's S_m into values; false: it lacks m. */
bool mmofl_sample_buffer_last(mmofl_sample_buffer *buffer, int m, float *values);

/** What came, for quality statistics. */
const mmofl_sensor_record *
mmofl_sample_buffer_record(const mmofl_sample_buffer *buffer);
void mmofl_sample_buffer_forget_record(mmofl_sample_buffer *buffer);

/** Put the file on the disk (nothing to be done in memory).  @retval E_IO, E_NO_SPACE
 */
MMOFL_CHECKED mmofl_status mmofl_sample_buffer_sync(mmofl_sample_buffer *buffer,
                                                    mmofl_error *err);

#endif
