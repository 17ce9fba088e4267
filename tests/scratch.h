/* scratch.h - a folder of its own for a test that writes files.
 *
 * Include it first: it asks for the POSIX functions it needs. */
#ifndef MMOFL_TESTS_SCRATCH_H
#define MMOFL_TESTS_SCRATCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

typedef struct scratch {
    char folder[256];
    char path[512]; /* what scratch_path gave last */
} scratch;

static inline void scratch_new(scratch *s)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(s->folder, sizeof s->folder, "%s/mmofl-test-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(s->folder))
        fail_msg("%s: cannot be made", s->folder);
}

/** "folder/name"; valid until the next call. */
static inline const char *scratch_path(scratch *s, const char *name)
{
    snprintf(s->path, sizeof s->path, "%s/%s", s->folder, name);
    return s->path;
}

static inline int scratch_unlink(const char *path, const struct stat *st, int flag,
                                 struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static inline void scratch_delete(scratch *s)
{
    nftw(s->folder, scratch_unlink, 8, FTW_DEPTH | FTW_PHYS);
}

/* For cmocka: the test's state is a scratch folder. */
static inline int scratch_begin(void **state)
{
    static scratch s;
    scratch_new(&s);
    *state = &s;
    return 0;
}

static inline int scratch_end(void **state)
{
    scratch_delete(*state);
    return 0;
}

/** A test, in a CHECK_MAIN list, whose state is a folder of its own. */
#define IN_A_FOLDER(name)                                                              \
    cmocka_unit_test_setup_teardown(name, scratch_begin, scratch_end)

#endif
