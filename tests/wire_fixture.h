/* wire_fixture.h - one message of each kind, for a model of 5 parameters, 2 encoders,
 * 3 classes and 4 features; the golden files of tests/golden/wire hold the same. */
#ifndef MMOFL_TESTS_WIRE_FIXTURE_H
#define MMOFL_TESTS_WIRE_FIXTURE_H

#include "check.h"

#include "wire/frames.h"
#include "wire/messages.h"
#include "wire/seal.h"

enum { WIRE_P = 5, WIRE_M = 2, WIRE_K = 3, WIRE_D = 4 };

static const float wire_parameters[WIRE_P] = {1, -2.5F, 0, 1e-20F, 3.25F};
static const float wire_trained[WIRE_P] = {1.5F, -2.25F, 0.125F, -1, 3.25F};
static const float wire_rule[WIRE_P] = {0.5F, 0, 0, -0.5F, 2};
static const float wire_means[WIRE_K * WIRE_D] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
static const uint32_t wire_counts[WIRE_M * WIRE_K] = {1, 0, 3, 70000, 5, 6};
static const uint32_t wire_recorded[WIRE_M] = {300, 0};
static const float wire_scale[3] = {0.5F, -1, 2}, wire_spread[3] = {1, 2, 0.25F};
static const char wire_classes[WIRE_K][MMOFL_NAME_BYTES] = {"walking", "sitting",
                                                            "lying d\xc3\xb6wn"};
static const mmofl_quality wire_quality[WIRE_M] = {{1000, 20, 3, 0.25, 1.5},
                                                   {1000, 1000, 3, 0, 0}};
static const mmofl_prototypes wire_prototypes = {wire_means, wire_counts};

static inline mmofl_wire_limits wire_limits(void)
{
    return (mmofl_wire_limits){.message_bytes = 1 << 20,
                               .parameters = WIRE_P,
                               .encoders = WIRE_M,
                               .classes = WIRE_K,
                               .features = WIRE_D,
                               .prototypes = true,
                               .rule_down = true,
                               .rule_up = true,
                               .devices = 8,
                               .sums = 3,
                               .sum_numbers = WIRE_K * WIRE_D + 2 * WIRE_P,
                               .counts = WIRE_M * WIRE_K};
}

/** A digest of `byte` 32 times. */
static inline mmofl_digest wire_digest(int byte)
{
    mmofl_digest digest;
    memset(digest.bytes, byte, sizeof digest.bytes);
    return digest;
}

static inline mmofl_object_id wire_object(int byte)
{
    mmofl_object_id id;
    memset(id.bytes, byte, sizeof id.bytes);
    return id;
}

static inline mmofl_message wire_hello(void)
{
    return (mmofl_message){.kind = MMOFL_MESSAGE_HELLO,
                           .body.hello = {.oldest_version = 1,
                                          .newest_version = 2,
                                          .config = wire_digest(0xc0),
                                          .round = 41,
                                          .program = "mmofl-device 0.1.0"}};
}

static inline mmofl_message wire_welcome(void)
{
    static const mmofl_signal signals[WIRE_M] = {
        {{"accelerometer", "g", 50, MMOFL_F32, 0, {2, {128, 3}}},
         wire_scale,
         wire_spread},
        {{"text", "", 0, MMOFL_TOKENS, 20000, {1, {32}}}, NULL, NULL}};
    mmofl_message m = {.kind = MMOFL_MESSAGE_WELCOME,
                       .body.welcome = {.version = 1,
                                        .device = 17,
                                        .seed = 0x0123456789abcdef,
                                        .config = "train:\n  lr: 0.05\n",
                                        .n_signals = WIRE_M,
                                        .signal = signals,
                                        .n_classes = WIRE_K,
                                        .class_name = wire_classes,
                                        .standardize = MMOFL_STANDARDIZE_WINDOW,
                                        .heartbeat_s = 10,
                                        .lease_s = 30,
                                        .coding = {true, {MMOFL_WIRE_I8, 0.25}},
                                        .layout = wire_digest(0x1a)}};
    m.body.welcome.config_digest = mmofl_welcome_digest(&m.body.welcome);
    return m;
}

static inline mmofl_message wire_refusal(void)
{
    return (mmofl_message){
        .kind = MMOFL_MESSAGE_REFUSAL,
        .body.refusal = {MMOFL_E_SUPERSEDED, "a newer process", true}};
}

static inline mmofl_message wire_round(void)
{
    return (mmofl_message){.kind = MMOFL_MESSAGE_ROUND,
                           .body.round = {.round = 42,
                                          .open = true,
                                          .config = wire_digest(0xc0),
                                          .model = wire_digest(0x0d)}};
}

static inline mmofl_message wire_task(void)
{
    return (mmofl_message){
        .kind = MMOFL_MESSAGE_TASK,
        .body.task = {
            .broadcast = {42, WIRE_P, wire_parameters, &wire_prototypes, wire_rule},
            .config = wire_digest(0xc0),
            .model = mmofl_model_digest(wire_parameters, WIRE_P),
            .seconds_left = 12.5,
            .closing = true}};
}

