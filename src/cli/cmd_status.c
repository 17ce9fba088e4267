/* cmd_status.c - `mmofl status [URL]`: what a coordinator is doing, and whom it waits
 * for. */
#define _POSIX_C_SOURCE 200809L
#include <argp.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "cli/command.h"
#include "cli/stop.h"
#include "data/curl.h"

enum { KEY_JSON = 256, KEY_ALL };
enum { MOST_BYTES = 256 << 20, ROWS = 20, URL_BYTES = 1024, TIMEOUT_S = 10 };

static const char default_url[] = "http://127.0.0.1:7464";

static const struct argp_option table[] = {
    {"all", KEY_ALL, NULL, 0, "All devices (default: 20, those waited for first)", 0},
    {"json", KEY_JSON, NULL, 0, "Print what the coordinator answers, as JSON", 0},
    {"watch", 'w', "SECONDS", 0, "Ask again and again, until Ctrl-C", 0},
    {0}};

typedef struct request {
    const char *url;
    bool json, all;
    int watch_s; /* 0: once */
} request;

static error_t parse(int key, char *text, struct argp_state *state)
{
    request *r = state->input;
    switch (key) {
    case KEY_JSON:
        r->json = true;
        break;
    case KEY_ALL:
        r->all = true;
        break;
    case 'w':
        r->watch_s = mmofl_cli_read_count("--watch", text, state);
        break;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "'%s' is one argument too many", text);
        r->url = text;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    table,
    parse,
    "[URL]",
    "Show what a coordinator (`mmofl serve`) is doing, and whom it waits for.\v"
    "URL is where its --http is (default: http://127.0.0.1:7464).  With --watch the "
    "exit status is that of the last answer.",
    NULL,
    NULL,
    NULL};

/* ---- asking ---- */

typedef struct body {
    char *text;
    size_t size;
} body;

static size_t take(char *bytes, size_t one, size_t n, void *context)
{
    body *b = context;
    (void)one; /* always 1 */
    if (n > MOST_BYTES - b->size)
        return 0;
    char *more = realloc(b->text, b->size + n + 1);
    if (!more)
        return 0;
    b->text = more;
    memcpy(b->text + b->size, bytes, n);
    b->size += n;
    b->text[b->size] = '\0';
    return n;
}

static mmofl_status ask(const char *base, body *b, mmofl_error *err)
{
    char url[URL_BYTES];
    long code = 0;
    size_t n = strlen(base);
    while (n > 0 && base[n - 1] == '/')
        n--;
    if (n + sizeof "/status" > sizeof url)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: too long", base);
    snprintf(url, sizeof url, "%.*s/status", (int)n, base);
    mmofl_curl curl;
    mmofl_status st = mmofl_curl_open(&curl, err);
    if (st)
        return st;
    CURL *handle = curl.easy_init();
    if (!handle)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory to ask");
    curl.easy_setopt(handle, CURLOPT_URL, url);
    curl.easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl.easy_setopt(handle, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
    curl.easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl.easy_setopt(handle, CURLOPT_WRITEFUNCTION, take);
    curl.easy_setopt(handle, CURLOPT_WRITEDATA, b);
    CURLcode failed = curl.easy_perform(handle);
    curl.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code);
    curl.easy_cleanup(handle);
    if (failed)
        return mmofl_fail(err, MMOFL_E_NETWORK, "%s: %s; is `mmofl serve` running?",
                          url, curl.easy_strerror(failed));
    if (code != 200 || !b->text)
        return mmofl_fail(err, MMOFL_E_NETWORK, "%s: answers %ld", url, code);
    return MMOFL_OK;
}

/* ---- showing ---- */

static double real_of(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

static int64_t whole_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "?";
}

/* "3.2 s", "-" where there is none. */
static const char *seconds(double s, char text[32])
{
    if (isnan(s))
        snprintf(text, 32, "-");
    else if (s < 120)
        snprintf(text, 32, "%.1f s", s);
    else
        snprintf(text, 32, "%.0f min", s / 60);
    return text;
}

/* Why a device is waited for. */
static const char *reason_of(const char *state)
{
    static const char *const reasons[][2] = {
        {"away", "waited for: it is silent"},
        {"waited", "waited for: it does not have the task yet"},
        {"learning", "waited for: it has the task"}};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(state, reasons[i][0]) == 0)
            return reasons[i][1];
    return "waited for";
}

