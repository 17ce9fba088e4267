/* fuzz_archive.c - no bytes may crash the archive reader, and what it reads must have
 * the size and the kind of path that it promised. */
#include <stdlib.h>
#include <string.h>

#include "data/archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const mmofl_archive *archive)
{
    for (size_t i = 0; i < mmofl_archive_count(archive); i++) {
        const mmofl_archive_entry *entry = mmofl_archive_entry_at(archive, i);
        unsigned char *bytes;
        size_t n;
        if (entry->path[0] == '/' || strncmp(entry->path, "../", 3) == 0)
            abort();
        if (mmofl_archive_read(archive, i, &bytes, &n, NULL))
            continue;
        if (n != entry->bytes || bytes[n] != 0)
            abort();
        free(bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const mmofl_archive_limits limits = {
        .entries = 64, .entry_bytes = 1 << 20, .total_bytes = 1 << 22, .ratio = 100};
    mmofl_archive *archive;
    mmofl_error err;
    if (mmofl_archive_open_memory(data, size, "fuzz", &limits, &archive, &err))
        return 0;
    read_all(archive);
    mmofl_archive_close(archive);
    return 0;
}
