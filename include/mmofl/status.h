/* status.h - how every mmofl function says what went wrong.
 *
 * A function that can fail returns a mmofl_status.  Functions that read what a
 * person wrote (files, options, messages) also take a mmofl_error, which receives
 * one sentence: what was wrong, where, and what was wanted.  A failed call leaves
 * its outputs as they were.  Our own bugs are assert()ed, not returned. */
#ifndef MMOFL_STATUS_H
#define MMOFL_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(MMOFL_STATIC) || !defined(__GNUC__)
#define MMOFL_API
#else
#define MMOFL_API __attribute__((visibility("default")))
#endif

#ifdef __GNUC__
#define MMOFL_CHECKED __attribute__((warn_unused_result))
#define MMOFL_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define MMOFL_CHECKED
#define MMOFL_PRINTF(fmt, args)
#endif

/** The one list of status codes: name, short text. */
#define MMOFL_STATUS_LIST(X)                                                           \
    X(OK, "done")                                                                      \
    X(E_MEMORY, "out of memory")                                                       \
    X(E_RANGE, "value out of range")                                                   \
    X(E_TYPE, "value of the wrong type")                                               \
    X(E_UNKNOWN, "unknown name")                                                       \
    X(E_MISSING, "something required is missing")                                      \
    X(E_DUPLICATE, "given twice")                                                      \
    X(E_SYNTAX, "not well formed")                                                     \
    X(E_SHAPE, "shapes do not fit together")                                           \
    X(E_NONFINITE, "NaN or infinity")                                                  \
    X(E_TRUNCATED, "data end too early")                                               \
    X(E_CORRUPT, "data are damaged")                                                   \
    X(E_VERSION, "made by another version of the format")                              \
    X(E_LIMIT, "beyond a safety limit")                                                \
    X(E_UNSAFE_PATH, "path leaves its folder")                                         \
    X(E_COUNT, "wrong number of entries")                                              \
    X(E_INFEASIBLE, "the request cannot be met by the data")                           \
    X(E_NOT_FOUND, "no such file")                                                     \
    X(E_EXISTS, "already there")                                                       \
    X(E_IO, "input or output failed")                                                  \
    X(E_NO_SPACE, "no space left on the device")                                       \
    X(E_NETWORK, "network failed")                                                     \
    X(E_DIGEST, "digest differs")                                                      \
    X(E_STALE, "belongs to another round")                                             \
    X(E_STATE, "not now: wrong order of calls")                                        \
    X(E_INTERRUPTED, "interrupted")                                                    \
    X(E_UNSUPPORTED, "not supported by this build or machine")                         \
    X(E_DENIED, "not allowed")                                                         \
    X(E_SUPERSEDED, "another took its place")

typedef enum mmofl_status {
#define MMOFL_STATUS_ENUM(name, text) MMOFL_##name,
    MMOFL_STATUS_LIST(MMOFL_STATUS_ENUM)
#undef MMOFL_STATUS_ENUM
        MMOFL_STATUS_COUNT
} mmofl_status;

enum { MMOFL_ERROR_TEXT = 1024 };

/** What went wrong, in words for a person.  Zero-initialise before use. */
typedef struct mmofl_error {
    mmofl_status status;
    char text[MMOFL_ERROR_TEXT];
} mmofl_error;

/** "E_RANGE" for MMOFL_E_RANGE; "?" for a number that is no status. */
MMOFL_API const char *mmofl_status_name(mmofl_status status);

/** "value out of range" for MMOFL_E_RANGE; "?" for a number that is no status. */
MMOFL_API const char *mmofl_status_text(mmofl_status status);

/** Fill err (NULL is allowed: then nothing is written) and return status, so that a
 * refusal is one line:  return mmofl_fail(err, MMOFL_E_RANGE, "alpha is %g", a);
 * Text longer than MMOFL_ERROR_TEXT - 1 bytes is cut. */
MMOFL_API mmofl_status mmofl_fail(mmofl_error *err, mmofl_status status,
                                  const char *format, ...) MMOFL_PRINTF(3, 4);

/** Put "format: " in front of the text err already has; returns err->status. */
MMOFL_API mmofl_status mmofl_fail_within(mmofl_error *err, const char *format, ...)
    MMOFL_PRINTF(2, 3);

/** The text for errno, and the status that fits it: ENOENT gives E_NOT_FOUND, ENOSPC
 * and EDQUOT E_NO_SPACE, ENOMEM E_MEMORY, EEXIST E_EXISTS, all others E_IO. */
MMOFL_API mmofl_status mmofl_fail_errno(mmofl_error *err, int errnum,
                                        const char *format, ...) MMOFL_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif
#endif
