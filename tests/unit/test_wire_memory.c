/* test_wire_memory.c - the n-th allocation fails, for every n: messages are refused and
 * endpoints go on; and what a hostile message may take is bounded. */
#define _POSIX_C_SOURCE 200809L
#include "fail_allocations.h"

#if FAILS_ALLOCATIONS
#define FAKE_MALLOC __libc_malloc
#endif
#include "endpoint_fixture.h"

#include "wire/memory.h"

#if FAILS_ALLOCATIONS
#include <malloc.h>

/* Exact only without malloc's caches, as ctest runs this (cmake/tests.cmake); else 0.
 */
static size_t bytes_held(void)
{
    const char *tunables = getenv("GLIBC_TUNABLES");
    if (!tunables || !strstr(tunables, "tcache_count=0"))
        return 0;
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* Write a message, seal it, and all the way back. */
static mmofl_status there_and_back(const mmofl_message *message)
{
    mmofl_wire_limits limits = wire_limits();
    mmofl_identity who = wire_device();
    mmofl_seal_address to = wire_to_coordinator(true);
    uint8_t *bytes, *object = NULL;
    const uint8_t *inside;
    size_t size, object_size;
    mmofl_envelope e = {0};
    mmofl_message back = {0};
    mmofl_error err = {0};
    mmofl_status st = mmofl_message_write(message, &limits, &bytes, &size);
    if (st)
        return st;
    st = mmofl_seal(&who, &to, bytes, size, &object, &object_size);
    free(bytes);
    if (!st)
        st = mmofl_envelope_read(object, object_size, limits.message_bytes, &e, &err);
    if (!st)
        st = mmofl_envelope_open(&e, &inside, &size, &err);
    if (!st)
        st = mmofl_message_read(inside, size, &limits, &back, &err);
    mmofl_message_free(&back);
    mmofl_envelope_free(&e);
    free(object); /* the envelope lies in it */
    return st;
}

static void messages_are_refused_when_memory_is_short(void **state)
{
    (void)state;
    for (int i = 0; wire_message(i).kind; i++) {
        mmofl_message m = wire_message(i);
        bool failed = true;
        int refused = 0;
        (void)there_and_back(&m); /* libraries take what they keep */
        size_t before = bytes_held();
        for (long n = 1; failed; n++) {
            atomic_store(&allocation_to_fail, n);
            mmofl_status st = there_and_back(&m);
            failed = allocation_failed();
            /* Without memory for it, a message is just not packed. */
            CHECK(st == MMOFL_OK || (failed && st == MMOFL_E_MEMORY));
            refused += st != MMOFL_OK;
        }
        CHECK(refused > 4);
        CHECK_INT(bytes_held(), before);
    }
}

/* A coordinator and a device; everything is tried again until it works. */
static void run_while_an_allocation_fails(long n, bool *failed)
{
    enum { P = 400 };
    fake_broker broker;
    side coordinator, device, *all[2] = {&coordinator, &device};
    fake_broker_init(&broker, 1);
    broker.max_payload = 1100;
    side_new(&coordinator, &broker, "", 1, P);
    side_new(&device, &broker, "a", 2, P);
    wire_bytes hello = side_small(MMOFL_MESSAGE_HELLO),
               update = side_model(MMOFL_MESSAGE_UPDATE, P, 1),
               task = side_model(MMOFL_MESSAGE_TASK, P, 2);
    uint64_t update_tag = message_tag(update.bytes, update.size);
    mmofl_sending how = {0};
    mmofl_object_id kept;
    atomic_store(&allocation_to_fail, n);
    mmofl_peer *peer;
    do
        peer = mmofl_endpoint_peer(device.endpoint, "", true);
    while (!peer);
    while (
        mmofl_endpoint_send(device.endpoint, peer, hello.bytes, hello.size, &how, NULL))
        ;
    while (mmofl_endpoint_send(device.endpoint, peer, update.bytes, update.size, &how,
                               NULL))
        ;
    sides_run(all, 2, 20);
    while (
        mmofl_endpoint_keep(coordinator.endpoint, task.bytes, task.size, false, &kept))
        ;
    while (mmofl_endpoint_announce(coordinator.endpoint, &kept, 0))
        ;
    sides_run(all, 2, 20);
    mmofl_peer *a = mmofl_endpoint_peer(coordinator.endpoint, "a", true);
    if (coordinator.n_answered == 0) /* as an owner does who misses an answer */
        while (mmofl_endpoint_send_kept(coordinator.endpoint, a, &kept, 0))
            ;
    sides_run(all, 2, 20);
    *failed = allocation_failed();
    if (side_count_tag(&coordinator, update_tag) != 1 ||
        side_count(&device, MMOFL_MESSAGE_TASK) != 1 || device.n_answered != 2 ||
        coordinator.n_answered < 1)
        fail_msg("allocation %ld: %d, %d, %d, %d", n,
                 side_count_tag(&coordinator, update_tag),
                 side_count(&device, MMOFL_MESSAGE_TASK), device.n_answered,
                 coordinator.n_answered);
    free(hello.bytes);
    free(update.bytes);
    free(task.bytes);
    side_delete(&device);
    side_delete(&coordinator);
    fake_broker_free(&broker);
}

static void endpoints_outlive_any_allocation_that_fails(void **state)
{
    (void)state;
    bool failed = true;
    long n = 1;
    run_while_an_allocation_fails(0, &failed);
    size_t before = bytes_held();
    for (failed = true; failed; n++)
        run_while_an_allocation_fails(n, &failed);
    CHECK(n > 40);
    CHECK_INT(bytes_held(), before);
}

#else
static void messages_are_refused_when_memory_is_short(void **state)
{
    (void)state;
    CHECK_SKIP("the sanitizer has a malloc of its own");
}
static void endpoints_outlive_any_allocation_that_fails(void **state)
{
    (void)state;
    CHECK_SKIP("the sanitizer has a malloc of its own");
}
#endif

static void memory_is_bounded_and_given_back_at_once(void **state)
{
    (void)state;
    mmofl_wire_memory *memory = mmofl_wire_memory_new(1000);
    assert_non_null(memory);
    ProtobufCAllocator *a = &memory->allocator;
    void *first = a->alloc(a->allocator_data, 600);
    assert_non_null(first);
    CHECK_INT((uintptr_t)first % 16, 0);
    CHECK(!a->alloc(a->allocator_data, 600));
    CHECK_STATUS(mmofl_wire_memory_refusal(memory), MMOFL_E_MEMORY);
    void *second = mmofl_wire_take(memory, 100, 4);
    assert_non_null(second);
    a->free(a->allocator_data, first);
    CHECK(!mmofl_wire_take(memory, SIZE_MAX / 2, 4));
    assert_non_null(a->alloc(a->allocator_data, 600));
    a->free(a->allocator_data, second);
    a->free(a->allocator_data, NULL);
    mmofl_wire_memory_delete(memory);
    mmofl_wire_memory_delete(NULL);
}

CHECK_MAIN(TEST(messages_are_refused_when_memory_is_short),
           TEST(endpoints_outlive_any_allocation_that_fails),
           TEST(memory_is_bounded_and_given_back_at_once))
