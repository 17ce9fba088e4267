/* analyzer.h - what clang-tidy cannot see from one source file at a time: a refusal is
 * never MMOFL_OK.  Without it each `return mmofl_fail(...)` looks as if it might have
 * succeeded, and all that follows as if it read what was never written.
 *
 * `./dev lint` includes it before each source but status.c, where they are defined.  As
 * it comes before a source's own feature macros, it asks for all of them. */
#ifndef MMOFL_LINT_ANALYZER_H
#define MMOFL_LINT_ANALYZER_H

#define _GNU_SOURCE

#include "mmofl/status.h"

#define mmofl_fail(err, status, ...) (mmofl_fail(err, status, __VA_ARGS__), (status))
#define mmofl_fail_errno(err, ...) (mmofl_fail_errno(err, __VA_ARGS__), MMOFL_E_IO)
#define mmofl_fail_within(err, ...)                                                    \
    (mmofl_fail_within(err, __VA_ARGS__), MMOFL_E_CORRUPT)

#endif
