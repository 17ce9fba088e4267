/* serve_options.c - one table for parsing and --help. */
#include <argp.h>
#include <string.h>

#include "base/number.h"
#include "cli/command.h"
#include "cli/serve_options.h"

enum {
    KEY_FEDERATION = 256,
    KEY_DEADLINE,
    KEY_QUORUM,
    KEY_HEARTBEAT,
    KEY_LEASE,
    KEY_INSECURE,
    KEY_LATE,
    KEY_STALENESS,
    KEY_EXPONENT,
    KEY_BUFFERED,
    KEY_CLIP,
    KEY_UPDATE,
    KEY_TOP,
    KEY_SHARDS,
    KEY_SHARD,
    KEY_ROOT,
    KEY_ROOT_IDENTITY,
    KEY_ROOT_FEDERATION,
    KEY_HTTP
};

enum { STALENESS = 5 }; /* rounds, where late updates count */
static const double exponent = 0.5;
static const mmofl_address default_http = {"127.0.0.1", 7464};

/* The group of an option orders --help. */
enum { WHAT = 1, WHERE, WHEN, UPDATES, SHARDS, TALK };

static const struct argp_option table[] = {
    {NULL, 0, NULL, 0, "What is learned, and by whom:", WHAT},
    {"out", 'o', "DIR", 0,
     "Folder of the run (default: runs/NAME); one that is there goes on", 0},
    {"federation", KEY_FEDERATION, "NAME", 0,
     "What the federation is called (default: the experiment's name)", 0},
    {"devices", 'd', "LIST", 0,
     "Devices that may take part: the admission list of mmofl pki, which is read again "
     "on SIGHUP, or a number N for device-0 ... device-(N-1) without keys (default: as "
     "many as the experiment has)",
     0},
    MMOFL_SETTINGS_OPTION,
    {NULL, 0, NULL, 0, "Where the broker is:", WHERE},
    {"broker", 'b', "HOST[:PORT]", 0, "MQTT 5 broker (default: localhost)", 0},
    {"identity", 'i', "DIR", 0,
     "Folder with ca.crt, coordinator.crt and coordinator.key (mmofl pki); without it "
     "there is no TLS, which is for loopback only",
     0},
    {"insecure", KEY_INSECURE, NULL, 0, "No TLS beyond loopback, all the same", 0},
    {NULL, 0, NULL, 0, "When a round ends:", WHEN},
    {"deadline", KEY_DEADLINE, "SECONDS", 0,
     "A round ends after so long if the quorum is there (default: 0, when all have "
     "answered)",
     0},
    {"quorum", KEY_QUORUM, "SHARE", 0,
     "Share of the updates wanted that must be there at the deadline (default: 0.5)",
     0},
    {"late", KEY_LATE, "drop|stale", 0,
     "Updates of an earlier round: drop, refused and counted (default), or stale, used "
     "in the open round with the weight (1+s)^-A when they are s rounds late",
     0},
    {"staleness", KEY_STALENESS, "S", 0,
     "Rounds that a late update may be late (default: 5); implies --late stale", 0},
    {"exponent", KEY_EXPONENT, "A", 0, "Exponent of that weight (default: 0.5)", 0},
    {"buffered", KEY_BUFFERED, "N", 0,
     "Do not wait for participants: a round ends with N updates, of whatever recent "
     "round (FedBuff); implies --late stale",
     0},
    {"heartbeat", KEY_HEARTBEAT, "SECONDS", 0,
     "How often devices say that they are there (default: 10)", 0},
    {"lease", KEY_LEASE, "SECONDS", 0,
     "A device that is silent for so long is away (default: three heartbeats)", 0},
    {NULL, 0, NULL, 0, "What devices send:", UPDATES},
    {"update", KEY_UPDATE, "f32|f16|i8", 0,
     "Numbers of updates: exact (default), or rounded with error feedback", 0},
    {"top", KEY_TOP, "SHARE", 0,
     "Only the largest changes of an update, so many of all; the rest is sent later "
     "(default: all)",
     0},
    {"clip-update", KEY_CLIP, "NORM", 0,
     "Updates that differ from the model by more are scaled down (default: none are)",
     0},
    {NULL, 0, NULL, 0, "Beyond one machine:", SHARDS},
    {"shards", KEY_SHARDS, "LIST", 0,
     "Be a root: coordinate not devices but shards, those of an admission list "
     "(shard-0, "
     "shard-1, ...) or a number N without keys; each has a block of the devices",
     0},
    {"shard", KEY_SHARD, "I/N", 0,
     "Be shard I (from 0 on) of N: coordinate block I of the devices for a root", 0},
    {"root", KEY_ROOT, "HOST[:PORT]", 0, "MQTT 5 broker of the root", 0},
    {"root-identity", KEY_ROOT_IDENTITY, "DIR", 0,
     "Folder of mmofl pki with the shard's identity at the root's broker", 0},
    {"root-federation", KEY_ROOT_FEDERATION, "NAME", 0,
     "What the root calls the federation (default: as here)", 0},
    {NULL, 0, NULL, 0, "What it tells:", TALK},
    {"http", KEY_HTTP, "HOST:PORT|none", 0,
     "Serve /healthz, /metrics (Prometheus) and /status there (default: "
     "127.0.0.1:7464, where that is free)",
     0},
    {"threads", 't', "N", 0, "Threads for tests (default: one per core)", 0},
    {"quiet", 'q', NULL, 0, "No settings and no progress", 0},
    {0}};

