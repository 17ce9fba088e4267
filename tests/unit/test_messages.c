/* test_messages.c - each message comes back as it went, bit for bit; what is not sound
 * is refused with its status. */
#include "bad_files.h"
#include "wire_fixture.h"

#include "base/file.h"

/* ---- there and back -------------------------------------------------------------- */

static mmofl_message read_back(const mmofl_message *message)
{
    mmofl_wire_limits limits = wire_limits();
    wire_bytes w = wire_write(message);
    mmofl_message back;
    mmofl_error err = {0};
    mmofl_status st = mmofl_message_read(w.bytes, w.size, &limits, &back, &err);
    if (st)
        fail_msg("%s: %s", mmofl_status_name(st), err.text);
    CHECK_INT(back.kind, message->kind);
    CHECK_INT(mmofl_message_kind_peek(w.bytes, w.size), message->kind);
    free(w.bytes);
    return back;
}

#define CHECK_SAME(a, b) assert_memory_equal(&(a), &(b), sizeof(a))

static void hello_comes_back(void **state)
{
    (void)state;
    mmofl_message m = wire_hello(), back = read_back(&m);
    const mmofl_hello *a = &m.body.hello, *b = &back.body.hello;
    CHECK_INT(b->oldest_version, 1);
    CHECK_INT(b->newest_version, 2);
    CHECK_INT(b->round, 41);
    CHECK_SAME(a->config, b->config);
    CHECK_TEXT(b->program, "mmofl-device 0.1.0");
    mmofl_message_free(&back);
}

static void welcome_comes_back(void **state)
{
    (void)state;
    mmofl_message m = wire_welcome(), back = read_back(&m);
    const mmofl_welcome *a = &m.body.welcome, *b = &back.body.welcome;
    CHECK_INT(b->version, 1);
    CHECK_INT(b->device, 17);
    CHECK(b->seed == a->seed);
    CHECK_TEXT(b->config, a->config);
    CHECK_SAME(a->config_digest, b->config_digest);
    CHECK_INT(b->n_signals, 2);
    for (int i = 0; i < 2; i++) {
        const mmofl_modality *x = &a->signal[i].modality, *y = &b->signal[i].modality;
        CHECK_TEXT(y->name, x->name);
        CHECK_TEXT(y->unit, x->unit);
        CHECK_NEAR(y->rate_hz, x->rate_hz, 0);
        CHECK_INT(y->dtype, x->dtype);
        CHECK_INT(y->vocabulary, x->vocabulary);
        CHECK(mmofl_shape_equal(y->shape, x->shape));
    }
    assert_memory_equal(b->signal[0].mean, wire_scale, sizeof wire_scale);
    assert_memory_equal(b->signal[0].sd, wire_spread, sizeof wire_spread);
    CHECK(!b->signal[1].mean && !b->signal[1].sd);
    CHECK_INT(b->n_classes, 3);
    for (int k = 0; k < 3; k++)
        CHECK_TEXT(b->class_name[k], wire_classes[k]);
    CHECK_INT(b->standardize, MMOFL_STANDARDIZE_WINDOW);
    CHECK_NEAR(b->heartbeat_s, 10, 0);
    CHECK_NEAR(b->lease_s, 30, 0);
    CHECK(b->coding.difference);
    CHECK_INT(b->coding.coding.dtype, MMOFL_WIRE_I8);
    CHECK_NEAR(b->coding.coding.top, 0.25, 0);
    CHECK_SAME(b->layout, a->layout);
    mmofl_message_free(&back);
}

static void small_messages_come_back(void **state)
{
    (void)state;
    mmofl_message m = wire_refusal(), back = read_back(&m);
    CHECK_INT(back.body.refusal.status, MMOFL_E_SUPERSEDED);
    CHECK_TEXT(back.body.refusal.text, "a newer process");
    CHECK(back.body.refusal.final);
    mmofl_message_free(&back);

    m = wire_round();
    back = read_back(&m);
    CHECK_INT(back.body.round.round, 42);
    CHECK(back.body.round.open && !back.body.round.done);
    CHECK_SAME(back.body.round.config, m.body.round.config);
    CHECK_SAME(back.body.round.model, m.body.round.model);
    mmofl_message_free(&back);

    m = wire_decline();
    back = read_back(&m);
    CHECK_INT(back.body.decline.round, 42);
    CHECK_INT(back.body.decline.status, MMOFL_E_NONFINITE);
    CHECK_TEXT(back.body.decline.text, "training diverged");
    mmofl_message_free(&back);

    m = wire_heartbeat();
    back = read_back(&m);
    CHECK_INT(back.body.heartbeat.round, 42);
    CHECK_INT(back.body.heartbeat.samples, 500);
    CHECK_NEAR(back.body.heartbeat.uptime_s, 3.5, 0);
    mmofl_message_free(&back);

    m = wire_bye();
    back = read_back(&m);
    CHECK_TEXT(back.body.bye.reason, "stopped");
    mmofl_message_free(&back);
}

