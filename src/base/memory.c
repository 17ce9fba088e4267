/* memory.c - numbers that Linux tells in files, and malloc's habits.
 *
 * A control group's limit holds for all groups below it, so what is left is the least
 * over the process's group and those above.  Pages of files that a group has not used
 * for a while count as used, but are given up when memory is short. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/memory.h"
#include "base/number.h"

enum { PATH_BYTES = 4096 };

/* A control group hierarchy: how its line in /proc/self/cgroup begins after the number,
 * where it is mounted, and its files. */
typedef struct hierarchy {
    const char *name, *mounted, *limit, *used, *given_up;
} hierarchy;

static const hierarchy hierarchies[] = {
    {":", "/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file "},
    {"memory:", "/sys/fs/cgroup/memory", "memory.limit_in_bytes",
     "memory.usage_in_bytes", "total_inactive_file "},
};

/* The whole number behind `key` at the start of a line of that file; false when there
 * is none. */
static bool read_number(const char *path, const char *key, uint64_t *value)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    char line[256];
    bool found = false;
    while (!found && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, strlen(key)) != 0)
            continue;
        const char *at = line + strlen(key);
        at += strspn(at, " \t");
        found = mmofl_number_whole(&at, value) == MMOFL_OK;
    }
    fclose(file);
    return found;
}

/* Where the process is in the hierarchy: "/a/b", or "" at its top. */
static bool find_group(const char *root, const hierarchy *h, char *group, size_t size)
{
    char path[PATH_BYTES], line[PATH_BYTES];
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *file = fopen(path, "r");
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file)) {
        const char *at = line + strspn(line, "0123456789");
        if (*at++ != ':' || strncmp(at, h->name, strlen(h->name)) != 0)
            continue;
        at += strlen(h->name);
        snprintf(group, size, "%.*s", (int)strcspn(at, "\n"), at);
        found = true;
    }
    if (file)
        fclose(file);
    if (found && strcmp(group, "/") == 0)
        *group = '\0';
    return found;
}

/* What one group leaves, if it has a limit. */
static void look_at_group(const char *root, const hierarchy *h, const char *group,
                          uint64_t *least)
{
    char path[3][2 * PATH_BYTES + 64];
    const char *name[3] = {h->limit, h->used, "memory.stat"};
    uint64_t limit, used, given_up = 0;
    for (int i = 0; i < 3; i++)
        snprintf(path[i], sizeof path[i], "%s%s%s/%s", root, h->mounted, group,
                 name[i]);
    if (!read_number(path[0], "", &limit) || !read_number(path[1], "", &used))
        return;
    read_number(path[2], h->given_up, &given_up);
    used -= given_up < used ? given_up : used;
    uint64_t left = limit > used ? limit - used : 0;
    *least = left < *least ? left : *least;
}

size_t mmofl_memory_available_under(const char *root)
{
    char path[PATH_BYTES], group[PATH_BYTES];
    uint64_t least = UINT64_MAX, kib;
    snprintf(path, sizeof path, "%s/proc/meminfo", root);
    if (read_number(path, "MemAvailable:", &kib) && kib < UINT64_MAX / 1024)
        least = kib * 1024;
    for (size_t i = 0; i < sizeof hierarchies / sizeof *hierarchies; i++) {
        bool in = find_group(root, &hierarchies[i], group, sizeof group);
        while (in) {
            look_at_group(root, &hierarchies[i], group, &least);
            char *last = strrchr(group, '/');
            in = last != NULL;
            if (in)
                *last = '\0';
        }
    }
    if (least == UINT64_MAX)
        return 0;
    least = least < SIZE_MAX ? least : SIZE_MAX;
    return least > 0 ? (size_t)least : 1;
}

size_t mmofl_memory_available(void)
{
    return mmofl_memory_available_under("");
}

size_t mmofl_memory_resident(void)
{
    uint64_t kib;
    return read_number("/proc/self/status", "VmRSS:", &kib) ? (size_t)kib * 1024 : 0;
}

void mmofl_memory_keep_freed(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
    (void)mallopt(M_MMAP_THRESHOLD, 4 << 20);
    (void)mallopt(M_TOP_PAD, 1 << 20);
#endif
}
