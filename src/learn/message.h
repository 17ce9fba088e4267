/* message.h - what coordinator and devices tell each other; links carry these and
 * nothing else.
 *
 * Pointers in a message are borrowed: they hold until the call that got them returns.
 */
#ifndef MMOFL_LEARN_MESSAGE_H
#define MMOFL_LEARN_MESSAGE_H

#include "learn/prototypes.h"

/** Coordinator to devices: the model of round t (METHOD.md section 1, step 1). */
typedef struct mmofl_broadcast {
    uint64_t round; /* t = 1, 2, ... */
    size_t n_parameters;
    const float *parameters;            /* Theta^t */
    const mmofl_prototypes *prototypes; /* NULL: the method has none */
    const float *rule; /* (n_parameters) of the aggregation rule; NULL: it has none */
} mmofl_broadcast;

/** What a device measured while it learned. */
typedef struct mmofl_device_report {
    uint32_t fresh;         /* samples that arrived this round */
    uint32_t fresh_correct; /* of them, predicted rightly by Theta^t before training */
    double fresh_loss; /* mean cross-entropy on them, nats; 0 without fresh samples */
    uint32_t steps;    /* mini-batches trained on */
    double train_loss; /* mean cross-entropy of trained samples, before each step */
    /* The same, apart: samples that have all modalities, and those that lack one (whose
     * slots a method may have filled with the help of the label). */
    uint32_t whole, partial; /* trained samples of each sort */
    double whole_loss, partial_loss;
    double method_loss; /* further loss terms of the method, mean over steps */
} mmofl_device_report;

/** Device to coordinator: the model after local training (step 4). */
typedef struct mmofl_update {
    uint64_t device, round;
    size_t n_parameters;
    const float *parameters;
    uint32_t samples; /* held in the buffer: the weight of weighted averaging */
    const uint32_t
        *recorded; /* (M) samples of the buffer that have each encoder's modality */
    const mmofl_prototype_sums *prototypes; /* NULL: the method has none */
    mmofl_device_report report;
    const float *rule; /* (n_parameters) for the aggregation rule; NULL: it has none */
} mmofl_update;

/** Bytes of each on a wire: parameters and prototypes as 4-byte numbers (prototypes:
 * how many of them; numbers of the rule come on top), the other fields packed. */
static inline uint64_t mmofl_broadcast_bytes(size_t n_parameters, size_t prototypes)
{
    return 16 + 4 * (uint64_t)(n_parameters + prototypes);
}
static inline uint64_t mmofl_update_bytes(size_t n_parameters, size_t encoders,
                                          size_t prototypes)
{
    return 28 + 60 + 4 * (uint64_t)(n_parameters + encoders + prototypes);
}

#endif
