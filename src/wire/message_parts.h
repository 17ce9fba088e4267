/* message_parts.h - what the files that read and write messages share; internal. */
#ifndef MMOFL_WIRE_MESSAGE_PARTS_H
#define MMOFL_WIRE_MESSAGE_PARTS_H

#include <wire/mmofl.pb-c.h>

#include "wire/memory.h"
#include "wire/messages.h"

/** A message on its way in or out. */
typedef struct mmofl_passage {
    mmofl_wire_memory *memory; /* of all that it needs */
    const mmofl_wire_limits *limits;
    mmofl_error *err; /* reading */
} mmofl_passage;

/* ---- texts and digests ----------------------------------------------------------- */

/** Is the text what a person may be shown?  @retval E_LIMIT, E_SYNTAX, E_MISSING
 * (empty, and least is 1) */
MMOFL_CHECKED mmofl_status mmofl_read_text(mmofl_passage *p, const char *what,
                                           const char *in, size_t least, size_t most,
                                           bool lines);
/** A copy that mmofl_read_text lets in: cut, what is not allowed as '?'.  NULL: no
 * memory. */
char *mmofl_write_text(mmofl_passage *p, const char *text, size_t most, bool lines);

/** 32 bytes; none where it is empty and may be.  @retval E_MISSING, E_COUNT */
MMOFL_CHECKED mmofl_status mmofl_read_digest(mmofl_passage *p, const char *what,
                                             const ProtobufCBinaryData *in,
                                             bool may_miss, mmofl_digest *out);
/** Empty when it is none. */
ProtobufCBinaryData mmofl_write_digest(const mmofl_digest *digest);

/** Finite and from min to max.  @retval E_NONFINITE, E_RANGE */
MMOFL_CHECKED mmofl_status mmofl_read_real(mmofl_passage *p, const char *what,
                                           double in, double min, double max);

/* ---- tensors --------------------------------------------------------------------- */

/** The tensor that a message should have: one or two dimensions. */
typedef struct mmofl_expected {
    const char *what; /* "parameters" */
    size_t dim[2];    /* dim[1] 0: one dimension */
    bool exact;       /* F32, dense */
} mmofl_expected;

/** Its numbers, all finite; they live as long as the message. */
MMOFL_CHECKED mmofl_status mmofl_read_floats(mmofl_passage *p,
                                             const Mmofl__Wire__Tensor *in,
                                             mmofl_expected expected, float **out);
MMOFL_CHECKED mmofl_status mmofl_read_counts(mmofl_passage *p,
                                             const Mmofl__Wire__Tensor *in,
                                             mmofl_expected expected, uint32_t **out);

/** A tensor of that shape whose data are still to come, `bytes` of them.  NULL: no
 * memory. */
Mmofl__Wire__Tensor *mmofl_write_tensor(mmofl_passage *p, mmofl_expected shape,
                                        Mmofl__Wire__Dtype dtype);
/** Exact; borrows the values where this machine keeps them as the wire does.  NULL: no
 * memory. */
Mmofl__Wire__Tensor *mmofl_write_floats(mmofl_passage *p, const float *values,
                                        mmofl_expected shape);
Mmofl__Wire__Tensor *mmofl_write_counts(mmofl_passage *p, const uint32_t *values,
                                        mmofl_expected shape);

/** n floats as bytes of the wire, borrowed or in p's memory; data NULL: no memory. */
ProtobufCBinaryData mmofl_write_float_bytes(mmofl_passage *p, const float *values,
                                            size_t n);
/** And back, in place where that can be; n floats.  @retval E_COUNT, E_NONFINITE,
 * E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_read_float_bytes(mmofl_passage *p, const char *what,
                                                  const ProtobufCBinaryData *in,
                                                  size_t n, float **out);

/** Prototypes of a Task or an Update: both or neither, as the limits say. */
MMOFL_CHECKED mmofl_status mmofl_read_prototypes(mmofl_passage *p,
                                                 const Mmofl__Wire__Prototypes *in,
                                                 float **value, uint32_t **count);
Mmofl__Wire__Prototypes *mmofl_write_prototypes(mmofl_passage *p, const float *value,
                                                const uint32_t *count);

/** The rule's numbers: there exactly where `wanted`; else *out is NULL. */
MMOFL_CHECKED mmofl_status mmofl_read_rule(mmofl_passage *p,
                                           const Mmofl__Wire__Tensor *in, bool wanted,
                                           float **out);

/* ---- what belongs to a round ------------------------------------------------------
 */

/** What Task, Update and PartialSum begin with.
 * @retval E_STATE  no model is known  @retval E_RANGE  round 0  @retval E_MISSING,
 * E_COUNT */
MMOFL_CHECKED mmofl_status mmofl_read_head(mmofl_passage *p, uint64_t round,
                                           const ProtobufCBinaryData *config_in,
                                           const ProtobufCBinaryData *model_in,
                                           mmofl_digest *config, mmofl_digest *model);

/** A device's report.  @retval E_MISSING, E_NONFINITE, E_RANGE */
MMOFL_CHECKED mmofl_status mmofl_read_report(mmofl_passage *p,
                                             const Mmofl__Wire__Report *in,
                                             mmofl_device_report *out);
void mmofl_write_report(const mmofl_device_report *in, Mmofl__Wire__Report *out);

/* ---- the messages, one by one ---------------------------------------------------- */

/* For each kind a pair, such as
 *
 *   mmofl_status mmofl_read_hello(p, const Mmofl__Wire__Hello *in, mmofl_hello *out);
 *   mmofl_status mmofl_write_hello(p, const mmofl_hello *in, Mmofl__Wire__Hello *out);
 *
 * Reading gives the statuses of mmofl_message_read.  Writing finds *out initialised;
 * what it then points to is borrowed from *in or in p's memory; E_MEMORY. */
#define MMOFL_MESSAGE_PAIR(lower, Wire, type)                                          \
    MMOFL_CHECKED mmofl_status mmofl_read_##lower(                                     \
        mmofl_passage *p, const Mmofl__Wire__##Wire *in, mmofl_##type *out);           \
    MMOFL_CHECKED mmofl_status mmofl_write_##lower(                                    \
        mmofl_passage *p, const mmofl_##type *in, Mmofl__Wire__##Wire *out);

MMOFL_MESSAGE_PAIR(hello, Hello, hello)
MMOFL_MESSAGE_PAIR(welcome, Welcome, welcome)
MMOFL_MESSAGE_PAIR(refusal, Refusal, refusal)
MMOFL_MESSAGE_PAIR(round, Round, round_notice)
MMOFL_MESSAGE_PAIR(task, Task, task)
MMOFL_MESSAGE_PAIR(update, Update, update_message)
MMOFL_MESSAGE_PAIR(decline, Decline, decline)
MMOFL_MESSAGE_PAIR(ack, Ack, ack)
MMOFL_MESSAGE_PAIR(want, Want, want)
MMOFL_MESSAGE_PAIR(heartbeat, Heartbeat, heartbeat)
MMOFL_MESSAGE_PAIR(bye, Bye, bye)
MMOFL_MESSAGE_PAIR(partial_sum, PartialSum, partial_message)

/** The coding of an update's parameters, once all else is laid out: they go where the
 * tensor's data lie already.  Changes the residual, so it comes last.
 * @retval E_NONFINITE, E_RANGE */
MMOFL_CHECKED mmofl_status mmofl_write_update_numbers(const mmofl_passage *p,
                                                      const mmofl_update_message *in,
                                                      const Mmofl__Wire__Update *out);

#endif
