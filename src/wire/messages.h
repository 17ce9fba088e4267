/* messages.h - what coordinator and devices say, as structs and as bytes
 * (docs/wire.md).
 *
 *   device                                   coordinator
 *     | -- Hello ------------------------------> |   who am I to you?
 *     | <------------------------- Welcome ----- |   config, signals, your number
 *     | <------------------- Round (retained) -- |   which round is open
 *     | <---------------------------- Task ----- |   the model of a round
 *     | -- Update | Decline -------------------> |   what became of it
 *     | -- Heartbeat, Bye ---------------------> |
 *   shard: a device, but for
 *     | -- PartialSum -------------------------> |   what became of it at its devices
 *     | <- Refusal ----------------------------- |   not you, not so, not now
 *     | <-- Ack, Want: of each object, either way -> |
 *
 * Shapes: P parameters, M encoders, K classes, D features.  A reader says what it
 * expects (limits); whatever does not fit is refused before memory is taken for it. All
 * integers that are read are within the ranges stated here. */
#ifndef MMOFL_WIRE_MESSAGES_H
#define MMOFL_WIRE_MESSAGES_H

#include "fed/partial.h"
#include "learn/local_rule.h"
#include "learn/message.h"
#include "learn/method.h"
#include "mmofl/dataset.h"
#include "wire/digest.h"
#include "wire/tensor_coding.h"

/** Numbers of the wire: the oneof of Message. */
#define MMOFL_MESSAGE_LIST(X)                                                          \
    X(HELLO, hello, 1)                                                                 \
    X(WELCOME, welcome, 2)                                                             \
    X(REFUSAL, refusal, 3)                                                             \
    X(ROUND, round, 4)                                                                 \
    X(TASK, task, 5)                                                                   \
    X(UPDATE, update, 6)                                                               \
    X(DECLINE, decline, 7)                                                             \
    X(ACK, ack, 8)                                                                     \
    X(WANT, want, 9)                                                                   \
    X(HEARTBEAT, heartbeat, 10)                                                        \
    X(BYE, bye, 11)                                                                    \
    X(PARTIAL_SUM, partial_sum, 12)

typedef enum mmofl_message_kind {
#define MMOFL_MESSAGE_ENUM(name, lower, number) MMOFL_MESSAGE_##name = (number),
    MMOFL_MESSAGE_LIST(MMOFL_MESSAGE_ENUM)
#undef MMOFL_MESSAGE_ENUM
} mmofl_message_kind;

/** "hello"; "?" for a number that is no kind. */
const char *mmofl_message_kind_name(mmofl_message_kind kind);

/** The kind by a message's first bytes, without reading it; 0: none that is known. */
mmofl_message_kind mmofl_message_kind_peek(const void *message, size_t size);

/* ---------------------------------------------------------------- what is expected */

enum {
    MMOFL_WIRE_CONFIG_BYTES = 1000000,            /* of the learning config */
    MMOFL_WIRE_TEXT_BYTES = MMOFL_ERROR_TEXT - 1, /* of Refusal, Decline */
    MMOFL_WIRE_LINE_BYTES = 200, /* of Ack.text, Bye.reason, Hello.program */
    MMOFL_WIRE_RANGES = 32       /* of a Want */
};

/** What a reader lets in, and what a writer writes by. */
typedef struct mmofl_wire_limits {
    size_t message_bytes; /* of the largest message */
    size_t parameters;    /* P; 0: no model is known, so Task and Update are refused */
    size_t encoders, classes, features; /* M, K, D */
    bool prototypes;         /* of the method: Task and Update must have them */
    bool rule_down, rule_up; /* numbers of the aggregation rule: likewise */
    /* Of a PartialSum: devices of the fleet (0: none is let in), and its shape. */
    uint32_t devices;
    int sums;
    size_t sum_numbers, counts;
} mmofl_wire_limits;

/** Before a model is known: joining, and care.  A Welcome of any size that is allowed.
 */
mmofl_wire_limits mmofl_wire_limits_join(void);

/** With the planned model: as join, and Task and Update of exactly that model.
 * method: NULL: pm; rule: the devices' side of the aggregation, NULL: none. */
mmofl_wire_limits mmofl_wire_limits_of(const mmofl_model *model,
                                       const mmofl_method_kind *method,
                                       const mmofl_local_kind *rule);