static void answers_come_back(void **state)
{
    (void)state;
    mmofl_message m = wire_ack(), back = read_back(&m);
    CHECK_SAME(back.body.ack.object, m.body.ack.object);
    CHECK_INT(back.body.ack.status, MMOFL_E_STALE);
    CHECK_TEXT(back.body.ack.text, "round 41 is over");
    mmofl_message_free(&back);

    m = wire_want();
    back = read_back(&m);
    CHECK_SAME(back.body.want.object, m.body.want.object);
    CHECK_INT(back.body.want.chunk_bytes, 1000);
    CHECK_INT(back.body.want.n, 2);
    assert_memory_equal(back.body.want.first, m.body.want.first, 2 * sizeof(uint32_t));
    assert_memory_equal(back.body.want.last, m.body.want.last, 2 * sizeof(uint32_t));
    mmofl_message_free(&back);
}

static void task_comes_back_to_the_bit(void **state)
{
    (void)state;
    mmofl_message m = wire_task(), back = read_back(&m);
    const mmofl_task *b = &back.body.task;
    CHECK_INT(b->broadcast.round, 42);
    CHECK_INT(b->broadcast.n_parameters, WIRE_P);
    assert_memory_equal(b->broadcast.parameters, wire_parameters,
                        sizeof wire_parameters);
    assert_memory_equal(b->broadcast.prototypes->mean, wire_means, sizeof wire_means);
    assert_memory_equal(b->broadcast.prototypes->seen, wire_counts, sizeof wire_counts);
    assert_memory_equal(b->broadcast.rule, wire_rule, sizeof wire_rule);
    CHECK_SAME(b->config, m.body.task.config);
    CHECK_SAME(b->model, m.body.task.model);
    CHECK_NEAR(b->seconds_left, 12.5, 0);
    CHECK(b->closing);
    mmofl_message_free(&back);
}

static void update_comes_back_to_the_bit(void **state)
{
    (void)state;
    mmofl_message m = wire_update(), back = read_back(&m);
    const mmofl_update *b = &back.body.update.update;
    CHECK(!back.body.update.difference);
    CHECK_INT(b->device, 0);
    CHECK_INT(b->round, 42);
    CHECK_INT(b->samples, 300);
    assert_memory_equal(b->parameters, wire_trained, sizeof wire_trained);
    assert_memory_equal(b->recorded, wire_recorded, sizeof wire_recorded);
    assert_memory_equal(b->prototypes->sum, wire_means, sizeof wire_means);
    assert_memory_equal(b->prototypes->count, wire_counts, sizeof wire_counts);
    assert_memory_equal(b->rule, wire_rule, sizeof wire_rule);
    CHECK_INT(b->report.fresh_correct, 7);
    CHECK_NEAR(b->report.whole_loss, 0.125, 0);
    CHECK_NEAR(b->report.method_loss, 1e-3, 0);
    CHECK_INT(back.body.update.quality[1].missing, 1000);
    CHECK_NEAR(back.body.update.quality[0].sd, 1.5, 0);
    mmofl_message_free(&back);
}

/* ---- differences ----------------------------------------------------------------- */

static void difference_is_rebuilt_on_the_model_it_is_of(void **state)
{
    (void)state;
    mmofl_message m = wire_difference((mmofl_wire_coding){0}, NULL),
                  back = read_back(&m);
    mmofl_update_message *u = &back.body.update;
    CHECK(u->difference);
    CHECK_NEAR(u->update.parameters[0], 0.5, 0);
    mmofl_digest wrong = wire_digest(1);
    CHECK_STATUS(mmofl_update_rebuild(u, wire_parameters, &wrong), MMOFL_E_STALE);
    float huge[WIRE_P] = {3.4e38F, 3.4e38F, 0, 0, 0};
    ((float *)(void *)(uintptr_t)u->update.parameters)[0] = 3.4e38F;
    CHECK_STATUS(mmofl_update_rebuild(u, huge, &u->model), MMOFL_E_NONFINITE);
    ((float *)(void *)(uintptr_t)u->update.parameters)[0] = 0.5F;
    CHECK_OK(mmofl_update_rebuild(u, wire_parameters, &u->model));
    assert_memory_equal(u->update.parameters, wire_trained, sizeof wire_trained);
    CHECK_OK(mmofl_update_rebuild(u, wire_parameters, &wrong)); /* done already */
    mmofl_message_free(&back);
}

