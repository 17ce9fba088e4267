/* x509.h - keys, certificates and revocation lists of OpenSSL, in this folder's terms.
 * Only src/pki includes it. */
#ifndef MMOFL_PKI_X509_H
#define MMOFL_PKI_X509_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "mmofl/status.h"

/** "what: the library's reason"; clears the library's queue. */
mmofl_status mmofl_x509_fail(mmofl_error *err, mmofl_status status, const char *what);

/** What a certificate is for. */
typedef enum mmofl_x509_use {
    MMOFL_X509_AUTHORITY,
    MMOFL_X509_SERVER,
    MMOFL_X509_CLIENT
} mmofl_x509_use;

typedef struct mmofl_x509_request {
    mmofl_x509_use use;
    const char *federation;  /* the subject's organisation */
    const char *name;        /* its common name */
    const char *alternative; /* subjectAltName, "DNS:a,IP:b"; NULL: none */
    int days;
    EVP_PKEY *key; /* the subject's */
    X509 *issuer;  /* NULL: self-signed */
    EVP_PKEY *issuer_key;
} mmofl_x509_request;

/** A new Ed25519 key; NULL when it cannot be had.  The caller frees. */
EVP_PKEY *mmofl_x509_new_key(void);

/** A certificate, valid from a day ago (clocks of devices are not right); NULL when the
 * library refuses.  The caller frees. */
X509 *mmofl_x509_certificate(const mmofl_x509_request *request);

/** A revocation list with what `old` has (NULL: nothing) and the certificate (NULL:
 * none more); NULL when the library refuses.  The caller frees. */
X509_CRL *mmofl_x509_crl(const X509_CRL *old, const X509 *revoked, X509 *issuer,
                         EVP_PKEY *issuer_key, int days);

/** Read the first of its kind in a PEM file.  @retval E_CORRUPT, E_NOT_FOUND, E_IO */
MMOFL_CHECKED mmofl_status mmofl_x509_read_certificate(const char *path, X509 **out,
                                                       mmofl_error *err);
MMOFL_CHECKED mmofl_status mmofl_x509_read_key(const char *path, EVP_PKEY **out,
                                               mmofl_error *err);
MMOFL_CHECKED mmofl_status mmofl_x509_read_crl(const char *path, X509_CRL **out,
                                               mmofl_error *err);

/** Write as PEM, atomically; a key for its owner only. */
MMOFL_CHECKED mmofl_status mmofl_x509_write_certificate(const char *path,
                                                        const X509 *certificate,
                                                        mmofl_error *err);
MMOFL_CHECKED mmofl_status mmofl_x509_write_key(const char *path, const EVP_PKEY *key,
                                                mmofl_error *err);
MMOFL_CHECKED mmofl_status mmofl_x509_write_crl(const char *path, const X509_CRL *crl,
                                                mmofl_error *err);

#endif
