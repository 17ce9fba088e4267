/* message.h - what coordinator and devices tell each other; links carry these and
 * nothing else.
 *
 * Pointers in a message are borrowed: they hold until the call that got them returns.
 */
#ifndef MMOFL_LEARN_MESSAGE_H
#define MMOFL_LEARN_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

/** Coordinator to devices: the model of round t (METHOD.md section 1, step 1). */
typedef struct mmofl_broadcast {
    uint64_t round; /* t = 1, 2, ... */
    size_t n_parameters;
    const float *parameters; /* Theta^t */
} mmofl_broadcast;

/** What a device measured while it learned. */
typedef struct mmofl_device_report {
    uint32_t fresh;         /* samples that arrived this round */
    uint32_t fresh_correct; /* of them, predicted rightly by Theta^t before training */
    double fresh_loss; /* mean cross-entropy on them, nats; 0 without fresh samples */
    uint32_t steps;    /* mini-batches trained on */
    double
        train_loss; /* mean cross-entropy over all trained samples, before each step */
} mmofl_device_report;

/** Device to coordinator: the model after local training (step 4). */
typedef struct mmofl_update {
    uint64_t device, round;
    size_t n_parameters;
    const float *parameters;
    uint32_t samples; /* held in the buffer: the weight of weighted averaging */
    mmofl_device_report report;
} mmofl_update;

/** Bytes of each on a wire: parameters as float32, the other fields packed. */
static inline uint64_t mmofl_broadcast_bytes(size_t n_parameters)
{
    return 16 + 4 * (uint64_t)n_parameters;
}
static inline uint64_t mmofl_update_bytes(size_t n_parameters)
{
    return 16 + 8 + 4 + 28 + 4 * (uint64_t)n_parameters;
}

#endif
