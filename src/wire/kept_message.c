/* kept_message.c - a copy of the bytes, then what they say. */
#include <stdlib.h>
#include <string.h>

#include "wire/kept_message.h"

void mmofl_kept_free(mmofl_kept_message *k)
{
    mmofl_message_free(&k->message);
    free(k->bytes);
    *k = (mmofl_kept_message){0};
}

mmofl_status mmofl_kept_read(mmofl_kept_message *k, const void *bytes, size_t size,
                             const mmofl_wire_limits *limits, mmofl_error *err)
{
    mmofl_kept_message made = {.bytes = malloc(size ? size : 1), .size = size};
    if (!made.bytes)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a message of %zu bytes",
                          size);
    memcpy(made.bytes, bytes, size);
    mmofl_status st = mmofl_message_read(bytes, size, limits, &made.message, err);
    if (st) {
        free(made.bytes);
        return st;
    }
    mmofl_kept_free(k);
    *k = made;
    return MMOFL_OK;
}
