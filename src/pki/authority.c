/* authority.c - the folder of an authority. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "pki/authority.h"
#include "pki/identity.h"
#include "pki/x509.h"

enum { PATH_BYTES = 4096, NAMES_BYTES = 2048, MOST_DAYS = 36500 };

/* The authority at work. */
typedef struct authority {
    const char *folder;
    char federation[MMOFL_WIRE_NAME_BYTES];
    X509 *certificate;
    EVP_PKEY *key;
    int days;
} authority;

static void authority_close(authority *a)
{
    X509_free(a->certificate);
    EVP_PKEY_free(a->key);
}

/* "folder/in/file"; `in` may be empty. */
static mmofl_status place(const authority *a, const char *in, const char *file,
                          char path[PATH_BYTES], mmofl_error *err)
{
    mmofl_status st = mmofl_file_join(path, PATH_BYTES, a->folder, in, err);
    return st ? st : mmofl_file_join(path, PATH_BYTES, path, file, err);
}

static mmofl_status check_days(int days, mmofl_error *err)
{
    if (days >= 1 && days <= MOST_DAYS)
        return MMOFL_OK;
    return mmofl_fail(err, MMOFL_E_RANGE, "%d days; wanted 1 to %d", days, MOST_DAYS);
}

static mmofl_status authority_open(authority *a, const char *folder, mmofl_error *err)
{
    char path[PATH_BYTES];
    *a = (authority){.folder = folder, .days = MMOFL_PKI_DAYS};
    mmofl_status st = place(a, "", "ca.crt", path, err);
    if (!st && !mmofl_file_exists(path))
        return mmofl_fail(err, MMOFL_E_NOT_FOUND,
                          "%s: no authority; `mmofl pki init` makes one", folder);
    if (!st)
        st = mmofl_x509_read_certificate(path, &a->certificate, err);
    if (!st)
        X509_NAME_get_text_by_NID(X509_get_subject_name(a->certificate),
                                  NID_organizationName, a->federation,
                                  sizeof a->federation);
    if (!st)
        st = place(a, "", "ca.key", path, err);
    if (!st)
        st = mmofl_x509_read_key(path, &a->key, err);
    if (!st && X509_check_private_key(a->certificate, a->key) != 1)
        st = mmofl_x509_fail(err, MMOFL_E_CORRUPT, path);
    if (st)
        authority_close(a);
    return st;
}

/* ---- one machine's folder ---- */

/* The authority's certificate, and `name`'s own certificate and key as file.crt and
 * file.key, in folder `in`; its public key in *public_key (may be NULL). */
static mmofl_status issue(const authority *a, const char *in, const char *file,
                          mmofl_x509_request request, unsigned char *public_key,
                          mmofl_error *err)
{
    char path[PATH_BYTES], name[PATH_BYTES];
    mmofl_status st = place(a, in, "", path, err);
    if (!st)
        st = mmofl_file_make_folders(path, err);
    if (st)
        return st;
    request.federation = a->federation;
    request.days = a->days;
    request.issuer = a->certificate;
    request.issuer_key = a->key;
    request.key = mmofl_x509_new_key();
    X509 *certificate = request.key ? mmofl_x509_certificate(&request) : NULL;
    if (!certificate)
        st = mmofl_x509_fail(err, MMOFL_E_RANGE, request.name);
    snprintf(name, sizeof name, "%s.key", file);
    if (!st)
        st = place(a, in, name, path, err);
    if (!st)
        st = mmofl_x509_write_key(path, request.key, err);
    snprintf(name, sizeof name, "%s.crt", file);
    if (!st)
        st = place(a, in, name, path, err);
    if (!st)
        st = mmofl_x509_write_certificate(path, certificate, err);
    if (!st && public_key)
        st = mmofl_identity_public(path, public_key, NULL, err);
    if (!st)
        st = place(a, in, "ca.crt", path, err);
    if (!st)
        st = mmofl_x509_write_certificate(path, a->certificate, err);
    X509_free(certificate);
    EVP_PKEY_free(request.key);
    return st;
}

/* ---- init ---- */

/* A name of the Internet, or an address, with nothing in it that means something to
 * OpenSSL's configuration language. */
static bool host_is_valid(const char *host)
{
    size_t n = strlen(host);
    return n > 0 && n < 254 &&
           strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789.-_:*") == n;
}

static bool is_address(const char *host)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, host, bytes) == 1 ||
           inet_pton(AF_INET6, host, bytes) == 1;
}

