/* library.h - a shared library that is opened by what needs it, when it needs it.
 *
 * A program waits at its start for every library that it is linked with, and for those
 * that these need.  libcurl and libmicrohttpd bring thirty between them, for TLS and
 * directories of users, which is more than all the rest; who trains on this machine
 * wants none of it.  So modules that speak HTTP have a table of the functions they use
 * and fill it first:
 *
 *     struct curl { mmofl_curl_easy_init *easy_init; ... };
 *     static const mmofl_library_symbol symbols[] = {
 *         {"curl_easy_init", offsetof(struct curl, easy_init)}, ... };
 */
#ifndef MMOFL_BASE_LIBRARY_H
#define MMOFL_BASE_LIBRARY_H

#include <stddef.h>

#include "mmofl/status.h"

/** A function, and where in the table its address goes. */
typedef struct mmofl_library_symbol {
    const char *name;
    size_t at; /* bytes from the table's start */
} mmofl_library_symbol;

/** Open the library and fill the table, which has the slots of n symbols.  It stays
 * open to the end of the program; opening it again costs little.
 * @param[in] file  its soname: "libcurl.so.4"
 * @retval MMOFL_E_UNSUPPORTED  it is not on this machine, or lacks a function */
MMOFL_CHECKED mmofl_status mmofl_library_open(const char *file,
                                              const mmofl_library_symbol *symbols,
                                              size_t n, void *table, mmofl_error *err);

#endif
