/* link.h - how messages travel between the coordinator and its devices.
 *
 * One file per transport.  The coordinator's side offers a model to devices and hands
 * each update that arrives to a receiver; the device's side takes the model and sends
 * its update. Transports differ in where the two sides live; the calls are the same. */
#ifndef MMOFL_LINK_LINK_H
#define MMOFL_LINK_LINK_H

#include "learn/message.h"
#include "mmofl/status.h"

typedef struct mmofl_link mmofl_link;

/** Takes an update that arrived, on the thread that brings it; its status goes back. */
typedef mmofl_status mmofl_link_receiver(void *context, const mmofl_update *update);

typedef struct mmofl_link_kind {
    const char *name;
    /** Coordinator: offer this round's model; it must stay as it is until the next
     * offer. */
    mmofl_status (*offer)(mmofl_link *link, const mmofl_broadcast *broadcast);
    /** Device: the model of the open round.  @retval E_STATE  none is offered */
    mmofl_status (*take)(mmofl_link *link, uint64_t device, mmofl_broadcast *broadcast);
    /** Device: send an update; the receiver's answer. */
    mmofl_status (*send)(mmofl_link *link, const mmofl_update *update);
    void (*destroy)(mmofl_link *link);
} mmofl_link_kind;

/** Every link starts with this. */
struct mmofl_link {
    const mmofl_link_kind *kind;
};

/** Both sides in one process: nothing is copied.  take and send from any thread.
 * @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_link_memory_new(mmofl_link_receiver *receiver,
                                                 void *context, mmofl_link **link);

#endif
