/* authority.h - a small certificate authority for one federation, kept in a folder:
 *
 *   DIR/ca.crt, ca.key            the authority (Ed25519)
 *   DIR/crl.pem                   what it has revoked
 *   DIR/admission.list            the devices, for the coordinator (pki/admission.h)
 *   DIR/broker/                   ca.crt, broker.crt, broker.key
 *   DIR/coordinator/              ca.crt, coordinator.crt, coordinator.key
 *   DIR/devices/NAME/             ca.crt, device.crt, device.key, coordinator.crt
 *
 * Each subfolder is what that machine needs, and all of it.  Keys are files that only
 * their owner can read; no function here prints one.  ca.key need not be on any machine
 * of the federation.
 *
 * The certificates are those of TLS (X.509); the same keys sign messages, so that a
 * broker that is not to be trusted cannot speak for a device.  An update of the folder
 * is written file by file, the admission list last: what is cut short can be done
 * again.
 *
 * Every function may return E_NO_SPACE, E_NOT_FOUND, E_IO and E_MEMORY. */
#ifndef MMOFL_PKI_AUTHORITY_H
#define MMOFL_PKI_AUTHORITY_H

#include "mmofl/status.h"

enum { MMOFL_PKI_DAYS = 3650 }; /* how long certificates hold, unless it is said */

typedef struct mmofl_pki_setup {
    const char *folder;
    const char *federation;  /* a name as devices have them */
    const char *const *host; /* names and addresses under which the broker is reached */
    int n_hosts;             /* at least one */
    int days;
} mmofl_pki_setup;

/** Make the authority, and certificates for broker and coordinator.
 * @retval E_EXISTS  the folder has an authority
 * @retval E_RANGE   a name or the number of days */
MMOFL_CHECKED mmofl_status mmofl_pki_init(const mmofl_pki_setup *setup,
                                          mmofl_error *err);

/** Admit a device: a key and a certificate for it, and a line in the list.  A revoked
 * name is admitted again, with its old number and a new key.
 * @retval E_EXISTS   the device is admitted
 * @retval E_RANGE    no device may be called so
 * @retval E_CORRUPT  a file of the folder is damaged */
MMOFL_CHECKED mmofl_status mmofl_pki_add_device(const char *folder, const char *name,
                                                int days, mmofl_error *err);

/** Take a device's admission back: its certificate goes to the CRL (which the broker
 * reads), its line in the list becomes `revoked` (which the coordinator reads).
 * @retval E_UNKNOWN  no such device
 * @retval E_STATE    it is revoked
 * @retval E_CORRUPT  a file of the folder is damaged */
MMOFL_CHECKED mmofl_status mmofl_pki_revoke(const char *folder, const char *name,
                                            mmofl_error *err);

#endif