static void print_round(const json_t *all)
{
    char open[32], left[32];
    const json_t *round = json_object_get(all, "round");
    double away = real_of(all, "broker_away_s");
    printf("federation  %s\n", text_of(all, "federation"));
    printf("devices     %" PRId64 " of %" PRId64 " are here\n", whole_of(all, "live"),
           whole_of(all, "devices"));
    if (away > 0)
        printf("broker      away for %s\n", seconds(away, open));
    if (whole_of(round, "number") == 0) {
        printf("round       none is open; %" PRId64 " were closed\n",
               whole_of(all, "closed"));
        return;
    }
    printf("round       %" PRId64 " of %" PRId64 ", open for %s, deadline in %s\n",
           whole_of(round, "number"), whole_of(round, "last"),
           seconds(real_of(round, "open_s"), open),
           seconds(real_of(round, "left_s"), left));
    printf("answers     %" PRId64 " of %" PRId64 " participants, %" PRId64
           " declined, %" PRId64 " late ones; %" PRId64 " are wanted\n",
           whole_of(round, "answers"), whole_of(round, "participants"),
           whole_of(round, "declines"), whole_of(round, "late"),
           whole_of(round, "wanted"));
    if (whole_of(round, "unkept") > 0)
        printf("disk        %" PRId64 " answers are not on it yet\n",
               whole_of(round, "unkept"));
}

static void print_refused(const json_t *all)
{
    json_t *refused = json_object_get(all, "refused");
    if (json_object_size(refused) == 0)
        return;
    printf("refused    ");
    for (void *i = json_object_iter(refused); i; i = json_object_iter_next(refused, i))
        printf(" %s %" JSON_INTEGER_FORMAT, json_object_iter_key(i),
               json_integer_value(json_object_iter_value(i)));
    printf("\n");
}

static void print_device(const json_t *d)
{
    char heard[32];
    bool is_waited = json_is_true(json_object_get(d, "waited_for"));
    printf("  %-20s %-9s %12s %8" PRId64 "%s%s\n", text_of(d, "name"),
           text_of(d, "state"), seconds(real_of(d, "heard_s"), heard),
           whole_of(d, "samples"), is_waited ? "  " : "",
           is_waited ? reason_of(text_of(d, "state")) : "");
}

/* Those that are waited for come first. */
static void print_devices(const json_t *all, size_t most)
{
    const json_t *list = json_object_get(all, "device");
    size_t n = json_array_size(list), shown = 0;
    printf("\n  %-20s %-9s %12s %8s\n", "device", "state", "heard", "samples");
    for (int waited = 1; waited >= 0; waited--)
        for (size_t i = 0; i < n && shown < most; i++) {
            const json_t *d = json_array_get(list, i);
            if (json_is_true(json_object_get(d, "waited_for")) != (waited == 1))
                continue;
            print_device(d);
            shown++;
        }
    if (shown < n)
        printf("  ... and %zu more (--all)\n", n - shown);
}

static mmofl_status show(const request *r, mmofl_error *err)
{
    body b = {0};
    json_error_t bad;
    mmofl_status st = ask(r->url ? r->url : default_url, &b, err);
    json_t *all = st ? NULL : json_loadb(b.text, b.size, 0, &bad);
    if (!st && !json_is_object(all))
        st = mmofl_fail(err, MMOFL_E_SYNTAX, "that is no coordinator's answer");
    if (!st && r->json) {
        printf("%s\n", b.text);
    } else if (!st) {
        print_round(all);
        print_refused(all);
        print_devices(all, r->all ? SIZE_MAX : ROWS);
    }
    json_decref(all);
    free(b.text);
    return st;
}

static int status_main(int argc, char **argv)
{
    request r = {0};
    mmofl_error err = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &r);
    mmofl_stop_watch();
    mmofl_status st = show(&r, &err);
    while (r.watch_s > 0 && !mmofl_stop_asked()) {
        if (st)
            (void)mmofl_cli_complain(&err);
        fflush(stdout);
        nanosleep(&(struct timespec){r.watch_s, 0}, NULL);
        if (mmofl_stop_asked())
            break;
        printf("\n");
        err = (mmofl_error){0};
        st = show(&r, &err);
    }
    return st ? mmofl_cli_complain(&err) : EXIT_DONE;
}

const mmofl_command mmofl_command_status = {
    "status", "ask a coordinator what it is waiting for", status_main};
