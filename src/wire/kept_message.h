/* kept_message.h - a message that outlives its arrival. */
#ifndef MMOFL_WIRE_KEPT_MESSAGE_H
#define MMOFL_WIRE_KEPT_MESSAGE_H

#include "wire/messages.h"

/** A message as it travelled, and what was read from it; {0}: none. */
typedef struct mmofl_kept_message {
    uint8_t *bytes;
    size_t size;
    uint64_t session, sequence; /* of its sender; 0: not known */
    mmofl_message message;
} mmofl_kept_message;

/** Forget it; {0} is allowed. */
void mmofl_kept_free(mmofl_kept_message *kept);

/** Replace it by a copy of these bytes and what they say; on failure it stays.
 * @retval those of mmofl_message_read */
MMOFL_CHECKED mmofl_status mmofl_kept_read(mmofl_kept_message *kept, const void *bytes,
                                           size_t size, const mmofl_wire_limits *limits,
                                           mmofl_error *err);

/** Did its sender say it after message `sequence` of that session, as far as is known?
 * A broker may hand over what was said first last. */
static inline bool mmofl_kept_is_after(const mmofl_kept_message *kept, uint64_t session,
                                       uint64_t sequence)
{
    return kept->bytes && kept->session == session && kept->sequence > sequence;
}

#endif
