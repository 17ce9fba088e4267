/* name.h - what federations and devices may be called, and texts that came from afar.
 *
 * Names: 1 to 64 of A-Z a-z 0-9 . _ -, not beginning with a dot: they stand in topics,
 * file names and certificates. */
#ifndef MMOFL_WIRE_NAME_H
#define MMOFL_WIRE_NAME_H

#include "mmofl/status.h"

enum { MMOFL_WIRE_NAME_BYTES = 65 };

/** In Sealed.sender and Sealed.receiver: the coordinator, and every device. */
#define MMOFL_COORDINATOR ""
#define MMOFL_EVERYBODY "*"

/** May a federation or a device be called so? */
bool mmofl_wire_name_is_valid(const char *name);

/** Is it UTF-8 of at most `most` bytes without control characters?  lines: line ends
 * and tabs are allowed. */
bool mmofl_wire_text_is_valid(const char *text, size_t most, bool lines);

#endif
