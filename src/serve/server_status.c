/* server_status.c - how things stand, for the board. */
#include <math.h>
#include <stdio.h>

#include "serve/server_parts.h"

/* With 10,000 devices a state takes about a millisecond. */
static const double publish_s = 1;

mmofl_server_status mmofl_server_get_status(const mmofl_server *s)
{
    double now = mmofl_server_now(s);
    const mmofl_round_rules *rules = &s->setup.rules;
    mmofl_server_status status = {
        .rounds = (uint64_t)s->setup.run->experiment->rounds,
        .away_s = s->away_since_s < (double)INFINITY ? now - s->away_since_s : 0,
        .devices = s->n_devices,
        .left_s = (double)INFINITY,
        .counts = s->counts,
        .traffic = mmofl_endpoint_count(s->endpoint)};
    for (uint32_t i = 0; i < s->n_devices; i++)
        status.live += mmofl_server_is_live(s, &s->device[i]);
    if (s->stage != MMOFL_SERVER_ROUND)
        return status;
    status.round = s->round;
    status.open_s = now - s->opened_s;
    status.left_s = mmofl_server_left(s, now);
    status.participants = s->n_participants;
    status.answers = s->answers;
    status.declines = s->declines;
    status.late = s->kept - s->answers;
    status.unkept = s->accepted - s->kept;
    status.wanted = rules->buffered ? rules->buffered : s->n_participants;
    status.has_task = s->has_task;
    return status;
}

static mmofl_device_state state_of(const mmofl_server *s, uint32_t number)
{
    const mmofl_served *d = &s->device[number];
    if (mmofl_server_is_revoked(s, number))
        return MMOFL_DEVICE_REVOKED;
    if (d->answer == MMOFL_ANSWER_DECLINED)
        return MMOFL_DEVICE_DECLINED;
    if (d->answer != MMOFL_ANSWER_NONE)
        return MMOFL_DEVICE_ANSWERED;
    if (!mmofl_server_is_live(s, d))
        return MMOFL_DEVICE_AWAY;
    if (!d->takes_part)
        return MMOFL_DEVICE_IDLE;
    return d->has_task ? MMOFL_DEVICE_LEARNING : MMOFL_DEVICE_WAITED;
}

mmofl_device_status mmofl_server_device(const mmofl_server *s, uint32_t number)
{
    const mmofl_served *d = &s->device[number];
    mmofl_device_status status = {
        .state = state_of(s, number),
        .is_waited = d->takes_part && d->answer == MMOFL_ANSWER_NONE,
        .heard_s = d->peer ? mmofl_server_now(s) - mmofl_peer_heard(d->peer)
                           : (double)INFINITY,
        .samples = d->samples};
    snprintf(status.name, sizeof status.name, "%s", mmofl_server_name(s, number));
    return status;
}

void mmofl_server_publish(mmofl_server *s, bool at_once)
{
    double now = mmofl_server_now(s);
    if (!s->setup.board || (!at_once && now - s->published_s < publish_s))
        return;
    /* Rounds may be many a second, and nobody looks so often. */
    if (at_once && now - s->published_s < publish_s / 10)
        return;
    mmofl_board_view *draft = mmofl_board_draft(s->setup.board);
    draft->status = mmofl_server_get_status(s);
    for (uint32_t i = 0; i < s->n_devices; i++)
        draft->device[i] = mmofl_server_device(s, i);
    if (mmofl_board_show(s->setup.board))
        s->published_s = now;
}

size_t mmofl_server_device_bytes(void)
{
    return sizeof(mmofl_served);
}