static double read_real(const char *option, const char *text, double most,
                        const struct argp_state *state)
{
    double value = 0;
    const char *end = mmofl_number_read(text, text + strlen(text), &value);
    if (!end || *end || !(value >= 0 && value <= most))
        argp_error(state, "%s %s: wanted a number from 0 to %g", option, text, most);
    return value;
}

static double read_positive(const char *option, const char *text, double most,
                            const struct argp_state *state)
{
    double value = read_real(option, text, most, state);
    if (value == 0)
        argp_error(state, "%s %s: wanted a number above 0", option, text);
    return value;
}

static void read_late(mmofl_serve_options *o, const char *text,
                      const struct argp_state *state)
{
    if (strcmp(text, "drop") != 0 && strcmp(text, "stale") != 0)
        argp_error(state, "--late %s: wanted drop or stale", text);
    o->drops = strcmp(text, "drop") == 0;
    if (!o->drops && o->rules.staleness == 0)
        o->rules.staleness = STALENESS;
}

static void read_staleness(mmofl_serve_options *o, const char *text,
                           const struct argp_state *state)
{
    int rounds = mmofl_cli_read_count("--staleness", text, state);
    if (rounds > MMOFL_STALENESS_MOST)
        argp_error(state, "--staleness %s: wanted at most %d", text,
                   MMOFL_STALENESS_MOST);
    o->rules.staleness = (uint32_t)rounds;
}

static void read_dtype(mmofl_serve_options *o, const char *text,
                       const struct argp_state *state)
{
    static const struct {
        const char *name;
        mmofl_wire_dtype dtype;
    } known[] = {
        {"f32", MMOFL_WIRE_F32}, {"f16", MMOFL_WIRE_F16}, {"i8", MMOFL_WIRE_I8}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(text, known[i].name) == 0) {
            o->coding.coding.dtype = known[i].dtype;
            return;
        }
    argp_error(state, "--update %s: wanted f32, f16 or i8", text);
}

static void read_http(mmofl_serve_options *o, const char *text,
                      const struct argp_state *state)
{
    mmofl_error err = {0};
    o->has_http = strcmp(text, "none") != 0;
    o->http = (mmofl_address){0};
    if (!o->has_http)
        return;
    if (mmofl_address_read(text, &o->http, &err))
        argp_error(state, "--http %s", err.text);
    if (o->http.port == 0)
        argp_error(state, "--http %s: wanted HOST:PORT, or none", text);
}

static void read_shard(mmofl_serve_options *o, const char *text,
                       const struct argp_state *state)
{
    uint64_t number = 0, of = 0;
    const char *at = text;
    bool is_read = !mmofl_number_whole(&at, &number) && *at++ == '/' &&
                   !mmofl_number_whole(&at, &of) && !*at;
    if (!is_read || of == 0 || of > MMOFL_MOST_DEVICES || number >= of)
        argp_error(state, "--shard %s: wanted I/N, as 0/2 and 1/2", text);
    o->shard = (mmofl_shard_option){(uint32_t)number, (uint32_t)of};
}

static void check_broker(const mmofl_serve_options *o, const char *option,
                         const char *identity_option, const char *identity,
                         const mmofl_address *address, const struct argp_state *state)
{
    if (!identity && !o->insecure && !mmofl_address_is_loopback(address))
        argp_error(state,
                   "%s %s is another machine: wanted %s DIR (mmofl pki makes it), or "
                   "--insecure",
                   option, address->host, identity_option);
}

static void check_shards(const mmofl_serve_options *o, const struct argp_state *state)
{
    bool has_root = *o->root.host != '\0';
    if (o->shards && o->shard.of > 0)
        argp_error(state, "--shards is of a root, --shard of one of its shards");
    if ((o->shard.of > 0) != has_root)
        argp_error(state, "--shard I/N and --root HOST go together");
    if (has_root)
        check_broker(o, "root", "--root-identity", o->root_identity, &o->root, state);
    const mmofl_round_rules *rules = &o->rules;
    if (o->shards && (rules->deadline_s > 0 || rules->staleness > 0 ||
                      rules->clip_norm > 0 || o->coding.difference))
        argp_error(state, "--shards does not go with --deadline, --late, --buffered, "
                          "--clip-update, --update and --top: they are the shards'");
}

