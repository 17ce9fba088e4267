/* x509.c - what is needed of OpenSSL 3.  Every object of its that a function makes is
 * freed in the same function or handed out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/file.h"
#include "pki/x509.h"

enum { PEM_BYTES = 64 << 20, DAY_S = 24 * 60 * 60 };

mmofl_status mmofl_x509_fail(mmofl_error *err, mmofl_status status, const char *what)
{
    char why[256] = "refused";
    unsigned long code = ERR_peek_last_error();
    if (code)
        ERR_error_string_n(code, why, sizeof why);
    ERR_clear_error();
    return mmofl_fail(err, status, "%s: %s", what, why);
}

EVP_PKEY *mmofl_x509_new_key(void)
{
    return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

/* ---- certificates ---- */

/* 63 random bits: certificates of one authority must differ in it. */
static bool set_serial(X509 *certificate)
{
    uint64_t serial;
    if (RAND_bytes((unsigned char *)&serial, sizeof serial) != 1)
        return false;
    serial = (serial >> 1) | 1;
    return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial) == 1;
}

static bool set_name(X509_NAME *name, const mmofl_x509_request *r)
{
    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
                                      (const unsigned char *)r->federation, -1, -1,
                                      0) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                      (const unsigned char *)r->name, -1, -1, 0) == 1;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool added = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool add_extensions(X509 *certificate, const mmofl_x509_request *r)
{
    static const struct {
        const char *constraints, *key_use, *extended;
    } use[] = {
        [MMOFL_X509_AUTHORITY] = {"critical,CA:TRUE,pathlen:0",
                                  "critical,keyCertSign,cRLSign", NULL},
        [MMOFL_X509_SERVER] = {"critical,CA:FALSE", "critical,digitalSignature",
                               "serverAuth"},
        [MMOFL_X509_CLIENT] = {"critical,CA:FALSE", "critical,digitalSignature",
                               "clientAuth"},
    };
    X509 *issuer = r->issuer ? r->issuer : certificate;
    bool ok = add_extension(certificate, issuer, NID_basic_constraints,
                            use[r->use].constraints) &&
              add_extension(certificate, issuer, NID_key_usage, use[r->use].key_use) &&
              add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
              add_extension(certificate, issuer, NID_authority_key_identifier, "keyid");
    if (ok && use[r->use].extended)
        ok =
            add_extension(certificate, issuer, NID_ext_key_usage, use[r->use].extended);
    if (ok && r->alternative)
        ok = add_extension(certificate, issuer, NID_subject_alt_name, r->alternative);
    return ok;
}

X509 *mmofl_x509_certificate(const mmofl_x509_request *r)
{
    X509 *c = X509_new();
    bool ok = c && X509_set_version(c, X509_VERSION_3) == 1 && set_serial(c) &&
              set_name(X509_get_subject_name(c), r) &&
              X509_gmtime_adj(X509_getm_notBefore(c), -DAY_S) &&
              X509_time_adj_ex(X509_getm_notAfter(c), r->days, 0, NULL) &&
              X509_set_pubkey(c, r->key) == 1;
    if (ok)
        ok = X509_set_issuer_name(
                 c, X509_get_subject_name(r->issuer ? r->issuer : c)) == 1 &&
             add_extensions(c, r) &&
             X509_sign(c, r->issuer ? r->issuer_key : r->key, NULL) > 0;
    if (ok)
        return c;
    X509_free(c);
    return NULL;
}

/* ---- revocation ---- */

static bool add_revoked(X509_CRL *crl, const ASN1_INTEGER *serial)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
    bool ok = entry && now &&
              X509_REVOKED_set_serialNumber(entry, (ASN1_INTEGER *)serial) == 1 &&
              X509_REVOKED_set_revocationDate(entry, now) == 1 &&
              X509_CRL_add0_revoked(crl, entry) == 1;
    if (!ok)
        X509_REVOKED_free(entry);
    ASN1_TIME_free(now);
    return ok;
}

static bool copy_revoked(X509_CRL *crl, const X509_CRL *old)
{
    STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED((X509_CRL *)old);
    for (int i = 0; i < sk_X509_REVOKED_num(list); i++)
        if (!add_revoked(
                crl, X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(list, i))))
            return false;
    return true;
}

