/* cmd_pki.c - `mmofl pki`: keys and certificates of a federation. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "pki/admission.h"
#include "pki/authority.h"

enum { MOST_HOSTS = 16, KEY_DAYS = 256 };

typedef enum verb { INIT, ADD_DEVICE, REVOKE, LIST, VERBS } verb;

static const struct {
    const char *name;
    bool names_device;
} verbs[VERBS] = {[INIT] = {"init", false},
                  [ADD_DEVICE] = {"add-device", true},
                  [REVOKE] = {"revoke", true},
                  [LIST] = {"list", false}};

typedef struct request {
    int verb; /* VERBS: none yet */
    const char *device, *folder, *federation;
    const char *host[MOST_HOSTS];
    int n_hosts, days;
} request;

static const struct argp_option table[] = {
    {"dir", 'd', "DIR", 0, "Folder of the authority (default: pki)", 0},
    {"federation", 'f', "NAME", 0, "init: what the federation is called", 0},
    {"broker", 'b', "HOST", 0,
     "init: name or address under which the broker is reached; may be repeated "
     "(default: localhost)",
     0},
    {"days", KEY_DAYS, "N", 0, "Certificates hold so long (default: 3650)", 0},
    {0}};

static void take_argument(request *r, const char *text, const struct argp_state *state)
{
    if (r->verb == VERBS) {
        for (r->verb = 0; r->verb < VERBS && strcmp(verbs[r->verb].name, text) != 0;)
            r->verb++;
        if (r->verb == VERBS)
            argp_error(state, "'%s': wanted init, add-device, revoke or list", text);
    } else if (verbs[r->verb].names_device && !r->device) {
        r->device = text;
    } else {
        argp_error(state, "'%s': nothing more is wanted", text);
    }
}

static void check(const request *r, const struct argp_state *state)
{
    if (r->verb == VERBS)
        argp_error(state, "wanted init, add-device, revoke or list");
    else if (verbs[r->verb].names_device && !r->device)
        argp_error(state, "%s wants the name of a device", verbs[r->verb].name);
    else if (r->verb == INIT && !r->federation)
        argp_error(state, "init wants --federation NAME");
    else if (r->verb != INIT && (r->federation || r->n_hosts))
        argp_error(state, "--federation and --broker belong to init");
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    request *r = state->input;
    switch (key) {
    case 'd':
        r->folder = text;
        break;
    case 'f':
        r->federation = text;
        break;
    case 'b':
        if (r->n_hosts == MOST_HOSTS)
            argp_error(state, "more than %d --broker", MOST_HOSTS);
        else
            r->host[r->n_hosts++] = text;
        break;
    case KEY_DAYS:
        r->days = mmofl_cli_read_count("--days", text, state);
        break;
    case ARGP_KEY_ARG:
        take_argument(r, text, state);
        break;
    case ARGP_KEY_END:
        check(r, state);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    table,
    parse,
    "init --federation NAME [--broker HOST...]\n"
    "add-device NAME\n"
    "revoke NAME\n"
    "list",
    "Make the keys and certificates of a federation, in one folder.\v"
    "Each subfolder (broker, coordinator, devices/NAME) is what that machine needs; "
    "keep ca.key to yourself.  After revoke, give crl.pem to the broker and "
    "admission.list to the coordinator, and have both read them again.\n\n"
    "Example:\n"
    "  mmofl pki init --federation home --broker broker.lan\n"
    "  mmofl pki add-device kitchen",
    NULL,
    NULL,
    NULL};

static mmofl_status init(const request *r, mmofl_error *err)
{
    static const char *const here = "localhost";
    mmofl_pki_setup setup = {.folder = r->folder,
                             .federation = r->federation,
                             .host = r->n_hosts ? r->host : &here,
                             .n_hosts = r->n_hosts ? r->n_hosts : 1,
                             .days = r->days};
    mmofl_status st = mmofl_pki_init(&setup, err);
    if (!st)
        printf("%s: the authority of %s, with what broker and coordinator need\n",
               r->folder, r->federation);
    return st;
}

static mmofl_status list(const request *r, mmofl_error *err)
{
    static const char *const how[] = {"by name", "by key", "revoked"};
    char path[4096];
    mmofl_admission_list admission;
    if (snprintf(path, sizeof path, "%s/admission.list", r->folder) >= (int)sizeof path)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: path too long", r->folder);
    mmofl_status st = mmofl_admission_load(path, &admission, err);
    if (st)
        return st;
    printf("%6s  %-32s %s\n", "number", "device", "admitted");
    for (uint32_t i = 0; i < admission.n; i++)
        printf("%6u  %-32s %s\n", i, admission.device[i].name,
               how[admission.device[i].how]);
    mmofl_admission_free(&admission);
    return MMOFL_OK;
}

static int pki_main(int argc, char **argv)
{
    request r = {.verb = VERBS, .folder = "pki", .days = MMOFL_PKI_DAYS};
    argp_parse(&argp, argc, argv, 0, NULL, &r);
    mmofl_error err = {0};
    mmofl_status st = MMOFL_OK;
    switch ((verb)r.verb) {
    case INIT:
        st = init(&r, &err);
        break;
    case ADD_DEVICE:
        st = mmofl_pki_add_device(r.folder, r.device, r.days, &err);
        if (!st)
            printf("%s/devices/%s: what the device needs\n", r.folder, r.device);
        break;
    case REVOKE:
        st = mmofl_pki_revoke(r.folder, r.device, &err);
        if (!st)
            printf("%s is out once the broker has %s/crl.pem and the coordinator "
                   "%s/admission.list\n",
                   r.device, r.folder, r.folder);
        break;
    case LIST:
    case VERBS:
        st = list(&r, &err);
        break;
    }
    return st ? mmofl_cli_complain(&err) : EXIT_DONE;
}

const mmofl_command mmofl_command_pki = {"pki", "keys and certificates of a federation",
                                         pki_main};