static void lossy_difference_leaves_its_error_with_the_sender(void **state)
{
    (void)state;
    float residual[WIRE_P] = {0};
    mmofl_message m =
        wire_difference((mmofl_wire_coding){MMOFL_WIRE_F16, 0.4}, residual);
    mmofl_message back = read_back(&m);
    const float *d = back.body.update.update.parameters;
    /* The differences are 0.5, 0.25, 0.125, -1, 0: two of five are sent. */
    static const float wanted[WIRE_P] = {0.5F, 0, 0, -1, 0};
    assert_memory_equal(d, wanted, sizeof wanted);
    static const float owed[WIRE_P] = {0, 0.25F, 0.125F, 0, 0};
    for (int i = 0; i < WIRE_P; i++)
        CHECK_NEAR(residual[i], owed[i], 0);
    mmofl_message_free(&back);
}

static void lossy_coding_of_a_whole_model_is_refused(void **state)
{
    (void)state;
    mmofl_wire_limits limits = wire_limits();
    mmofl_message m = wire_update();
    m.body.update.coding.coding.dtype = MMOFL_WIRE_F16;
    wire_bytes w;
    CHECK_STATUS(mmofl_message_write(&m, &limits, &w.bytes, &w.size), MMOFL_E_TYPE);
    float residual[WIRE_P] = {1, 2, 3, 4, 5}, before[WIRE_P], trained[WIRE_P] = {1e6F};
    memcpy(before, residual, sizeof before);
    m = wire_difference((mmofl_wire_coding){MMOFL_WIRE_F16, 0}, residual);
    m.body.update.update.parameters = trained;
    CHECK_STATUS(mmofl_message_write(&m, &limits, &w.bytes, &w.size), MMOFL_E_RANGE);
    assert_memory_equal(residual, before, sizeof before);
}

/* ---- texts ----------------------------------------------------------------------- */

static void texts_are_cleaned_and_cut_when_written(void **state)
{
    (void)state;
    char text[4000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memcpy(text, "a\x01\xff\n\xc3\xa4", 6);
    mmofl_message m = wire_decline();
    m.body.decline.text = text;
    mmofl_message back = read_back(&m);
    CHECK_INT(strlen(back.body.decline.text), MMOFL_WIRE_TEXT_BYTES);
    CHECK_INT(strncmp(back.body.decline.text, "a??\n\xc3\xa4xx", 8), 0);
    mmofl_message_free(&back);

    /* A character of two bytes that does not fit whole is left out. */
    memset(text, 'y', MMOFL_WIRE_LINE_BYTES - 1);
    memcpy(text + MMOFL_WIRE_LINE_BYTES - 1, "\xc3\xa4", 3);
    m = wire_bye();
    m.body.bye.reason = text;
    back = read_back(&m);
    CHECK_INT(strlen(back.body.bye.reason), MMOFL_WIRE_LINE_BYTES - 1);
    mmofl_message_free(&back);
}

static void unknown_status_of_a_later_version_is_a_refusal(void **state)
{
    (void)state;
    mmofl_wire_limits limits = wire_limits();
    mmofl_message m = wire_ack(), back;
    mmofl_error err = {0};
    wire_bytes w = wire_write(&m);
    for (size_t i = 0; i + 7 < w.size; i++)
        if (memcmp(w.bytes + i, "E_STALE", 7) == 0)
            memcpy(w.bytes + i, "E_LATER", 7);
    CHECK_OK(mmofl_message_read(w.bytes, w.size, &limits, &back, &err));
    CHECK_INT(back.body.ack.status, MMOFL_E_UNKNOWN);
    mmofl_message_free(&back);
    free(w.bytes);
}

/* ---- versions and limits --------------------------------------------------------- */

static void newest_version_of_both_is_spoken(void **state)
{
    (void)state;
    mmofl_hello hello = {.oldest_version = 1, .newest_version = 9};
    uint32_t version = 0;
    CHECK_OK(mmofl_wire_version_choose(&hello, &version));
    CHECK_INT(version, MMOFL_WIRE_VERSION);
    hello.oldest_version = 2;
    CHECK_STATUS(mmofl_wire_version_choose(&hello, &version), MMOFL_E_VERSION);
}

static void limits_follow_the_planned_model(void **state)
{
    (void)state;
    const mmofl_model model = {
        .n_encoders = 2, .classes = 6, .features = 64, .n_parameters = 1000000};
    const mmofl_method_kind method = {.prototypes = true};
    const mmofl_local_kind rule = {.up = true};
    mmofl_wire_limits limits = mmofl_wire_limits_of(&model, NULL, NULL);
    CHECK_INT(limits.parameters, 1000000);
    CHECK_INT(limits.encoders, 2);
    CHECK_INT(limits.classes, 6);
    CHECK_INT(limits.features, 64);
    CHECK(!limits.prototypes && !limits.rule_down && !limits.rule_up);
    CHECK(limits.message_bytes >= 8000000 && limits.message_bytes < 8100000);
    limits = mmofl_wire_limits_of(&model, &method, &rule);
    CHECK(limits.prototypes && !limits.rule_down && limits.rule_up);
    CHECK(limits.message_bytes >= 12000000 && limits.message_bytes < 12100000);
}

static void models_are_refused_while_none_is_known(void **state)
{
    (void)state;
    mmofl_wire_limits join = mmofl_wire_limits_join();
    mmofl_message m = wire_task(), back;
    mmofl_error err = {0};
    wire_bytes w = wire_write(&m);
    CHECK_STATUS(mmofl_message_read(w.bytes, w.size, &join, &back, &err),
                 MMOFL_E_STATE);
    free(w.bytes);
}

static void task_of_another_model_is_refused(void **state)
{
    (void)state;
    static const struct {
        size_t parameters, features;
        bool prototypes, rule;
        mmofl_status status;
    } other[] = {{4, WIRE_D, true, true, MMOFL_E_SHAPE},
                 {WIRE_P, 3, true, true, MMOFL_E_SHAPE},
                 {WIRE_P, WIRE_D, false, true, MMOFL_E_SHAPE},
                 {WIRE_P, WIRE_D, true, false, MMOFL_E_SHAPE}};
    mmofl_message m = wire_task(), back;
    wire_bytes w = wire_write(&m);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        mmofl_wire_limits limits = wire_limits();
        mmofl_error err = {0};
        limits.parameters = other[i].parameters;
        limits.features = other[i].features;
        limits.prototypes = other[i].prototypes;
        limits.rule_down = other[i].rule;
        CHECK_STATUS(mmofl_message_read(w.bytes, w.size, &limits, &back, &err),
                     other[i].status);
        CHECK_INT(err.status, other[i].status);
    }
    free(w.bytes);
}