static mmofl_status alternative_names(const mmofl_pki_setup *s, char names[NAMES_BYTES],
                                      mmofl_error *err)
{
    size_t used = 0;
    for (int i = 0; i < s->n_hosts; i++) {
        if (!host_is_valid(s->host[i]))
            return mmofl_fail(err, MMOFL_E_RANGE,
                              "broker '%.80s': wanted a host name or an address",
                              s->host[i]);
        int n = snprintf(names + used, NAMES_BYTES - used, "%s%s:%s", i ? "," : "",
                         is_address(s->host[i]) ? "IP" : "DNS", s->host[i]);
        used += (size_t)n;
        if (used >= NAMES_BYTES)
            return mmofl_fail(err, MMOFL_E_LIMIT, "too many names for the broker");
    }
    return MMOFL_OK;
}

static mmofl_status write_authority(const authority *a, mmofl_error *err)
{
    char path[PATH_BYTES];
    X509_CRL *crl = mmofl_x509_crl(NULL, NULL, a->certificate, a->key, a->days);
    mmofl_status st = crl ? place(a, "", "crl.pem", path, err)
                          : mmofl_x509_fail(err, MMOFL_E_MEMORY, "crl.pem");
    if (!st)
        st = mmofl_x509_write_crl(path, crl, err);
    X509_CRL_free(crl);
    if (!st)
        st = place(a, "", "admission.list", path, err);
    if (!st)
        st = mmofl_admission_save(NULL, 0, path, err);
    if (!st)
        st = place(a, "", "ca.key", path, err);
    if (!st)
        st = mmofl_x509_write_key(path, a->key, err);
    if (!st)
        st = place(a, "", "ca.crt", path, err);
    return st ? st : mmofl_x509_write_certificate(path, a->certificate, err);
}

static mmofl_status make_authority(authority *a, mmofl_error *err)
{
    char name[MMOFL_WIRE_NAME_BYTES + 8];
    snprintf(name, sizeof name, "%.60s CA", a->federation);
    a->key = mmofl_x509_new_key();
    mmofl_x509_request own = {.use = MMOFL_X509_AUTHORITY,
                              .federation = a->federation,
                              .name = name,
                              .days = a->days,
                              .key = a->key};
    a->certificate = a->key ? mmofl_x509_certificate(&own) : NULL;
    return a->certificate ? MMOFL_OK : mmofl_x509_fail(err, MMOFL_E_MEMORY, name);
}

/* ca.crt comes last: with it there is an authority. */
static mmofl_status fill_folder(authority *a, const char *names, mmofl_error *err)
{
    mmofl_status st = make_authority(a, err);
    if (!st)
        st =
            issue(a, "broker", "broker",
                  (mmofl_x509_request){
                      .use = MMOFL_X509_SERVER, .name = "broker", .alternative = names},
                  NULL, err);
    if (!st)
        st =
            issue(a, "coordinator", "coordinator",
                  (mmofl_x509_request){.use = MMOFL_X509_CLIENT, .name = "coordinator"},
                  NULL, err);
    return st ? st : write_authority(a, err);
}

mmofl_status mmofl_pki_init(const mmofl_pki_setup *s, mmofl_error *err)
{
    char names[NAMES_BYTES], path[PATH_BYTES];
    authority a = {.folder = s->folder, .days = s->days};
    if (!mmofl_device_name_is_valid(s->federation))
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "federation '%.80s': wanted 1 to 64 of A-Z a-z 0-9 . _ -, no "
                          "dot in front",
                          s->federation);
    memcpy(a.federation, s->federation, strlen(s->federation) + 1);
    if (s->n_hosts < 1)
        return mmofl_fail(err, MMOFL_E_MISSING,
                          "wanted a name or address under which the broker is reached");
    mmofl_status st = check_days(s->days, err);
    if (!st)
        st = alternative_names(s, names, err);
    if (!st)
        st = place(&a, "", "ca.crt", path, err);
    if (!st && mmofl_file_exists(path))
        st =
            mmofl_fail(err, MMOFL_E_EXISTS, "%s: the authority is there already", path);
    if (!st)
        st = fill_folder(&a, names, err);
    authority_close(&a);
    return st;
}

/* ---- devices ---- */

static mmofl_status load_list(const authority *a, char path[PATH_BYTES],
                              mmofl_admission_list *list, mmofl_error *err)
{
    mmofl_status st = place(a, "", "admission.list", path, err);
    return st ? st : mmofl_admission_load(path, list, err);
}

/* The list with device number `number` as given, which may be one more than there are.
 */
static mmofl_status save_with(const mmofl_admission_list *list, uint32_t number,
                              const mmofl_admitted *device, const char *path,
                              mmofl_error *err)
{
    uint32_t n = number < list->n ? list->n : number + 1;
    mmofl_admitted *all = calloc(n, sizeof *all);
    if (!all)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path);
    if (list->n > 0)
        memcpy(all, list->device, list->n * sizeof *all);
    all[number] = *device;
    mmofl_status st = mmofl_admission_save(all, n, path, err);
    free(all);
    return st;
}

