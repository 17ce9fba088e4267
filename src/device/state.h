/* state.h - what a device must still know after a restart, in one folder:
 *
 *   welcome      the Welcome message that the plan was made of
 *   task         the last Task: model, prototypes, round
 *   answer       what the device made of it: the Update or Decline; what it keeps for
 *                the aggregation rule and as the error of lossy codings, before the
 *                answer, and, until the coordinator has said whether it used it, after
 *   samples      the buffer (sample_buffer.h)
 *
 * Messages are kept as the bytes that travelled, behind a header with their digest, and
 * replaced atomically: a process that dies leaves the file before or after, and one
 * that died after training sends the same bytes again. */
#ifndef MMOFL_DEVICE_STATE_H
#define MMOFL_DEVICE_STATE_H

#include "mmofl/status.h"
#include "wire/digest.h"

/** Files of the state folder. */
#define MMOFL_STATE_WELCOME "welcome"
#define MMOFL_STATE_TASK "task"
#define MMOFL_STATE_ANSWER "answer"
#define MMOFL_STATE_SAMPLES "samples"

/** A file of the state folder: up to five parts.  Those of an answer: the message; the
 * rule's numbers and the coding's error, before it; the same after it. */
enum {
    MMOFL_STATE_MESSAGE,
    MMOFL_STATE_BEFORE,
    MMOFL_STATE_AFTER = 3,
    MMOFL_STATE_PARTS = 5
};

typedef struct mmofl_state_part {
    const void *data;
    size_t size;
} mmofl_state_part;

typedef struct mmofl_state_file {
    uint64_t round;
    uint64_t arrivals; /* samples that had come when it was made */
    mmofl_state_part part[MMOFL_STATE_PARTS];
    unsigned char *memory; /* of one that was read: mmofl_state_file_free */
} mmofl_state_file;

/** Write DIR/name.  sync: be on the disk when it returns.
 * @retval E_NO_SPACE, E_NOT_FOUND (folder), E_IO, E_LIMIT (path) */
MMOFL_CHECKED mmofl_status mmofl_state_write(const char *folder, const char *name,
                                             const mmofl_state_file *file, bool sync,
                                             mmofl_error *err);

/** Read DIR/name, of at most `limit` bytes.
 * @retval E_NOT_FOUND  there is none
 * @retval E_TRUNCATED, E_CORRUPT, E_VERSION, E_LIMIT, E_IO, E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_state_read(const char *folder, const char *name,
                                            size_t limit, mmofl_state_file *file,
                                            mmofl_error *err);

/** Remove DIR/name where it is. */
void mmofl_state_remove(const char *folder, const char *name);

void mmofl_state_file_free(mmofl_state_file *file);

#endif
