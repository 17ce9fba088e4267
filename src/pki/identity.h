/* identity.h - the Ed25519 keys in PEM files, as those who sign and check need them. */
#ifndef MMOFL_PKI_IDENTITY_H
#define MMOFL_PKI_IDENTITY_H

#include "pki/admission.h"

enum { MMOFL_SECRET_SEED_BYTES = 32 };

/** The secret seed of the key in a PEM file (PKCS 8).
 * @retval E_TYPE     a key of another kind than Ed25519
 * @retval E_CORRUPT  no key in it
 * @retval E_NOT_FOUND, E_IO */
MMOFL_CHECKED mmofl_status mmofl_identity_secret(
    const char *path, unsigned char seed[MMOFL_SECRET_SEED_BYTES], mmofl_error *err);

/** The public key, and the common name (NULL: not asked for), of the certificate in a
 * PEM file.
 * @retval E_RANGE  a name that no device may have, coordinator excepted
 * others as mmofl_identity_secret */
MMOFL_CHECKED mmofl_status
mmofl_identity_public(const char *path, unsigned char key[MMOFL_PUBLIC_KEY_BYTES],
                      char name[MMOFL_WIRE_NAME_BYTES], mmofl_error *err);

#endif
