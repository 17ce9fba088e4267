/* test_learning.c - the part of an experiment that travels to devices. */
#include "check.h"

#include "config/learning.h"

static const char file[] =
    "name: x\n"
    "seeds: 7\n"
    "fleet: {devices: 4}\n"
    "stream: {buffer: 32, new: 8}\n"
    "model: {modalities: {accelerometer: [flatten, {linear: {out: 4}}]},"
    " head: [{linear: {out: 6}}]}\n"
    "train: {batch: 4, lr: 0.25}\n"
    "method: {kind: qqr, rho: 0.75}\n"
    "aggregation: fedprox\n";

static char *text_of_file(void)
{
    mmofl_experiment e;
    mmofl_error err = {0};
    CHECK_OK(
        mmofl_experiment_parse(file, strlen(file), "file", NULL, NULL, 0, &e, &err));
    char *text = mmofl_learning_text(&e);
    CHECK(text);
    mmofl_experiment_free(&e);
    return text;
}

static void a_device_reads_what_the_coordinator_wrote(void **state)
{
    (void)state;
    char *text = text_of_file();
    CHECK(!strstr(text, "fleet")); /* devices are not told of each other */
    CHECK(!strstr(text, "seeds"));
    mmofl_experiment e;
    mmofl_error err = {0};
    CHECK_OK(mmofl_learning_parse(text, strlen(text), "welcome", &e, &err));
    CHECK_INT(e.stream.buffer, 32);
    CHECK_INT(e.stream.fresh, 8);
    CHECK_INT(e.train.batch, 4);
    CHECK_INT(e.model.n_encoders, 1);
    CHECK_TEXT(e.method.kind->name, "qqr");
    CHECK_TEXT(e.aggregation.kind->name, "fedprox");
    char *again = mmofl_learning_text(&e);
    CHECK_TEXT(again, text);
    free(again);
    free(text);
    mmofl_learning_free(&e);
}

static void check_refused(const char *text, mmofl_status status, const char *why)
{
    mmofl_experiment e;
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_learning_parse(text, strlen(text), "welcome", &e, &err), status);
    CHECK_CONTAINS(err.text, why);
}

static void what_a_device_cannot_use_is_refused(void **state)
{
    (void)state;
    check_refused("fleet: {devices: 4}\n", MMOFL_E_UNKNOWN, "fleet");
    check_refused("stream: {buffer: 4, new: 8}\n"
                  "model: {modalities: {a: [relu]}, head: [relu]}\n",
                  MMOFL_E_RANGE, "do not fit");
    check_refused("train: {batch: 4}\n", MMOFL_E_MISSING, "no default for a device");
    check_refused("model: [", MMOFL_E_SYNTAX, "welcome");
}

CHECK_MAIN(TEST(a_device_reads_what_the_coordinator_wrote),
           TEST(what_a_device_cannot_use_is_refused))