static mmofl_status folder_of(const char *name, char in[PATH_BYTES], mmofl_error *err)
{
    return mmofl_file_join(in, PATH_BYTES, "devices", name, err);
}

/* The device's folder, with the coordinator's certificate, by which it knows whose
 * models to take. */
static mmofl_status issue_device(const authority *a, mmofl_admitted *device,
                                 mmofl_error *err)
{
    char in[PATH_BYTES], path[PATH_BYTES];
    X509 *coordinator = NULL;
    mmofl_status st = folder_of(device->name, in, err);
    if (!st)
        st = place(a, "coordinator", "coordinator.crt", path, err);
    if (!st)
        st = mmofl_x509_read_certificate(path, &coordinator, err);
    if (!st)
        st = issue(a, in, "device",
                   (mmofl_x509_request){.use = MMOFL_X509_CLIENT, .name = device->name},
                   device->key, err);
    if (!st)
        st = place(a, in, "coordinator.crt", path, err);
    if (!st)
        st = mmofl_x509_write_certificate(path, coordinator, err);
    X509_free(coordinator);
    return st;
}

mmofl_status mmofl_pki_add_device(const char *folder, const char *name, int days,
                                  mmofl_error *err)
{
    char path[PATH_BYTES];
    authority a;
    mmofl_admission_list list;
    mmofl_admitted device = {.how = MMOFL_ADMITTED_BY_KEY};
    if (!mmofl_device_name_is_valid(name))
        return mmofl_fail(
            err, MMOFL_E_RANGE,
            "no device may be called '%.80s'; wanted 1 to 64 of A-Z a-z 0-9"
            " . _ -, no dot in front, not coordinator or broker",
            name);
    mmofl_status st = check_days(days, err);
    if (!st)
        st = authority_open(&a, folder, err);
    if (st)
        return st;
    a.days = days;
    st = load_list(&a, path, &list, err);
    if (st) {
        authority_close(&a);
        return st;
    }
    memcpy(device.name, name, strlen(name) + 1);
    const mmofl_admitted *known = mmofl_admission_find(&list, name);
    if (known && known->how != MMOFL_ADMITTED_NO_MORE)
        st =
            mmofl_fail(err, MMOFL_E_EXISTS,
                       "device '%s' is admitted; revoke it to give it a new key", name);
    if (!st)
        st = issue_device(&a, &device, err);
    if (!st)
        st = save_with(&list, known ? mmofl_admission_number_of(&list, known) : list.n,
                       &device, path, err);
    mmofl_admission_free(&list);
    authority_close(&a);
    return st;
}

/* Put the device's certificate on the revocation list. */
static mmofl_status revoke_certificate(const authority *a, const char *name,
                                       mmofl_error *err)
{
    char in[PATH_BYTES], path[PATH_BYTES];
    X509 *certificate = NULL;
    X509_CRL *old = NULL, *crl = NULL;
    mmofl_status st = folder_of(name, in, err);
    if (!st)
        st = place(a, in, "device.crt", path, err);
    if (!st)
        st = mmofl_x509_read_certificate(path, &certificate, err);
    if (!st)
        st = place(a, "", "crl.pem", path, err);
    if (!st)
        st = mmofl_x509_read_crl(path, &old, err);
    if (!st) {
        crl = mmofl_x509_crl(old, certificate, a->certificate, a->key, a->days);
        st = crl ? mmofl_x509_write_crl(path, crl, err)
                 : mmofl_x509_fail(err, MMOFL_E_CORRUPT, path);
    }
    X509_CRL_free(crl);
    X509_CRL_free(old);
    X509_free(certificate);
    return st;
}

mmofl_status mmofl_pki_revoke(const char *folder, const char *name, mmofl_error *err)
{
    char path[PATH_BYTES];
    authority a;
    mmofl_admission_list list;
    mmofl_status st = authority_open(&a, folder, err);
    if (st)
        return st;
    st = load_list(&a, path, &list, err);
    if (st) {
        authority_close(&a);
        return st;
    }
    const mmofl_admitted *known = mmofl_admission_find(&list, name);
    mmofl_admitted device = {.how = MMOFL_ADMITTED_NO_MORE};
    if (!known)
        st = mmofl_fail(err, MMOFL_E_UNKNOWN, "%s has no device '%.80s'", path, name);
    else if (known->how == MMOFL_ADMITTED_NO_MORE)
        st = mmofl_fail(err, MMOFL_E_STATE, "device '%s' is revoked already", name);
    if (!st)
        st = revoke_certificate(&a, name, err);
    if (!st) {
        memcpy(device.name, known->name, sizeof device.name);
        st = save_with(&list, mmofl_admission_number_of(&list, known), &device, path,
                       err);
    }
    mmofl_admission_free(&list);
    authority_close(&a);
    return st;
}
