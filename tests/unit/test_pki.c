/* test_pki.c - the authority's folder, and the admission list. */
#include "scratch.h"

#include <sodium.h>

#include "bad_files.h"
#include "base/file.h"
#include "pki/authority.h"
#include "pki/identity.h"

static const char *const hosts[] = {"broker.lan", "127.0.0.1", "::1"};

static void make(const char *folder)
{
    mmofl_error err = {0};
    mmofl_pki_setup setup = {.folder = folder,
                             .federation = "home",
                             .host = hosts,
                             .n_hosts = 3,
                             .days = 30};
    CHECK_OK(mmofl_pki_init(&setup, &err));
    CHECK_STATUS(mmofl_pki_init(&setup, &err), MMOFL_E_EXISTS);
}

static const char *in(const char *folder, const char *file)
{
    static char path[4096];
    mmofl_error err = {0};
    CHECK_OK(mmofl_file_join(path, sizeof path, folder, file, &err));
    return path;
}

static void check_mode(const char *path, unsigned wanted)
{
    struct stat st;
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 0777, wanted);
}

static void a_device_signs_with_the_key_that_the_list_has(void **state)
{
    const char *folder = ((const scratch *)*state)->folder;
    mmofl_error err = {0};
    make(folder);
    CHECK_OK(mmofl_pki_add_device(folder, "hall", 30, &err));
    CHECK_OK(mmofl_pki_add_device(folder, "attic", 30, &err));
    check_mode(in(folder, "devices/hall/device.key"), 0600);
    check_mode(in(folder, "ca.key"), 0600);

    mmofl_admission_list list;
    CHECK_OK(mmofl_admission_load(in(folder, "admission.list"), &list, &err));
    CHECK_INT(list.n, 2);
    const mmofl_admitted *attic = mmofl_admission_find(&list, "attic");
    CHECK(attic && mmofl_admission_number_of(&list, attic) == 1);
    CHECK(!mmofl_admission_find(&list, "cellar"));

    unsigned char seed[32], key[32], secret[64], signature[64];
    char name[MMOFL_WIRE_NAME_BYTES];
    CHECK_OK(mmofl_identity_secret(in(folder, "devices/attic/device.key"), seed, &err));
    CHECK_OK(
        mmofl_identity_public(in(folder, "devices/attic/device.crt"), key, name, &err));
    CHECK_TEXT(name, "attic");
    assert_memory_equal(key, attic->key, sizeof key);
    unsigned char derived[32];
    crypto_sign_seed_keypair(derived, secret, seed);
    crypto_sign_detached(signature, NULL, (const unsigned char *)"update", 6, secret);
    CHECK_INT(crypto_sign_verify_detached(signature, (const unsigned char *)"update", 6,
                                          attic->key),
              0);
    mmofl_admission_free(&list);
}

static void a_revoked_device_keeps_its_number_and_may_come_back(void **state)
{
    const char *folder = ((const scratch *)*state)->folder;
    mmofl_error err = {0};
    mmofl_admission_list list;
    make(folder);
    CHECK_OK(mmofl_pki_add_device(folder, "hall", 30, &err));
    CHECK_OK(mmofl_pki_add_device(folder, "attic", 30, &err));
    CHECK_STATUS(mmofl_pki_add_device(folder, "hall", 30, &err), MMOFL_E_EXISTS);
    CHECK_OK(mmofl_pki_revoke(folder, "hall", &err));
    CHECK_STATUS(mmofl_pki_revoke(folder, "hall", &err), MMOFL_E_STATE);
    CHECK_STATUS(mmofl_pki_revoke(folder, "cellar", &err), MMOFL_E_UNKNOWN);
    CHECK_OK(mmofl_admission_load(in(folder, "admission.list"), &list, &err));
    CHECK_INT(list.device[0].how, MMOFL_ADMITTED_NO_MORE);
    CHECK_INT(list.device[1].how, MMOFL_ADMITTED_BY_KEY);
    mmofl_admission_free(&list);

    CHECK_OK(mmofl_pki_add_device(folder, "hall", 30, &err));
    CHECK_OK(mmofl_admission_load(in(folder, "admission.list"), &list, &err));
    CHECK_INT(list.n, 2);
    CHECK_TEXT(list.device[0].name, "hall");
    CHECK_INT(list.device[0].how, MMOFL_ADMITTED_BY_KEY);
    mmofl_admission_free(&list);
}