/** Let PartialSums of that shape in, too, of a fleet of so many devices. */
void mmofl_wire_limits_add_partial(mmofl_wire_limits *limits,
                                   const mmofl_partial_shape *shape, uint32_t devices);

/* ---------------------------------------------------------------- the messages */

typedef struct mmofl_hello {
    uint32_t oldest_version, newest_version; /* of the protocol, oldest <= newest */
    mmofl_digest config; /* of the Welcome that it has kept; none: it has none */
    uint64_t round;      /* the last that it answered; 0: none */
    const char *program; /* "mmofl-device 0.1.0" */
} mmofl_hello;

/** The newest version that both speak.  @retval E_VERSION  there is none */
MMOFL_CHECKED mmofl_status mmofl_wire_version_choose(const mmofl_hello *hello,
                                                     uint32_t *version);

/** A modality as devices must deliver it. */
typedef struct mmofl_signal {
    mmofl_modality modality;
    const float *mean, *sd; /* (C) of the training part; NULL: tokens */
} mmofl_signal;

/** How a device codes the parameters of its updates.  {0}: as they are, exact. */
typedef struct mmofl_update_coding {
    bool difference; /* trained minus received; lossy codings demand it */
    mmofl_wire_coding coding;
} mmofl_update_coding;

typedef struct mmofl_welcome {
    uint32_t version; /* of the protocol */
    uint64_t device;  /* its number */
    uint64_t seed;
    const char *config;         /* learning config, YAML (config/learning.h) */
    mmofl_digest config_digest; /* mmofl_welcome_digest; checked when read */
    int n_signals; /* 1 ... MMOFL_MAX_MODALITIES, in the data set's order */
    const mmofl_signal *signal;
    int n_classes; /* 2 ... MMOFL_MAX_CLASSES */
    const char (*class_name)[MMOFL_NAME_BYTES];
    mmofl_standardize standardize;
    double heartbeat_s, lease_s; /* > 0 */
    mmofl_update_coding coding;
    mmofl_digest
        layout; /* mmofl_layout_digest of the coordinator's plan; none: not told */
} mmofl_welcome;

/** Digest of seed, config, signals, classes and standardize: what learning depends on.
 */
mmofl_digest mmofl_welcome_digest(const mmofl_welcome *welcome);

/** Digest of where each parameter lies in the model's vector: two programs that plan
 * the same model otherwise must not exchange vectors. */
mmofl_digest mmofl_layout_digest(const mmofl_model *model);

typedef struct mmofl_refusal {
    mmofl_status status; /* not OK */
    const char *text;
    bool final; /* asking again is useless */
} mmofl_refusal;

typedef struct mmofl_round_notice {
    uint64_t round; /* 0: none yet */
    bool open;
    bool done; /* training has ended */
    mmofl_digest config, model;
} mmofl_round_notice;

typedef struct mmofl_task {
    mmofl_broadcast broadcast;  /* its round >= 1 */
    mmofl_digest config, model; /* model: of its parameters, as the sender says */
    double seconds_left;        /* until the deadline, >= 0; 0: none */
    bool closing;               /* the final model: nothing to be trained */
} mmofl_task;

/** Does one ask for what the other asks for: the same round of the same model? */
bool mmofl_task_is_same(const mmofl_task *a, const mmofl_task *b);

/** What a device's sensor of one modality delivered since its last update. */
typedef struct mmofl_quality {
    uint64_t samples;    /* that should have it */
    uint64_t missing;    /* of them; <= samples */
    uint64_t unlabelled; /* of them; <= samples */
    double mean, sd;     /* over all values of those recorded; finite, sd >= 0 */
} mmofl_quality;

typedef struct mmofl_update_message {
    /** update.device is not on the wire: 0 when read, the peer's to be filled in.
     * Written: parameters are the trained model.  Read: likewise, or with difference
     * its difference to the received one, until mmofl_update_rebuild. */
    mmofl_update update;
    mmofl_digest config;
    mmofl_digest model;           /* of the model that training began with */
    bool difference;              /* read */
    const mmofl_quality *quality; /* (M); NULL: none */
    /* Written only: */
    mmofl_update_coding coding;
    const float *received; /* (P) the model that training began with; with difference */
    float *residual; /* (P) error feedback, kept by the device; NULL: none.  Changed by
                      * a write that succeeds */
} mmofl_update_message;

