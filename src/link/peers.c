/* peers.c - a hash table of names, and what sessions a name has had. */
#include <stdlib.h>
#include <string.h>

#include "link/endpoint_parts.h"

/* FNV-1a.  Names come from an admission list, not from strangers. */
static size_t hash_name(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    return (size_t)(hash ^ hash >> 32);
}

static mmofl_peer **place_of(const mmofl_peers *peers, const char *name)
{
    mmofl_peer **place = &peers->bucket[hash_name(name) & (peers->buckets - 1)];
    while (*place && strcmp((*place)->name, name) != 0)
        place = &(*place)->next;
    return place;
}

mmofl_peer *mmofl_peers_find(const mmofl_peers *peers, const char *name)
{
    return peers->buckets > 0 ? *place_of(peers, name) : NULL;
}

/* Twice the buckets, or the first ones. */
static bool grow(mmofl_peers *peers)
{
    mmofl_peers next = *peers;
    next.buckets = peers->buckets ? 2 * peers->buckets : 8;
    next.bucket = calloc(next.buckets, sizeof(mmofl_peer *));
    if (!next.bucket)
        return false;
    for (size_t i = 0; i < peers->buckets; i++)
        for (mmofl_peer *peer = peers->bucket[i], *after; peer; peer = after) {
            after = peer->next;
            peer->next = NULL;
            *place_of(&next, peer->name) = peer;
        }
    free(peers->bucket);
    *peers = next;
    return true;
}

mmofl_peer *mmofl_peers_add(mmofl_peers *peers, const char *name,
                            const mmofl_admission *admission)
{
    size_t bytes = strlen(name) + 1;
    mmofl_peer *peer = NULL;
    if (peers->n < peers->buckets || grow(peers))
        peer = calloc(1, sizeof *peer + bytes);
    if (!peer)
        return NULL;
    memcpy(peer->name, name, bytes);
    peer->number = ++peers->numbers;
    peer->data = admission->data;
    peer->has_key = admission->has_key;
    memcpy(peer->public_key, admission->public_key, sizeof peer->public_key);
    peer->heard = -(double)INFINITY;
    peer->refused = peer->claimed = -(double)INFINITY;
    *place_of(peers, name) = peer;
    peers->n++;
    return peer;
}

void mmofl_peers_remove(mmofl_peers *peers, mmofl_peer *peer)
{
    mmofl_peer **place = place_of(peers, peer->name);
    *place = peer->next;
    peers->n--;
    free(peer);
}

void mmofl_peers_free(mmofl_peers *peers)
{
    for (size_t i = 0; i < peers->buckets; i++)
        for (mmofl_peer *peer = peers->bucket[i], *next; peer; peer = next) {
            next = peer->next;
            free(peer);
        }
    free(peers->bucket);
}

mmofl_status mmofl_endpoint_admit(mmofl_endpoint *e, const char *name, mmofl_peer **out)
{
    mmofl_peer *peer = mmofl_peers_find(&e->peers, name);
    mmofl_admission admission = {0};
    const mmofl_endpoint_events *events = &e->setup.events;
    if (!peer && events->admit) {
        mmofl_status st = events->admit(events->context, name, &admission);
        if (st)
            return st;
    }
    if (!peer && !(peer = mmofl_peers_add(&e->peers, name, &admission)))
        return MMOFL_E_MEMORY;
    *out = peer;
    return MMOFL_OK;
}

bool mmofl_peer_had_session(const mmofl_peer *peer, uint64_t session)
{
    for (int i = 0; i < MMOFL_PAST_SESSIONS; i++)
        if (peer->past[i] == session)
            return true;
    return false;
}

void mmofl_peer_change_session(mmofl_peer *peer, uint64_t session)
{
    if (peer->session) {
        peer->past[peer->next_past] = peer->session;
        peer->next_past = (uint8_t)((peer->next_past + 1) % MMOFL_PAST_SESSIONS);
    }
    peer->session = session;
    peer->last_round = peer->last_heartbeat = 0;
    peer->pending = 0;
    peer->next_done = 0;
    memset(peer->done, 0, sizeof peer->done);
}

void mmofl_peer_restore_session(mmofl_endpoint *endpoint, mmofl_peer *peer,
                                uint64_t session)
{
    (void)endpoint;
    mmofl_peer_change_session(peer, session);
}

const char *mmofl_peer_name(const mmofl_peer *peer)
{
    return peer->name;
}

uint64_t mmofl_peer_session(const mmofl_peer *peer)
{
    return peer->session;
}

double mmofl_peer_heard(const mmofl_peer *peer)
{
    return peer->heard;
}

void *mmofl_peer_data(const mmofl_peer *peer)
{
    return peer->data;
}

void mmofl_peer_set_data(mmofl_peer *peer, void *data)
{
    peer->data = data;
}

int mmofl_peer_unanswered(const mmofl_peer *peer)
{
    return peer->unanswered;
}

size_t mmofl_endpoint_peer_bytes(void)
{
    /* Its struct, a name of 16 bytes, malloc's books, and a bucket and a half. */
    return sizeof(mmofl_peer) + 16 + 16 + 12;
}
