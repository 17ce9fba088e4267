/* root_link.c - a member that sends sums. */
#include <stdlib.h>

#include "serve/root_link.h"

enum { TASKS = 8 }; /* room for so many that are on their way */

struct mmofl_root_link {
    mmofl_member *member;
    mmofl_welcome wanted; /* its digests */
    mmofl_wire_limits limits;
    mmofl_log_sink log;
    mmofl_error failed; /* status OK: it goes on */
    double heartbeat_s;
    /* The answer. */
    uint8_t *bytes; /* NULL: none */
    size_t size;
    uint64_t round;
};

#define SAY(link, level, ...) mmofl_log(&(link)->log, MMOFL_LOG_##level, __VA_ARGS__)

/* ---- hearing ---- */

static void look_at_welcome(mmofl_root_link *l)
{
    mmofl_kept_message kept;
    if (!mmofl_member_take_welcome(l->member, &kept))
        return;
    const mmofl_welcome *w = &kept.message.body.welcome;
    if (!mmofl_digest_equal(&w->config_digest, &l->wanted.config_digest) ||
        !mmofl_digest_equal(&w->layout, &l->wanted.layout))
        mmofl_fail(&l->failed, MMOFL_E_STATE,
                   "the root learns something else: wanted the same experiment, seed "
                   "and data set as the root's");
    l->heartbeat_s = w->heartbeat_s;
    mmofl_member_ready(l->member, &l->wanted.config_digest, &l->limits);
    mmofl_kept_free(&kept);
    SAY(l, INFO, "the root is there");
}

static void forget_answer(mmofl_root_link *l)
{
    mmofl_member_forget_answer(l->member, true);
    free(l->bytes);
    l->bytes = NULL;
}

/* What the root cannot take now it will not take later, but for a round that is over:
 * there the next Task says how to go on. */
static void answered(void *context, mmofl_status status, const char *text)
{
    mmofl_root_link *l = context;
    const char *why = *text ? text : mmofl_status_text(status);
    if (status && status != MMOFL_E_STALE && status != MMOFL_E_DUPLICATE)
        mmofl_fail(&l->failed, status, "the root refused the sums of round %llu: %s",
                   (unsigned long long)l->round, why);
    else if (status)
        SAY(l, WARNING, "the root does not want the sums of round %llu: %s",
            (unsigned long long)l->round, why);
    forget_answer(l);
}

/* ---- saying ---- */

static mmofl_status say_what_is_due(mmofl_root_link *l, mmofl_error *err)
{
    mmofl_status st = mmofl_member_say_hello(l->member, 0, err);
    if (st || !mmofl_member_is_ready(l->member))
        return st;
    if (l->bytes)
        st = mmofl_member_answer(l->member, l->round, l->bytes, l->size);
    if (st)
        return mmofl_fail(err, st, "sums of round %llu not sent: %s",
                          (unsigned long long)l->round, mmofl_status_text(st));
    mmofl_member_say_heartbeat(l->member, l->heartbeat_s, (mmofl_heartbeat){0});
    return MMOFL_OK;
}

mmofl_status mmofl_root_link_step(mmofl_root_link *l, mmofl_error *err)
{
    mmofl_status st = mmofl_member_step(l->member, 0, err);
    if (!st)
        look_at_welcome(l);
    if (!st && l->failed.status) {
        *err = l->failed;
        st = l->failed.status;
    }
    return st ? st : say_what_is_due(l, err);
}

int mmofl_root_link_descriptor(const mmofl_root_link *l, bool *wants_write,
                               double *due_s)
{
    return mmofl_member_descriptor(l->member, wants_write, due_s);
}

/* ---- tasks and answers ---- */

const mmofl_task *mmofl_root_link_next(const mmofl_root_link *l)
{
    return mmofl_member_task(l->member);
}

void mmofl_root_link_take(mmofl_root_link *l, mmofl_kept_message *task)
{
    mmofl_member_take_task(l->member, task);
}

void mmofl_root_link_answer(mmofl_root_link *l, uint8_t *bytes, size_t size,
                            uint64_t round)
{
    forget_answer(l);
    l->bytes = bytes;
    l->size = size;
    l->round = round;
}

bool mmofl_root_link_is_answering(const mmofl_root_link *l)
{
    return l->bytes != NULL;
}

double mmofl_root_link_silence(const mmofl_root_link *l)
{
    return mmofl_member_silence(l->member);
}

/* ---- making ---- */

mmofl_status mmofl_root_link_new(const mmofl_root_setup *root,
                                 const mmofl_welcome *greeting,
                                 const mmofl_wire_limits *limits,
                                 const mmofl_log_sink *log,
                                 double (*clock)(void *context), void *clock_context,
                                 mmofl_root_link **out, mmofl_error *err)
{
    mmofl_root_link *l = calloc(1, sizeof *l);
    if (!l)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the link to the root");
    l->wanted = *greeting;
    l->limits = *limits;
    l->log = log ? *log : (mmofl_log_sink){0};
    mmofl_member_setup setup = {.federation = root->federation,
                                .name = root->name,
                                .secret = root->secret,
                                .other = root->root,
                                .program = root->program,
                                .assembly_bytes = TASKS * limits->message_bytes,
                                .me = "this shard",
                                .it = "the root",
                                .broker = "the root's broker",
                                .log = log,
                                .clock = clock,
                                .clock_context = clock_context,
                                .answered = answered,
                                .context = l};
    mmofl_status st = mmofl_member_new(&setup, &l->member, err);
    if (!st)
        st = mmofl_member_open(l->member, root->connect, root->connect_context, err);
    if (st) {
        mmofl_root_link_delete(l);
        return st;
    }
    *out = l;
    return MMOFL_OK;
}

void mmofl_root_link_delete(mmofl_root_link *l)
{
    if (!l)
        return;
    mmofl_member_delete(l->member, "the shard's program ends");
    free(l->bytes);
    free(l);
}
