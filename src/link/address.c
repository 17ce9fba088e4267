/* address.c - brackets keep the colons of IPv6 from that of the port. */
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "link/address.h"

static mmofl_status read_port(const char *text, const char *all, int *port,
                              mmofl_error *err)
{
    uint64_t number;
    const char *end = text;
    if (mmofl_number_whole(&end, &number) || *end)
        return mmofl_fail(err, MMOFL_E_SYNTAX, "'%.80s': wanted HOST or HOST:PORT",
                          all);
    if (number < 1 || number > 65535)
        return mmofl_fail(err, MMOFL_E_RANGE, "'%.80s': wanted a port from 1 to 65535",
                          all);
    *port = (int)number;
    return MMOFL_OK;
}

mmofl_status mmofl_address_read(const char *text, mmofl_address *out, mmofl_error *err)
{
    mmofl_address a = {.port = 0};
    bool bracket = *text == '[';
    const char *from = text + bracket;
    const char *first = strchr(from, ':'), *last = strrchr(from, ':');
    const char *end = bracket         ? strchr(from, ']')
                      : first == last ? first
                                      : NULL; /* a bare IPv6 address has no port */
    size_t n = end ? (size_t)(end - from) : strlen(from);
    if (n == 0 || n >= sizeof a.host || (bracket && !end))
        return mmofl_fail(err, MMOFL_E_SYNTAX, "'%.80s': wanted HOST or HOST:PORT",
                          text);
    memcpy(a.host, from, n);
    const char *rest = from + n + bracket;
    mmofl_status st = MMOFL_OK;
    if (*rest == ':')
        st = read_port(rest + 1, text, &a.port, err);
    else if (*rest)
        st = mmofl_fail(err, MMOFL_E_SYNTAX, "'%.80s': wanted HOST or HOST:PORT", text);
    if (!st)
        *out = a;
    return st;
}

bool mmofl_address_is_loopback(const mmofl_address *a)
{
    return strcmp(a->host, "localhost") == 0 || strcmp(a->host, "::1") == 0 ||
           (strncmp(a->host, "127.", 4) == 0 &&
            strspn(a->host, "0123456789.") == strlen(a->host));
}