/* What does not go together. */
static void check(mmofl_serve_options *o, const struct argp_state *state)
{
    if (!o->experiment)
        argp_error(state, "an experiment file is wanted");
    check_broker(o, "broker", "--identity", o->identity, &o->broker, state);
    if (o->rules.buffered > 0 && o->rules.staleness == 0)
        o->rules.staleness = STALENESS;
    if (o->drops && o->rules.staleness > 0)
        argp_error(state, "--late drop does not go with --staleness and --buffered");
    if (o->rules.lease_s > 0 && o->rules.heartbeat_s >= o->rules.lease_s)
        argp_error(state, "--lease %g: wanted more than the heartbeat, %g s",
                   o->rules.lease_s, o->rules.heartbeat_s);
    const mmofl_wire_coding *coding = &o->coding.coding;
    o->coding.difference = coding->dtype != MMOFL_WIRE_F32 || coding->top > 0;
    check_shards(o, state);
}

static error_t parse_rules(int key, char *text, struct argp_state *state)
{
    mmofl_serve_options *o = state->input;
    mmofl_round_rules *rules = &o->rules;
    switch (key) {
    case KEY_DEADLINE:
        rules->deadline_s = read_real("--deadline", text, 1e9, state);
        break;
    case KEY_QUORUM:
        rules->quorum = read_real("--quorum", text, 1, state);
        break;
    case KEY_HEARTBEAT:
        rules->heartbeat_s = read_positive("--heartbeat", text, 1e6, state);
        break;
    case KEY_LEASE:
        rules->lease_s = read_positive("--lease", text, 1e7, state);
        break;
    case KEY_LATE:
        read_late(o, text, state);
        break;
    case KEY_STALENESS:
        read_staleness(o, text, state);
        break;
    case KEY_EXPONENT:
        rules->staleness_exponent = read_real("--exponent", text, 100, state);
        break;
    case KEY_BUFFERED:
        rules->buffered = (uint32_t)mmofl_cli_read_count("--buffered", text, state);
        break;
    case KEY_CLIP:
        rules->clip_norm = read_positive("--clip-update", text, 1e30, state);
        break;
    case KEY_UPDATE:
        read_dtype(o, text, state);
        break;
    case KEY_TOP:
        o->coding.coding.top = read_positive("--top", text, 1, state);
        if (o->coding.coding.top == 1)
            o->coding.coding.top = 0; /* all, then */
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static error_t parse_shards(int key, char *text, struct argp_state *state)
{
    mmofl_serve_options *o = state->input;
    mmofl_error err = {0};
    switch (key) {
    case KEY_SHARDS:
        o->shards = text;
        break;
    case KEY_SHARD:
        read_shard(o, text, state);
        break;
    case KEY_ROOT:
        if (mmofl_address_read(text, &o->root, &err))
            argp_error(state, "--root %s", err.text);
        break;
    case KEY_ROOT_IDENTITY:
        o->root_identity = text;
        break;
    case KEY_ROOT_FEDERATION:
        o->root_federation = text;
        break;
    default:
        return parse_rules(key, text, state);
    }
    return 0;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    mmofl_serve_options *o = state->input;
    mmofl_error err = {0};
    switch (key) {
    case 'o':
        o->out = text;
        break;
    case KEY_FEDERATION:
        o->federation = text;
        break;
    case 'd':
        o->devices = text;
        break;
    case 'b':
        if (mmofl_address_read(text, &o->broker, &err))
            argp_error(state, "--broker %s", err.text);
        break;
    case 'i':
        o->identity = text;
        break;
    case KEY_INSECURE:
        o->insecure = true;
        break;
    case KEY_HTTP:
        read_http(o, text, state);
        break;
    case 't':
        o->run.threads = mmofl_cli_read_count("--threads", text, state);
        break;
    case 'q':
        o->run.quiet = true;
        break;
    case 's':
        mmofl_settings_add(&o->settings, text, state);
        break;
    case ARGP_KEY_ARG:
        if (o->experiment)
            argp_error(state, "'%s': one experiment is wanted", text);
        o->experiment = text;
        break;
    case ARGP_KEY_END:
        check(o, state);
        break;
    default:
        return parse_shards(key, text, state);
    }
    return 0;
}

static const struct argp argp = {
    table,
    parse,
    "EXPERIMENT.yaml",
    "Coordinate real devices (mmofl-device) over an MQTT broker: what `mmofl run` "
    "simulates, for real.\v"
    "The experiment's data set is what the model is tested on, and says what sensors "
    "deliver.  The run folder is that of `mmofl run`; a coordinator that was stopped "
    "or killed goes on when it is started again with the same arguments.\n\n"
    "Example:\n"
    "  mmofl serve examples/demo.yaml --devices 10\n"
    "  mmofl status",
    NULL,
    NULL,
    NULL};

void mmofl_serve_options_read(int argc, char **argv, mmofl_serve_options *options)
{
    *options =
        (mmofl_serve_options){.broker = {.host = "localhost"},
                              .http = default_http,
                              .rules = {.quorum = 0.5, .staleness_exponent = exponent}};
    argp_parse(&argp, argc, argv, 0, NULL, options);
}
