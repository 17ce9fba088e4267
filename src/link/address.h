/* address.h - "host", "host:port", "[::1]:port": where a broker is. */
#ifndef MMOFL_LINK_ADDRESS_H
#define MMOFL_LINK_ADDRESS_H

#include "mmofl/status.h"

enum { MMOFL_HOST_BYTES = 256 };

typedef struct mmofl_address {
    char host[MMOFL_HOST_BYTES];
    int port; /* 0: none was given */
} mmofl_address;

/** @retval E_SYNTAX  no host, or something behind the port
 *  @retval E_RANGE   a port outside 1 ... 65535 */
MMOFL_CHECKED mmofl_status mmofl_address_read(const char *text, mmofl_address *address,
                                              mmofl_error *err);

/** Is that this very machine, so that nobody else hears what is said: localhost,
 * 127.x.y.z, ::1? */
bool mmofl_address_is_loopback(const mmofl_address *address);

#endif