static void partial_sum_comes_back(void **state)
{
    (void)state;
    mmofl_message m = wire_partial_sum(), back = read_back(&m);
    const mmofl_partial *a = &m.body.partial_sum.partial,
                        *b = &back.body.partial_sum.partial;
    CHECK_SAME(m.body.partial_sum.config, back.body.partial_sum.config);
    CHECK_SAME(m.body.partial_sum.model, back.body.partial_sum.model);
    CHECK(b->round == 42 && b->first == 3 && b->devices == 3 && b->late == 1);
    CHECK_INT(b->n, 2);
    assert_memory_equal(b->device, a->device, 2 * sizeof *a->device);
    assert_memory_equal(b->report, a->report, 2 * sizeof *a->report);
    CHECK_INT(b->n_sums, 3);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(b->sum[i].n, a->sum[i].n);
        CHECK(b->sum[i].weight == a->sum[i].weight);
        CHECK(b->sum[i].bound == a->sum[i].bound);
        assert_memory_equal(b->sum[i].number, a->sum[i].number,
                            a->sum[i].n * sizeof(int64_t));
    }
    CHECK_INT(b->n_counts, 6);
    assert_memory_equal(b->count, a->count, 6 * sizeof *a->count);
    mmofl_message_free(&back);
}

static void sums_are_let_in_where_shards_are_expected(void **state)
{
    (void)state;
    mmofl_wire_limits limits = wire_limits();
    mmofl_message m = wire_partial_sum(), back;
    mmofl_error err = {0};
    wire_bytes w = wire_write(&m);
    limits.devices = 0;
    CHECK_STATUS(mmofl_message_read(w.bytes, w.size, &limits, &back, &err),
                 MMOFL_E_UNSUPPORTED);
    limits = mmofl_wire_limits_join();
    size_t before = limits.message_bytes;
    mmofl_wire_limits_add_partial(&limits, &(mmofl_partial_shape){3, 22, 6}, 8);
    CHECK_INT(limits.message_bytes, before); /* a small one fits */
    mmofl_wire_limits_add_partial(&limits, &(mmofl_partial_shape){3, 1000000, 6}, 8);
    CHECK_INT(limits.message_bytes, 8000000 + 60 + 8 * 128 + 65536);
    limits.parameters = 0;
    CHECK_STATUS(mmofl_message_read(w.bytes, w.size, &limits, &back, &err),
                 MMOFL_E_STATE);
    free(w.bytes);
}