/** Make the difference of an update that was read into the model: received + it, in the
 * message's own memory.  Nothing is done where it is no difference.
 * @retval E_STALE      `received` (P) is not the model that training began with, by
 *                      received_digest
 * @retval E_NONFINITE  the sum is not finite */
MMOFL_CHECKED mmofl_status mmofl_update_rebuild(mmofl_update_message *update,
                                                const float *received,
                                                const mmofl_digest *received_digest);

typedef struct mmofl_decline {
    uint64_t round;      /* >= 1 */
    mmofl_status status; /* not OK */
    const char *text;
} mmofl_decline;

typedef struct mmofl_ack {
    mmofl_object_id object;
    mmofl_status status;
    const char *text;
} mmofl_ack;

/** Chunks first[i] ... last[i] are missing, rising. */
typedef struct mmofl_want {
    mmofl_object_id object;
    uint32_t chunk_bytes;
    int n; /* 0 ... MMOFL_WIRE_RANGES */
    uint32_t first[MMOFL_WIRE_RANGES], last[MMOFL_WIRE_RANGES];
} mmofl_want;

typedef struct mmofl_heartbeat {
    uint64_t round; /* that it works on; 0: none */
    uint32_t samples;
    double uptime_s; /* >= 0 */
} mmofl_heartbeat;

typedef struct mmofl_bye {
    const char *reason;
} mmofl_bye;

/** What a shard's devices made of a model. */
typedef struct mmofl_partial_message {
    mmofl_partial partial;
    mmofl_digest config, model; /* as in mmofl_update_message */
} mmofl_partial_message;

typedef struct mmofl_message {
    mmofl_message_kind kind;
    union {
        mmofl_hello hello;
        mmofl_welcome welcome;
        mmofl_refusal refusal;
        mmofl_round_notice round;
        mmofl_task task;
        mmofl_update_message update;
        mmofl_decline decline;
        mmofl_ack ack;
        mmofl_want want;
        mmofl_heartbeat heartbeat;
        mmofl_bye bye;
        mmofl_partial_message partial_sum;
    } body;
    void *memory; /* of a message that was read: mmofl_message_free */
} mmofl_message;

/** Write a message: *bytes is malloc'ed, the caller's.  What is written can be read
 * with the same limits; a message that could not be is a bug of the caller's
 * (asserted), but for texts, which are cut to what is allowed, and:
 * @retval E_NONFINITE, E_RANGE  numbers that the coding cannot take
 * @retval E_TYPE                a lossy coding of what is no difference
 * @retval E_MEMORY
 * The same message gives the same bytes. */
MMOFL_CHECKED mmofl_status mmofl_message_write(const mmofl_message *message,
                                               const mmofl_wire_limits *limits,
                                               uint8_t **bytes, size_t *size);

/** Read a message.  All that *message points to is its own, or borrowed from nobody;
 * after success: mmofl_message_free.
 * @retval E_LIMIT      larger than limits->message_bytes; a text or list too long
 * @retval E_SYNTAX     not a Message, or a text that is not clean UTF-8
 * @retval E_UNKNOWN    a kind, dtype or choice that is not known here (a status that is
 *                      not known reads as E_UNKNOWN)
 * @retval E_STATE      a Task or Update while no model is known
 * @retval E_MISSING    something that must be there is not
 * @retval E_SHAPE      a tensor of another shape than the model's, or one too many
 * @retval E_COUNT      a tensor's bytes or a list's length do not fit its shape
 * @retval E_RANGE      a number outside its range
 * @retval E_NONFINITE  NaN or infinity anywhere
 * @retval E_DIGEST     Welcome: what it says is not what its digest is of
 * @retval E_MEMORY     none, or more than a sound message takes: its size twice, 256
 * KiB and 4 bytes for each number that the model lets it have Cost: O(size). */
MMOFL_CHECKED mmofl_status mmofl_message_read(const void *bytes, size_t size,
                                              const mmofl_wire_limits *limits,
                                              mmofl_message *message, mmofl_error *err);

/** {0} is allowed. */
void mmofl_message_free(mmofl_message *message);

#endif
