/* The link inside one process. */
#include "check.h"
#include "link/link.h"

typedef struct inbox {
    int received;
    const mmofl_update *last;
    mmofl_status answer;
} inbox;

static mmofl_status receive(void *context, const mmofl_update *update)
{
    inbox *in = context;
    in->received++;
    in->last = update;
    return in->answer;
}

static mmofl_link *new_link(inbox *in)
{
    mmofl_link *link;
    CHECK_OK(mmofl_link_memory_new(receive, in, &link));
    return link;
}

static void there_is_nothing_to_take_before_the_first_offer(void **state)
{
    (void)state;
    inbox in = {0};
    mmofl_link *link = new_link(&in);
    mmofl_broadcast got = {.round = 77};
    CHECK_STATUS(link->kind->take(link, 0, &got), MMOFL_E_STATE);
    CHECK_INT(got.round, 77);
    link->kind->destroy(link);
}

static void every_device_takes_what_was_offered_last(void **state)
{
    (void)state;
    inbox in = {0};
    mmofl_link *link = new_link(&in);
    const float first[] = {1, 2}, second[] = {3, 4};
    mmofl_broadcast got;
    CHECK_OK(link->kind->offer(
        link, &(mmofl_broadcast){.round = 1, .n_parameters = 2, .parameters = first}));
    for (uint64_t device = 0; device < 3; device++) {
        CHECK_OK(link->kind->take(link, device, &got));
        CHECK(got.round == 1 && got.n_parameters == 2 && got.parameters == first);
    }
    CHECK_OK(link->kind->offer(
        link, &(mmofl_broadcast){.round = 2, .n_parameters = 2, .parameters = second}));
    CHECK_OK(link->kind->take(link, 0, &got));
    CHECK(got.round == 2 && got.parameters == second);
    link->kind->destroy(link);
}

static void an_update_reaches_the_receiver_uncopied(void **state)
{
    (void)state;
    inbox in = {0};
    mmofl_link *link = new_link(&in);
    const mmofl_update update = {.device = 5, .round = 1};
    CHECK_OK(link->kind->send(link, &update));
    CHECK(in.received == 1 && in.last == &update);
    link->kind->destroy(link);
}

static void the_receivers_refusal_goes_back_to_the_sender(void **state)
{
    (void)state;
    inbox in = {.answer = MMOFL_E_STALE};
    mmofl_link *link = new_link(&in);
    CHECK_STATUS(link->kind->send(link, &(mmofl_update){.device = 5}), MMOFL_E_STALE);
    CHECK_INT(in.received, 1);
    link->kind->destroy(link);
}

static void bytes_on_a_wire_grow_by_four_for_each_parameter(void **state)
{
    (void)state;
    CHECK_INT(mmofl_broadcast_bytes(1000, 0) - mmofl_broadcast_bytes(0, 0), 4000);
    CHECK_INT(mmofl_update_bytes(1000, 0, 0) - mmofl_update_bytes(0, 0, 0), 4000);
    CHECK_INT(mmofl_broadcast_bytes(0, 0), 8 + 8); /* round, number of parameters */
}

CHECK_MAIN(TEST(there_is_nothing_to_take_before_the_first_offer),
           TEST(every_device_takes_what_was_offered_last),
           TEST(an_update_reaches_the_receiver_uncopied),
           TEST(the_receivers_refusal_goes_back_to_the_sender),
           TEST(bytes_on_a_wire_grow_by_four_for_each_parameter))
