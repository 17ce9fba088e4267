/* parcels.c - objects to be sent: sealed, cut for the bus, published frame by frame. */
#include <stdlib.h>
#include <string.h>

#include "link/endpoint_parts.h"

/* Answers and heartbeats are worth nothing to who is not there; the rest is kept for
 * it. */
mmofl_bus_delivery mmofl_outbox_delivery(const mmofl_endpoint *e,
                                         mmofl_message_kind kind)
{
    bool passing = kind == MMOFL_MESSAGE_ACK || kind == MMOFL_MESSAGE_WANT ||
                   kind == MMOFL_MESSAGE_HEARTBEAT;
    return (mmofl_bus_delivery){.qos = passing ? 0 : 1,
                                .expiry_s = e->setup.timing.expiry_s};
}

/* ---- parcels --------------------------------------------------------------------- */

mmofl_status mmofl_parcel_new(mmofl_endpoint *e, const char *receiver,
                              uint64_t receiver_session, const void *message,
                              size_t size, bool pack, mmofl_parcel **out)
{
    mmofl_parcel *parcel = calloc(1, sizeof *parcel);
    if (!parcel)
        return MMOFL_E_MEMORY;
    mmofl_seal_address to = {receiver, receiver_session, e->sequence + 1, pack};
    mmofl_status st = mmofl_seal(&e->setup.identity, &to, message, size, &parcel->bytes,
                                 &parcel->size);
    if (st) {
        free(parcel);
        return st;
    }
    e->sequence++;
    e->counts.objects_out++;
    parcel->kind = mmofl_message_kind_peek(message, size);
    parcel->id = mmofl_object_id_of(e->setup.identity.session, e->sequence);
    *out = parcel;
    return MMOFL_OK;
}

void mmofl_parcel_drop(mmofl_parcel *parcel)
{
    if (--parcel->users > 0)
        return;
    free(parcel->bytes);
    free(parcel);
}

mmofl_parcel *mmofl_parcel_kept(const mmofl_endpoint *e, const mmofl_object_id *id)
{
    mmofl_parcel *parcel = e->kept;
    while (parcel && !mmofl_object_id_equal(&parcel->id, id))
        parcel = parcel->next;
    return parcel;
}

uint32_t mmofl_parcel_chunk_bytes(const mmofl_endpoint *e)
{
    size_t most = e->setup.most_frame_bytes;
    size_t bus = e->bus->kind->max_payload(e->bus, e->longest);
    return mmofl_frame_chunk_bytes(bus < most ? bus : most);
}

bool mmofl_parcel_cut(const mmofl_endpoint *e, mmofl_parcel *parcel)
{
    uint32_t bytes = mmofl_parcel_chunk_bytes(e);
    if (bytes == 0)
        return false;
    if (parcel->chunk_bytes == 0 || parcel->chunk_bytes > bytes)
        parcel->chunk_bytes = bytes;
    return true;
}

uint32_t mmofl_parcel_chunks(const mmofl_parcel *parcel)
{
    return mmofl_frame_chunks(parcel->size, parcel->chunk_bytes);
}

/* ---- frames ---------------------------------------------------------------------- */

mmofl_status mmofl_outbox_reserve(mmofl_endpoint *e, size_t bytes)
{
    if (bytes <= e->frame_room)
        return MMOFL_OK;
    uint8_t *larger = realloc(e->frame, bytes);
    if (!larger)
        return MMOFL_E_MEMORY;
    e->frame = larger;
    e->frame_room = bytes;
    return MMOFL_OK;
}

mmofl_status mmofl_outbox_publish(mmofl_endpoint *e, const mmofl_frame *frame,
                                  const char *topic, mmofl_bus_delivery delivery)
{
    mmofl_status st = mmofl_outbox_reserve(e, mmofl_frame_bytes(frame));
    if (st)
        return st;
    size_t size = mmofl_frame_write(frame, e->frame);
    st = e->bus->kind->publish(e->bus, topic, e->frame, size, delivery);
    if (!st) {
        e->counts.frames_out++;
        e->counts.bytes_out += size;
    }
    return st;
}

mmofl_status mmofl_outbox_once(mmofl_endpoint *e, mmofl_parcel *parcel,
                               const char *topic, mmofl_bus_delivery delivery)
{
    if (!e->connected || !mmofl_parcel_cut(e, parcel))
        return MMOFL_E_NETWORK;
    if (mmofl_parcel_chunks(parcel) != 1)
        return MMOFL_E_LIMIT;
    mmofl_frame frame = mmofl_frame_cut(&parcel->id, parcel->bytes, parcel->size,
                                        parcel->chunk_bytes, 0, false);
    return mmofl_outbox_publish(e, &frame, topic, delivery);
}

void mmofl_outbox_topic(const mmofl_endpoint *e, const mmofl_peer *peer,
                        char topic[MMOFL_TOPIC_BYTES])
{
    if (!peer)
        memcpy(topic, e->all, MMOFL_TOPIC_BYTES);
    else if (e->coordinator)
        mmofl_topic_device(e->setup.identity.federation, peer->name, MMOFL_TOPIC_DOWN,
                           topic);
    else
        memcpy(topic, e->up, MMOFL_TOPIC_BYTES);
}

void mmofl_outbox_say(mmofl_endpoint *e, const char *name, uint64_t session,
                      const mmofl_message *message, mmofl_object_id *object)
{
    uint8_t *bytes;
    size_t size;
    char topic[MMOFL_TOPIC_BYTES];
    mmofl_parcel *parcel;
    if (mmofl_message_write(message, &e->setup.limits, &bytes, &size))
        return;
    mmofl_status st = mmofl_parcel_new(e, name, session, bytes, size, false, &parcel);
    free(bytes);
    if (st)
        return;
    if (e->coordinator)
        mmofl_topic_device(e->setup.identity.federation, name, MMOFL_TOPIC_DOWN, topic);
    else
        memcpy(topic, e->up, sizeof topic);
    parcel->users = 1;
    if (object)
        *object = parcel->id;
    /* What the bus does not take now is asked for again. */
    st = mmofl_outbox_once(e, parcel, topic, mmofl_outbox_delivery(e, message->kind));
    (void)st;
    mmofl_parcel_drop(parcel);
}