static void names_that_are_taken_or_hostile_are_refused(void **state)
{
    const char *folder = ((const scratch *)*state)->folder;
    static const char *const names[] = {"",       ".",   "..", "a/b", "coordinator",
                                        "broker", "a b", "x+", "#"};
    static const char *const bad_hosts[] = {"a,DNS:b", "", "@section", "a\nb"};
    mmofl_error err = {0};
    make(folder);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        CHECK_STATUS(mmofl_pki_add_device(folder, names[i], 30, &err), MMOFL_E_RANGE);
    for (size_t i = 0; i < sizeof bad_hosts / sizeof *bad_hosts; i++) {
        mmofl_pki_setup setup = {.folder = in(folder, "other"),
                                 .federation = "home",
                                 .host = &bad_hosts[i],
                                 .n_hosts = 1,
                                 .days = 30};
        CHECK_STATUS(mmofl_pki_init(&setup, &err), MMOFL_E_RANGE);
        CHECK(!mmofl_file_exists(setup.folder));
    }
    CHECK_STATUS(mmofl_pki_add_device(folder, "hall", 0, &err), MMOFL_E_RANGE);
    CHECK_STATUS(mmofl_pki_add_device(in(folder, "none"), "hall", 30, &err),
                 MMOFL_E_NOT_FOUND);
}

static void files_that_are_none_of_ours_are_refused(void **state)
{
    const char *folder = ((const scratch *)*state)->folder;
    unsigned char key[32];
    mmofl_error err = {0};
    make(folder);
    CHECK_OK(mmofl_file_write(in(folder, "text"), "hello\n", 6, false, &err));
    CHECK_STATUS(mmofl_identity_secret(in(folder, "text"), key, &err), MMOFL_E_CORRUPT);
    CHECK_STATUS(mmofl_identity_secret(in(folder, "ca.crt"), key, &err),
                 MMOFL_E_CORRUPT);
    CHECK_STATUS(mmofl_identity_public(in(folder, "ca.key"), key, NULL, &err),
                 MMOFL_E_CORRUPT);
    CHECK_STATUS(mmofl_identity_public(in(folder, "none"), key, NULL, &err),
                 MMOFL_E_NOT_FOUND);
    CHECK_OK(mmofl_file_write(in(folder, "crl.pem"), "hello\n", 6, false, &err));
    CHECK_OK(mmofl_pki_add_device(folder, "hall", 30, &err));
    CHECK_STATUS(mmofl_pki_revoke(folder, "hall", &err), MMOFL_E_CORRUPT);
}

static void numbered_devices_are_found_by_name(void **state)
{
    (void)state;
    mmofl_admission_list list;
    mmofl_error err = {0};
    CHECK_OK(mmofl_admission_number("device", 1000, &list, &err));
    for (uint32_t i = 0; i < list.n; i++) {
        const mmofl_admitted *found = mmofl_admission_find(&list, list.device[i].name);
        CHECK(found && mmofl_admission_number_of(&list, found) == i);
        CHECK_INT(found->how, MMOFL_ADMITTED_BY_NAME);
    }
    CHECK_TEXT(list.device[999].name, "device-999");
    mmofl_admission_free(&list);
    CHECK_STATUS(mmofl_admission_number("device", MMOFL_MOST_DEVICES + 1, &list, &err),
                 MMOFL_E_LIMIT);
}

static void a_part_of_a_list_is_numbered_from_its_first_device(void **state)
{
    (void)state;
    mmofl_admission_list whole, part;
    mmofl_error err = {0};
    CHECK_OK(mmofl_admission_number("shard", 7, &whole, &err));
    whole.device[5].how = MMOFL_ADMITTED_NO_MORE;
    CHECK_OK(mmofl_admission_part(&whole, 4, 2, &part, &err));
    mmofl_admission_free(&whole); /* the part is its own */
    CHECK_INT(part.n, 2);
    const mmofl_admitted *found = mmofl_admission_find(&part, "shard-5");
    CHECK(found && mmofl_admission_number_of(&part, found) == 1);
    CHECK_INT(found->how, MMOFL_ADMITTED_NO_MORE);
    CHECK(!mmofl_admission_find(&part, "shard-6"));
    mmofl_admission_free(&part);
}

static mmofl_status load_bad(const char *path, mmofl_error *err)
{
    mmofl_admission_list list;
    mmofl_status st = mmofl_admission_load(path, &list, err);
    if (!st)
        mmofl_admission_free(&list);
    return st;
}

static void bad_lists_are_refused(void **state)
{
    (void)state;
    bad_files_are_refused("admission", 8, load_bad);
}

CHECK_MAIN(IN_A_FOLDER(a_device_signs_with_the_key_that_the_list_has),
           IN_A_FOLDER(a_revoked_device_keeps_its_number_and_may_come_back),
           IN_A_FOLDER(names_that_are_taken_or_hostile_are_refused),
           IN_A_FOLDER(files_that_are_none_of_ours_are_refused),
           TEST(numbered_devices_are_found_by_name),
           TEST(a_part_of_a_list_is_numbered_from_its_first_device),
           TEST(bad_lists_are_refused))
