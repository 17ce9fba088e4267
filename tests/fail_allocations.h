/* fail_allocations.h - let the n-th allocation of a test program fail, also those that
 * the libraries under it make.
 *
 * The program's own malloc family hands on to the C library's; include it in one .c
 * file.  FAILS_ALLOCATIONS is 0 where that cannot be done: without glibc, and under
 * sanitizers, which have a malloc of their own. */
#ifndef MMOFL_TESTS_FAIL_ALLOCATIONS_H
#define MMOFL_TESTS_FAIL_ALLOCATIONS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||             \
    __has_feature(memory_sanitizer)
#define FAILS_ALLOCATIONS 0
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
#undef FAILS_ALLOCATIONS
#define FAILS_ALLOCATIONS 0
#endif
#ifndef FAILS_ALLOCATIONS
#define FAILS_ALLOCATIONS 1
#endif

#if FAILS_ALLOCATIONS
/** The allocation that fails, counted down to 1; 0 and below: none (any more). */
static atomic_long allocation_to_fail;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool allocation_fails(void)
{
    return atomic_load(&allocation_to_fail) > 0 &&
           atomic_fetch_sub(&allocation_to_fail, 1) == 1;
}

void *malloc(size_t size)
{
    return allocation_fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return allocation_fails() ? NULL : __libc_realloc(old, size);
}

/** Stop failing; was the allocation that was to fail reached? */
static bool allocation_failed(void)
{
    return atomic_exchange(&allocation_to_fail, 0) <= 0;
}
#endif

#endif
