/* memory.h - how much memory this process may still have, and how much it has. */
#ifndef MMOFL_BASE_MEMORY_H
#define MMOFL_BASE_MEMORY_H

#include <stddef.h>

/** Bytes that can be taken before the system has to swap or to end somebody: Linux's
 * estimate (MemAvailable), or what the control groups that the process is in leave it,
 * if that is less (containers, batch systems; versions 1 and 2).  At least 1; 0 when
 * nothing tells. */
size_t mmofl_memory_available(void);

/** The same with /proc and /sys under another root: for tests. */
size_t mmofl_memory_available_under(const char *root);

/** Bytes of this process that are in memory now; 0 when nothing tells. */
size_t mmofl_memory_resident(void);

/** Keep up to 64 MiB of what is freed for the next malloc, instead of giving it back to
 * the system and asking for it again: for programs that take and free models all the
 * time.  Before the first thread starts; without effect where the C library is not
 * glibc. */
void mmofl_memory_keep_freed(void);

#endif
