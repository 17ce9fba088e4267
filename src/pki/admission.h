/* admission.h - which devices may take part: the list that a coordinator reads.
 *
 *   # number name       public key (Ed25519, 64 hexadecimal digits), or -, or revoked
 *   0        kitchen    3f0c...
 *   1        hall       revoked
 *
 * A device's number is the key of its random numbers, so it is never given anew: lines
 * are in the order 0, 1, 2, ... and a device that is out keeps its line. */
#ifndef MMOFL_PKI_ADMISSION_H
#define MMOFL_PKI_ADMISSION_H

#include "base/arena.h"
#include "wire/name.h"

enum { MMOFL_PUBLIC_KEY_BYTES = 32, MMOFL_MOST_DEVICES = 1000000 };

typedef struct mmofl_admitted {
    char name[MMOFL_WIRE_NAME_BYTES];
    enum {
        MMOFL_ADMITTED_BY_NAME, /* no key: whoever the broker lets use the name */
        MMOFL_ADMITTED_BY_KEY,
        MMOFL_ADMITTED_NO_MORE /* revoked */
    } how;
    unsigned char key[MMOFL_PUBLIC_KEY_BYTES]; /* ADMITTED_BY_KEY */
} mmofl_admitted;

typedef struct mmofl_admission_list {
    mmofl_arena arena;
    uint32_t n;
    mmofl_admitted *device; /* (n) by number */
    uint32_t *by_name;      /* (n) numbers, ascending by name */
} mmofl_admission_list;

/** May a device be called so?  As wire/name.h says; "coordinator" and "broker" are
 * taken. */
bool mmofl_device_name_is_valid(const char *name);

/** Read a list; err says "file:line: what, and what was wanted".
 * @retval E_SYNTAX     a line of another form
 * @retval E_RANGE      a name that no device may have, or a number out of turn
 * @retval E_DUPLICATE  a name twice
 * @retval E_LIMIT      more than MMOFL_MOST_DEVICES
 * @retval E_NOT_FOUND, E_IO, E_MEMORY
 * On success the caller owns it: mmofl_admission_free. */
MMOFL_CHECKED mmofl_status mmofl_admission_load(const char *path,
                                                mmofl_admission_list *admission,
                                                mmofl_error *err);

/** The same from text; `file` stands for the file in messages. */
MMOFL_CHECKED mmofl_status mmofl_admission_parse(const char *text, size_t size,
                                                 const char *file,
                                                 mmofl_admission_list *admission,
                                                 mmofl_error *err);

/** n devices STEM-0, STEM-1, ... without keys: for loopback and tests.
 * @param[in] stem  "device"
 * @retval E_MEMORY, E_LIMIT */
MMOFL_CHECKED mmofl_status mmofl_admission_number(const char *stem, uint32_t n,
                                                  mmofl_admission_list *admission,
                                                  mmofl_error *err);

/** A list of devices first ... first + n - 1 of another one, which has them; number 0
 * is the first of them.  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_admission_part(const mmofl_admission_list *whole,
                                                uint32_t first, uint32_t n,
                                                mmofl_admission_list *part,
                                                mmofl_error *err);

void mmofl_admission_free(mmofl_admission_list *admission);

/** The device of that name, or NULL.  Cost: O(log n). */
const mmofl_admitted *mmofl_admission_find(const mmofl_admission_list *admission,
                                           const char *name);

/** Its number. */
static inline uint32_t mmofl_admission_number_of(const mmofl_admission_list *admission,
                                                 const mmofl_admitted *device)
{
    return (uint32_t)(device - admission->device);
}

/** Write a list, atomically and synced.  @retval E_NO_SPACE, E_NOT_FOUND, E_IO,
 * E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_admission_save(const mmofl_admitted *device,
                                                uint32_t n, const char *path,
                                                mmofl_error *err);

#endif
