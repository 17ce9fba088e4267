/* identity.c - raw Ed25519 keys out of PEM files. */
#include <string.h>

#include "pki/identity.h"
#include "pki/x509.h"

mmofl_status mmofl_identity_secret(const char *path,
                                   unsigned char seed[MMOFL_SECRET_SEED_BYTES],
                                   mmofl_error *err)
{
    EVP_PKEY *key;
    mmofl_status st = mmofl_x509_read_key(path, &key, err);
    if (st)
        return st;
    size_t n = MMOFL_SECRET_SEED_BYTES;
    if (EVP_PKEY_get_id(key) != EVP_PKEY_ED25519 ||
        EVP_PKEY_get_raw_private_key(key, seed, &n) != 1)
        st = mmofl_fail(err, MMOFL_E_TYPE, "%s: wanted an Ed25519 key", path);
    EVP_PKEY_free(key);
    return st;
}

static mmofl_status read_name(const char *path, const X509 *certificate,
                              char name[MMOFL_WIRE_NAME_BYTES], mmofl_error *err)
{
    char text[256] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text,
                              sizeof text);
    bool fits = strlen(text) < MMOFL_WIRE_NAME_BYTES &&
                (mmofl_device_name_is_valid(text) || strcmp(text, "coordinator") == 0);
    if (!fits)
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "%s: the certificate is for '%.80s', no name of a device",
                          path, text);
    memcpy(name, text, strlen(text) + 1);
    return MMOFL_OK;
}

mmofl_status mmofl_identity_public(const char *path,
                                   unsigned char key[MMOFL_PUBLIC_KEY_BYTES],
                                   char name[MMOFL_WIRE_NAME_BYTES], mmofl_error *err)
{
    X509 *certificate;
    mmofl_status st = mmofl_x509_read_certificate(path, &certificate, err);
    if (st)
        return st;
    size_t n = MMOFL_PUBLIC_KEY_BYTES;
    EVP_PKEY *found = X509_get0_pubkey(certificate);
    if (!found || EVP_PKEY_get_id(found) != EVP_PKEY_ED25519 ||
        EVP_PKEY_get_raw_public_key(found, key, &n) != 1)
        st = mmofl_fail(err, MMOFL_E_TYPE,
                        "%s: wanted the certificate of an Ed25519 key", path);
    else if (name)
        st = read_name(path, certificate, name, err);
    X509_free(certificate);
    return st;
}