/** exact: the parameters as they are. */
static inline mmofl_message wire_update(void)
{
    static float sums[WIRE_K * WIRE_D];
    static uint32_t counts[WIRE_M * WIRE_K];
    static mmofl_prototype_sums prototypes = {sums, counts};
    memcpy(sums, wire_means, sizeof sums);
    memcpy(counts, wire_counts, sizeof counts);
    return (mmofl_message){
        .kind = MMOFL_MESSAGE_UPDATE,
        .body.update = {
            .update = {.round = 42,
                       .n_parameters = WIRE_P,
                       .parameters = wire_trained,
                       .samples = 300,
                       .recorded = wire_recorded,
                       .prototypes = &prototypes,
                       .report = {10, 7, 0.5, 5, 0.25, 300, 0, 0.125, 0, 1e-3},
                       .rule = wire_rule},
            .config = wire_digest(0xc0),
            .model = mmofl_model_digest(wire_parameters, WIRE_P),
            .quality = wire_quality}};
}

/** The same, as a difference. */
static inline mmofl_message wire_difference(mmofl_wire_coding coding, float *residual)
{
    mmofl_message m = wire_update();
    m.body.update.coding = (mmofl_update_coding){true, coding};
    m.body.update.received = wire_parameters;
    m.body.update.residual = residual;
    return m;
}

static inline mmofl_message wire_decline(void)
{
    return (mmofl_message){
        .kind = MMOFL_MESSAGE_DECLINE,
        .body.decline = {42, MMOFL_E_NONFINITE, "training diverged"}};
}

static inline mmofl_message wire_ack(void)
{
    return (mmofl_message){
        .kind = MMOFL_MESSAGE_ACK,
        .body.ack = {wire_object(0xaa), MMOFL_E_STALE, "round 41 is over"}};
}

static inline mmofl_message wire_want(void)
{
    return (mmofl_message){.kind = MMOFL_MESSAGE_WANT,
                           .body.want = {.object = wire_object(0xaa),
                                         .chunk_bytes = 1000,
                                         .n = 2,
                                         .first = {0, 300},
                                         .last = {2, 300}}};
}

static inline mmofl_message wire_heartbeat(void)
{
    return (mmofl_message){.kind = MMOFL_MESSAGE_HEARTBEAT,
                           .body.heartbeat = {42, 500, 3.5}};
}

static inline mmofl_message wire_bye(void)
{
    return (mmofl_message){.kind = MMOFL_MESSAGE_BYE, .body.bye = {"stopped"}};
}

/** Of devices 3 and 5: prototypes that cancel out, the model, the rule's numbers. */
static inline mmofl_message wire_partial_sum(void)
{
    enum { VALUES = WIRE_K * WIRE_D };
    static const uint32_t device[2] = {3, 5};
    static const int64_t nothing[VALUES] = {0};
    static const mmofl_device_report report[2] = {
        {10, 7, 0.5, 5, 0.25, 300, 0, 0.125, 0, 1e-3},
        {.fresh = 4, .steps = 2, .train_loss = 0.75}};
    static int64_t model[WIRE_P], rule[WIRE_P];
    static uint64_t counts[WIRE_M * WIRE_K];
    static const mmofl_sum_part sum[3] = {{VALUES, nothing, 2, 2 * (11 << 20)},
                                          {WIRE_P, model, 307, 1046216704},
                                          {WIRE_P, rule, 1, 2 << 20}};
    for (int i = 0; i < WIRE_P; i++) { /* 1e-20 rounds to nothing */
        double unit = 0x1p34, x = (double)wire_trained[i],
               y = i == 3 ? 0 : (double)wire_parameters[i];
        model[i] = (int64_t)((300 * x + 7 * y) * unit);
        rule[i] = (int64_t)((double)wire_rule[i] * unit);
    }
    for (int i = 0; i < WIRE_M * WIRE_K; i++)
        counts[i] = wire_counts[i];
    return (mmofl_message){
        .kind = MMOFL_MESSAGE_PARTIAL_SUM,
        .body.partial_sum = {.partial = {.round = 42,
                                         .first = 3,
                                         .devices = 3,
                                         .n = 2,
                                         .device = device,
                                         .report = report,
                                         .late = 1,
                                         .n_sums = 3,
                                         .sum = sum,
                                         .n_counts = WIRE_M * WIRE_K,
                                         .count = counts},
                             .config = wire_digest(0xc0),
                             .model = mmofl_model_digest(wire_parameters, WIRE_P)}};
}

/** Number 0, 1, ... of all of them; kind 0: no more. */
static inline mmofl_message wire_message(int i)
{
    static mmofl_message (*const make[])(void) = {
        wire_hello, wire_welcome,   wire_refusal, wire_round,
        wire_task,  wire_update,    wire_decline, wire_ack,
        wire_want,  wire_heartbeat, wire_bye,     wire_partial_sum};
    mmofl_message none = {0};
    return i < (int)(sizeof make / sizeof *make) ? make[i]() : none;
}

typedef struct wire_bytes {
    uint8_t *bytes;
    size_t size;
} wire_bytes;

static inline wire_bytes wire_write(const mmofl_message *message)
{
    mmofl_wire_limits limits = wire_limits();
    wire_bytes w;
    CHECK_OK(mmofl_message_write(message, &limits, &w.bytes, &w.size));
    return w;
}

/** A device's key pair. */
static inline const uint8_t *wire_seed(void)
{
    static const uint8_t seed[MMOFL_KEY_BYTES] = {
        1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16,
        17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32};
    return seed;
}

static inline mmofl_identity wire_device(void)
{
    return (mmofl_identity){"home", "kitchen-1", 0x1122334455667788, wire_seed()};
}

static inline mmofl_seal_address wire_to_coordinator(bool pack)
{
    return (mmofl_seal_address){MMOFL_COORDINATOR, 0, 7, pack};
}

#endif