static void large_message_is_refused_by_its_length(void **state)
{
    (void)state;
    mmofl_wire_limits limits = wire_limits();
    mmofl_message m = wire_task(), back;
    mmofl_error err = {0};
    wire_bytes w = wire_write(&m);
    limits.message_bytes = w.size - 1;
    CHECK_STATUS(mmofl_message_read(w.bytes, w.size, &limits, &back, &err),
                 MMOFL_E_LIMIT);
    free(w.bytes);
}

static void config_beyond_its_limit_is_refused(void **state)
{
    (void)state;
    mmofl_wire_limits limits = wire_limits();
    char *config = malloc(MMOFL_WIRE_CONFIG_BYTES + 2);
    assert_non_null(config);
    memset(config, '#', MMOFL_WIRE_CONFIG_BYTES + 1);
    config[MMOFL_WIRE_CONFIG_BYTES + 1] = '\0';
    mmofl_message m = wire_welcome(), back;
    mmofl_error err = {0};
    for (int over = 1; over >= 0; over--) {
        config[MMOFL_WIRE_CONFIG_BYTES + over] = '\0';
        m.body.welcome.config = config;
        m.body.welcome.config_digest = mmofl_welcome_digest(&m.body.welcome);
        wire_bytes w = wire_write(&m);
        CHECK_STATUS(mmofl_message_read(w.bytes, w.size, &limits, &back, &err),
                     over ? MMOFL_E_LIMIT : MMOFL_OK);
        free(w.bytes);
    }
    mmofl_message_free(&back);
    free(config);
}

static mmofl_status read_file(const char *path, mmofl_error *err)
{
    mmofl_wire_limits limits = wire_limits();
    unsigned char *data;
    size_t size;
    mmofl_message message;
    mmofl_error why = {0};
    CHECK_OK(mmofl_file_read(path, 1 << 20, &data, &size, err));
    mmofl_status st = mmofl_message_read(data, size, &limits, &message, &why);
    CHECK_INT(why.status, st);
    free(data);
    if (!st)
        mmofl_message_free(&message);
    return mmofl_fail(err, st, "%s: %s", path, why.text);
}

static void bad_messages_are_refused(void **state)
{
    (void)state;
    bad_files_are_refused("message", 150, read_file);
}

static void every_cut_and_every_flipped_bit_is_read_or_refused(void **state)
{
    (void)state;
    mmofl_wire_limits limits = wire_limits();
    for (int i = 0; wire_message(i).kind; i++) {
        mmofl_message m = wire_message(i), back;
        wire_bytes w = wire_write(&m);
        for (size_t n = 0; n < w.size; n++) {
            mmofl_error err = {0};
            uint8_t *exact = malloc(n + 1);
            assert_non_null(exact);
            memcpy(exact, w.bytes, n);
            if (mmofl_message_read(exact, n, &limits, &back, &err) == MMOFL_OK)
                mmofl_message_free(&back);
            free(exact);
            for (int bit = 0; bit < 8; bit++) {
                w.bytes[n] ^= (uint8_t)(1 << bit);
                if (mmofl_message_read(w.bytes, w.size, &limits, &back, &err) ==
                    MMOFL_OK)
                    mmofl_message_free(&back);
                w.bytes[n] ^= (uint8_t)(1 << bit);
            }
        }
        free(w.bytes);
    }
}

CHECK_MAIN(TEST(hello_comes_back), TEST(welcome_comes_back),
           TEST(small_messages_come_back), TEST(answers_come_back),
           TEST(task_comes_back_to_the_bit), TEST(update_comes_back_to_the_bit),
           TEST(difference_is_rebuilt_on_the_model_it_is_of),
           TEST(lossy_difference_leaves_its_error_with_the_sender),
           TEST(lossy_coding_of_a_whole_model_is_refused),
           TEST(texts_are_cleaned_and_cut_when_written),
           TEST(unknown_status_of_a_later_version_is_a_refusal),
           TEST(newest_version_of_both_is_spoken),
           TEST(limits_follow_the_planned_model),
           TEST(models_are_refused_while_none_is_known),
           TEST(task_of_another_model_is_refused), TEST(partial_sum_comes_back),
           TEST(sums_are_let_in_where_shards_are_expected),
           TEST(large_message_is_refused_by_its_length),
           TEST(config_beyond_its_limit_is_refused), TEST(bad_messages_are_refused),
           TEST(every_cut_and_every_flipped_bit_is_read_or_refused))
