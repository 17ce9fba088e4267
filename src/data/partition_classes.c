/* partition_classes.c - each device knows few classes: the pathological split of
 * McMahan et al. (AISTATS 2017, section 3), who cut label-sorted data into shards.
 *
 * Ours differs in that a device's classes are distinct and a class's samples are shared
 * evenly.  Classes come from a deck: shuffled, dealt to devices in turn, shuffled anew
 * when it is used up.  A device that is in the middle of its hand then skips what it
 * already holds: those cards go under the deck.  So every class has been taken equally
 * often, give or take one, when the last device is served. */
#include "data/partition_parts.h"

typedef struct classes_options {
    int per_device;
} classes_options;

static const mmofl_option options[] = {
    MMOFL_INT_OPTION(classes_options, per_device, 1, MMOFL_MAX_CLASSES, "2",
                     "classes of each device"),
};

struct deck {
    mmofl_rng rng;
    uint32_t *card, *spare; /* (n) classes; scratch for put_under */
    bool *held;             /* (K) by the device being served */
    size_t n, at;           /* cards; the next one */
};

/* Move the cards that are held under the others, all else in order. */
static void put_under(struct deck *deck)
{
    size_t top = 0, under = 0;
    for (size_t i = 0; i < deck->n; i++) {
        uint32_t card = deck->card[i];
        if (deck->held[card])
            deck->spare[under++] = card;
        else
            deck->card[top++] = card;
    }
    for (size_t i = 0; i < under; i++)
        deck->card[top + i] = deck->spare[i];
}

/* Deal one device's hand of k <= n distinct classes. */
static void deal_hand(struct deck *deck, size_t k, uint32_t *hand)
{
    for (size_t i = 0; i < k; i++) {
        if (deck->at == deck->n) {
            mmofl_rng_shuffle(&deck->rng, deck->card, deck->n);
            put_under(deck);
            deck->at = 0;
        }
        hand[i] = deck->card[deck->at++];
        deck->held[hand[i]] = true;
    }
    for (size_t i = 0; i < k; i++)
        deck->held[hand[i]] = false;
}

/* A deck of the classes that have training samples. */
static bool make_deck(mmofl_dealing *dealing, const size_t *start, struct deck *deck)
{
    size_t classes = (size_t)dealing->set->n_classes;
    deck->rng = mmofl_dealing_random(dealing, 0);
    deck->card = MMOFL_DEALING_NEW(dealing, classes, uint32_t);
    deck->spare = MMOFL_DEALING_NEW(dealing, classes, uint32_t);
    deck->held = MMOFL_DEALING_NEW(dealing, classes, bool);
    if (!deck->card || !deck->spare || !deck->held)
        return false;
    for (size_t k = 0; k < classes; k++)
        if (start[k + 1] > start[k])
            deck->card[deck->n++] = (uint32_t)k;
    deck->at = deck->n;
    return true;
}

/* Share class k's samples among its takers: the devices whose hand has it. */
static mmofl_status share_class(mmofl_dealing *dealing, size_t k, uint32_t *sample,
                                size_t n, const uint32_t *taker, size_t takers,
                                uint32_t *device, mmofl_error *err)
{
    if (takers > n)
        return mmofl_fail(err, MMOFL_E_INFEASIBLE,
                          "%zu devices take the class %s, which has only %zu training "
                          "samples: wanted fewer devices, or a smaller per_device",
                          takers, dealing->set->class_name[k], n);
    mmofl_rng rng = mmofl_dealing_random(dealing, 1 + k);
    mmofl_rng_shuffle(&rng, sample, n);
    for (size_t i = 0; i < n; i++)
        device[sample[i]] = takers ? taker[i % takers] : MMOFL_LEFT_OUT;
    return MMOFL_OK;
}

/* The devices by class, from their hands of p classes each: those of class k are
 * taker[first[k] ... first[k+1]-1]. */
static void list_takers(const uint32_t *hand, size_t devices, size_t p, size_t classes,
                        size_t *first, uint32_t *taker)
{
    for (size_t i = 0; i < devices * p; i++)
        first[hand[i] + 2]++;
    for (size_t k = 0; k < classes; k++)
        first[k + 2] += first[k + 1];
    for (size_t i = 0; i < devices * p; i++)
        taker[first[hand[i] + 1]++] = (uint32_t)(i / p);
}

static mmofl_status deal(mmofl_dealing *dealing, mmofl_partition *out, mmofl_error *err)
{
    const classes_options *o = dealing->options;
    size_t p = (size_t)o->per_device, classes = (size_t)dealing->set->n_classes;
    size_t *start = NULL;
    uint32_t *sample = NULL;
    struct deck deck = {0};
    mmofl_status st = mmofl_dealing_check_devices(dealing, err);
    if (!st)
        st = mmofl_dealing_by_class(dealing, &start, &sample, err);
    if (st)
        return st;
    if (!make_deck(dealing, start, &deck))
        return mmofl_dealing_no_memory(dealing, err);
    if (p > deck.n)
        return mmofl_fail(err, MMOFL_E_INFEASIBLE,
                          "per_device is %zu, but the training part has samples of "
                          "only %zu classes",
                          p, deck.n);

    uint32_t *hand = MMOFL_DEALING_NEW(dealing, dealing->devices * p, uint32_t);
    uint32_t *taker = MMOFL_DEALING_NEW(dealing, dealing->devices * p, uint32_t);
    uint32_t *device = MMOFL_DEALING_NEW(dealing, dealing->n, uint32_t);
    size_t *first = MMOFL_DEALING_NEW(dealing, classes + 2, size_t);
    if (!hand || !taker || !device || !first)
        return mmofl_dealing_no_memory(dealing, err);
    for (size_t d = 0; d < dealing->devices; d++)
        deal_hand(&deck, p, hand + d * p);
    list_takers(hand, dealing->devices, p, classes, first, taker);
    for (size_t k = 0; k < classes && !st; k++)
        st = share_class(dealing, k, sample + start[k], start[k + 1] - start[k],
                         taker + first[k], first[k + 1] - first[k], device, err);
    return st ? st : mmofl_dealing_finish(dealing, device, out, err);
}

const mmofl_partition_kind mmofl_partition_classes = {
    .kind = {.name = "classes",
             .help = "per_device classes for each device, a class's samples shared "
                     "evenly",
             .source = "after McMahan et al., AISTATS 2017, section 3",
             .options = options,
             .n_options = sizeof options / sizeof *options,
             .options_size = sizeof(classes_options)},
    .deal = deal};