X509_CRL *mmofl_x509_crl(const X509_CRL *old, const X509 *revoked, X509 *issuer,
                         EVP_PKEY *issuer_key, int days)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *from = X509_gmtime_adj(NULL, -DAY_S);
    ASN1_TIME *until = X509_time_adj_ex(NULL, days, 0, NULL);
    bool ok = crl && from && until && X509_CRL_set_version(crl, X509_CRL_VERSION_2) &&
              X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)) == 1 &&
              X509_CRL_set1_lastUpdate(crl, from) == 1 &&
              X509_CRL_set1_nextUpdate(crl, until) == 1 &&
              (!old || copy_revoked(crl, old)) &&
              (!revoked || add_revoked(crl, X509_get0_serialNumber(revoked))) &&
              X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, issuer_key, NULL) > 0;
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    if (ok)
        return crl;
    X509_CRL_free(crl);
    return NULL;
}

/* ---- files ---- */

/* What a PEM file holds, by one of the library's readers. */
typedef void *pem_reader(BIO *from);

static void *read_certificate(BIO *from)
{
    return PEM_read_bio_X509(from, NULL, NULL, NULL);
}

/* No question is asked on a terminal: a key with a password is none that we can use. */
static int no_password(char *buffer, int size, int writing, void *context)
{
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

static void *read_key(BIO *from)
{
    return PEM_read_bio_PrivateKey(from, NULL, no_password, NULL);
}

static void *read_crl(BIO *from)
{
    return PEM_read_bio_X509_CRL(from, NULL, NULL, NULL);
}

static mmofl_status read_pem(const char *path, const char *what, pem_reader *reader,
                             void **out, mmofl_error *err)
{
    unsigned char *text;
    size_t size;
    mmofl_status st = mmofl_file_read(path, PEM_BYTES, &text, &size, err);
    if (st)
        return st;
    BIO *from = BIO_new_mem_buf(text, (int)size);
    void *found = from ? reader(from) : NULL;
    BIO_free(from);
    OPENSSL_cleanse(text, size);
    free(text);
    ERR_clear_error();
    if (!found)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "%s: no %s in it", path, what);
    *out = found;
    return MMOFL_OK;
}

mmofl_status mmofl_x509_read_certificate(const char *path, X509 **out, mmofl_error *err)
{
    void *found = NULL;
    mmofl_status st = read_pem(path, "certificate", read_certificate, &found, err);
    *out = found;
    return st;
}

mmofl_status mmofl_x509_read_key(const char *path, EVP_PKEY **out, mmofl_error *err)
{
    void *found = NULL;
    mmofl_status st = read_pem(path, "private key", read_key, &found, err);
    *out = found;
    return st;
}

mmofl_status mmofl_x509_read_crl(const char *path, X509_CRL **out, mmofl_error *err)
{
    void *found = NULL;
    mmofl_status st = read_pem(path, "revocation list", read_crl, &found, err);
    *out = found;
    return st;
}

/* Write what the library put into `text` (NULL or not `filled`: it could not). */
static mmofl_status write_pem(const char *path, BIO *text, bool filled, bool secret,
                              mmofl_error *err)
{
    char *data = NULL;
    long size = filled ? BIO_get_mem_data(text, &data) : 0;
    mmofl_status st;
    if (size <= 0)
        st = mmofl_x509_fail(err, MMOFL_E_MEMORY, path);
    else if (secret)
        st = mmofl_file_write_secret(path, data, (size_t)size, err);
    else
        st = mmofl_file_write(path, data, (size_t)size, true, err);
    if (size > 0)
        OPENSSL_cleanse(data, (size_t)size);
    BIO_free(text);
    return st;
}

mmofl_status mmofl_x509_write_certificate(const char *path, const X509 *certificate,
                                          mmofl_error *err)
{
    BIO *text = BIO_new(BIO_s_mem());
    bool filled = text && PEM_write_bio_X509(text, (X509 *)certificate) == 1;
    return write_pem(path, text, filled, false, err);
}

mmofl_status mmofl_x509_write_key(const char *path, const EVP_PKEY *key,
                                  mmofl_error *err)
{
    BIO *text = BIO_new(BIO_s_mem());
    bool filled = text && PEM_write_bio_PKCS8PrivateKey(text, key, NULL, NULL, 0, NULL,
                                                        NULL) == 1;
    return write_pem(path, text, filled, true, err);
}

mmofl_status mmofl_x509_write_crl(const char *path, const X509_CRL *crl,
                                  mmofl_error *err)
{
    BIO *text = BIO_new(BIO_s_mem());
    bool filled = text && PEM_write_bio_X509_CRL(text, (X509_CRL *)crl) == 1;
    return write_pem(path, text, filled, false, err);
}
