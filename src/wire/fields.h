/* fields.h - the fields of a protobuf message one by one, where they lie.
 *
 * For the two messages that wrap others (Frame, Sealed), whose bytes fields are nearly
 * all there is of them: protobuf-c would copy these.  What a field means, its reader
 * says; one that it does not know, or that has another wire type than it knows, it
 * passes over, as protobuf asks for.  Internal to src/wire. */
#ifndef MMOFL_WIRE_FIELDS_H
#define MMOFL_WIRE_FIELDS_H

#include "mmofl/status.h"

/** A field's number and wire type in one number, as it is on the wire. */
enum { MMOFL_FIELD_VARINT = 0, MMOFL_FIELD_FIXED64 = 1, MMOFL_FIELD_BYTES = 2 };
#define MMOFL_FIELD(number, type) ((number) << 3 | MMOFL_FIELD_##type)

typedef struct mmofl_field {
    uint64_t key;        /* MMOFL_FIELD */
    uint64_t value;      /* of VARINT, FIXED64 */
    const uint8_t *data; /* of BYTES: lies in the message */
    size_t size;
} mmofl_field;

/** A place in the bytes of a message, which it borrows. */
typedef struct mmofl_fields {
    const uint8_t *at, *end;
    bool bad; /* what came last is no field */
} mmofl_fields;

mmofl_fields mmofl_fields_of(const void *message, size_t size);

/** The next field; false: there is none, or, with fields->bad, none that is sound. */
bool mmofl_fields_next(mmofl_fields *fields, mmofl_field *field);

#endif
