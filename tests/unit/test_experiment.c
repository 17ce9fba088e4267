/* test_experiment.c - files read, resolved, printed and refused. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <unistd.h>

#include "check.h"

#include "base/file.h"
#include "base/yaml.h"
#include "config/experiment.h"

static const char *const examples[] = {"demo", "uci-har", "thousand-devices"};

static mmofl_experiment parsed(const char *text)
{
    mmofl_experiment e;
    mmofl_error err = {0};
    if (mmofl_experiment_parse(text, strlen(text), "test.yaml", NULL, NULL, 0, &e,
                               &err))
        fail_msg("%s", err.text);
    return e;
}

static mmofl_status refused(const char *text, const char *setting, mmofl_error *err)
{
    mmofl_experiment e;
    *err = (mmofl_error){0};
    mmofl_status st = mmofl_experiment_parse(text, strlen(text), "test.yaml", NULL,
                                             &setting, setting != NULL, &e, err);
    if (st == MMOFL_OK)
        mmofl_experiment_free(&e);
    return st;
}

static mmofl_experiment parsed_with(const char *text, const char *const *settings,
                                    int n)
{
    mmofl_experiment e;
    mmofl_error err = {0};
    if (mmofl_experiment_parse(text, strlen(text), "test.yaml", NULL, settings, n, &e,
                               &err))
        fail_msg("%s", err.text);
    return e;
}

static mmofl_experiment example(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, MMOFL_TESTS_DIR "/../examples/%s.yaml", name);
    mmofl_experiment e;
    mmofl_error err = {0};
    if (mmofl_experiment_load(path, NULL, 0, &e, &err))
        fail_msg("%s", err.text);
    return e;
}

/* The option of a pick as a user would write it. */
static const char *option_text(const mmofl_pick *pick, const char *name)
{
    static char text[64];
    for (int i = 0; i < pick->kind->n_options; i++)
        if (strcmp(pick->kind->options[i].name, name) == 0) {
            mmofl_option_get(&pick->kind->options[i], pick->options.bytes, text,
                             sizeof text);
            return text;
        }
    fail_msg("%s has no option %s", pick->kind->name, name);
    return NULL;
}

/* ---- what files mean ---- */

static void a_name_alone_is_a_whole_experiment(void **state)
{
    (void)state;
    mmofl_experiment e = parsed("name: x");
    CHECK_TEXT(e.name, "x");
    CHECK_INT(e.n_seeds, 1);
    CHECK_INT(e.seed[0], 1);
    CHECK_TEXT(e.data.set.kind->name, "synthetic-har");
    CHECK_TEXT(e.data.path, "");
    CHECK_INT(e.fleet.devices, 10);
    CHECK_TEXT(e.fleet.partition.kind->name, "dirichlet");
    CHECK_TEXT(option_text(&e.fleet.partition, "min_samples"), "50");
    CHECK_INT(e.stream.buffer, 200);
    CHECK_INT(e.stream.fresh, 20);
    CHECK_INT(e.rounds, 60);
    CHECK(e.participation == 1);
    CHECK_INT(e.model.n_encoders, 2);
    CHECK_TEXT(e.model.encoder[1].modality, "gyroscope");
    CHECK_INT(e.model.encoder[1].chain.n, 6);
    CHECK_INT(e.model.head.n, 3);
    CHECK_TEXT(e.train.lr.kind->name, "exponential");
    CHECK_TEXT(option_text(&e.train.lr, "decay"), "0.98");
    CHECK_TEXT(e.method.kind->name, "pm");
    CHECK_TEXT(e.aggregation.kind->name, "fedavg");
    CHECK_INT(e.evaluate.n_rounds, 0);
    mmofl_experiment_free(&e);
}

static void the_example_of_uci_har_reads_as_written(void **state)
{
    (void)state;
    mmofl_experiment e = example("uci-har");
    CHECK_INT(e.n_seeds, 5);
    CHECK_INT(e.seed[4], 5);
    CHECK_TEXT(e.data.set.kind->name, "uci-har");
    CHECK_TEXT(option_text(&e.data.set, "accelerometer"), "total_acc");
    CHECK_INT(e.data.test_stride, 2);
    const mmofl_chain_spec *chain = &e.model.encoder[0].chain;
    CHECK_TEXT(chain->layer[0].kind->name, "conv1d");
    CHECK_TEXT(option_text(&chain->layer[0], "pad"), "2");
    CHECK_TEXT(option_text(&chain->layer[2], "pad"), "0");
    CHECK_TEXT(option_text(&e.aggregation, "weights"), "uniform");
    CHECK_INT(e.evaluate.n_rounds, 5);
    CHECK_INT(e.evaluate.round[0], 52);
    mmofl_experiment_free(&e);
}

static const char with_imbalance[] =
    "name: x\n"
    "imbalance:\n"
    "  granularity: device\n"
    "  modalities:\n"
    "    accelerometer: {missing: 0.7, pattern: {kind: burst, length: 20},\n"
    "                    noise: {kind: gauss, share: 0.7, sigma: 2}}\n"
    "  groups:\n"
    "    - {devices: 0..2, modalities: {accelerometer: {noise: {kind: stuck, share: "
    "1}}}}\n"
    "    - devices: [5, 7..9]\n"
    "      modalities: {gyroscope: {missing: 1}}\n"
    "test_imbalance: {modalities: {gyroscope: {missing: 0.25}}}\n"
    "record: {injected: true}\n";

static void an_imbalance_reads_as_written(void **state)
{
    (void)state;
    mmofl_experiment e = parsed(with_imbalance);
    CHECK_INT(e.imbalance.granularity, MMOFL_GRANULARITY_DEVICE);
    CHECK_INT(e.imbalance.n_modalities, 1);
    const mmofl_modality_imbalance *m = &e.imbalance.modality[0];
    CHECK_TEXT(m->modality, "accelerometer");
    CHECK_NEAR(m->missing, 0.7, 0);
    CHECK_TEXT(m->pattern.kind->name, "burst");
    CHECK_TEXT(option_text(&m->noise, "sigma"), "2");
    CHECK_INT(e.imbalance.n_groups, 2);
    CHECK_INT(e.imbalance.group[0].n_devices, 3);
    CHECK_NEAR(e.imbalance.group[0].modality[0].missing, 0, 0); /* replaced whole */
    CHECK_INT(e.imbalance.group[1].n_devices, 4);
    CHECK_INT(e.imbalance.group[1].device[0], 5);
    CHECK_INT(e.imbalance.group[1].device[3], 9);
    CHECK_INT(e.test_imbalance.n_modalities, 1);
    CHECK_INT(e.record.injected, MMOFL_RECORD_ALWAYS);
    char *text = mmofl_experiment_text(&e);
    CHECK(text != NULL);
    CHECK_CONTAINS(text, "devices: [5, 7..9]");
    mmofl_experiment again = parsed(text);
    char *text_again = mmofl_experiment_text(&again);
    CHECK_TEXT(text_again, text);
    free(text_again);
    free(text);
    mmofl_experiment_free(&again);
    mmofl_experiment_free(&e);
}

static void without_a_word_nothing_is_missing_or_disturbed(void **state)
{
    (void)state;
    mmofl_experiment e = parsed("name: x\n");
    CHECK_INT(e.imbalance.n_modalities + e.imbalance.n_groups, 0);
    CHECK_INT(e.test_imbalance.n_modalities, 0);
    CHECK_INT(e.record.injected, MMOFL_RECORD_AUTO);
    mmofl_experiment_free(&e);
}

static void an_alias_is_a_copy_of_what_it_names(void **state)
{
    (void)state;
    const char *settings[] = {"model.modalities.b.0.linear.out=5"};
    mmofl_experiment e =
        parsed_with("name: x\n"
                    "model:\n"
                    "  modalities: {a: &l [{linear: {out: 3}}], b: *l}\n",
                    settings, 1);
    CHECK_TEXT(option_text(&e.model.encoder[0].chain.layer[0], "out"), "3");
    CHECK_TEXT(option_text(&e.model.encoder[1].chain.layer[0], "out"), "5");
    mmofl_experiment_free(&e);
}

static void kinds_are_written_short_or_long(void **state)
{
    (void)state;
    mmofl_experiment e = parsed("name: x\n"
                                "fleet: {partition: owner}\n"
                                "train: {lr: 0.25}\n"
                                "aggregation: {weights: samples}\n");
    CHECK_TEXT(e.fleet.partition.kind->name, "owner");
    CHECK_TEXT(e.train.lr.kind->name, "constant");
    CHECK_TEXT(option_text(&e.train.lr, "start"), "0.25");
    CHECK_TEXT(e.aggregation.kind->name, "fedavg");
    CHECK_TEXT(option_text(&e.aggregation, "weights"), "samples");
    mmofl_experiment_free(&e);
}

static void a_kind_without_its_name_is_the_default_one_changed(void **state)
{
    (void)state;
    mmofl_experiment e = parsed("name: x\ntrain: {lr: {decay: 0.5}}\n");
    CHECK_TEXT(e.train.lr.kind->name, "exponential");
    CHECK_TEXT(option_text(&e.train.lr, "decay"), "0.5");
    CHECK_TEXT(option_text(&e.train.lr, "start"), "1");
    mmofl_experiment_free(&e);
}

static void whole_numbers_are_written_singly_as_ranges_and_in_lists(void **state)
{
    (void)state;
    mmofl_experiment e = parsed("name: x\n"
                                "seeds: [7, 10..12, 18446744073709551615]\n"
                                "evaluate: {rounds: 58..60}\n");
    CHECK_INT(e.n_seeds, 5);
    CHECK_INT(e.seed[0], 7);
    CHECK_INT(e.seed[3], 12);
    CHECK(e.seed[4] == UINT64_MAX);
    CHECK_INT(e.evaluate.n_rounds, 3);
    CHECK_INT(e.evaluate.round[2], 60);
    mmofl_experiment_free(&e);
}

static void a_byte_order_mark_and_carriage_returns_do_no_harm(void **state)
{
    (void)state;
    mmofl_experiment e = parsed("\xef\xbb\xbfname: x\r\nrounds: 5\r\n");
    CHECK_TEXT(e.name, "x");
    CHECK_INT(e.rounds, 5);
    mmofl_experiment_free(&e);
}

/* ---- settings ---- */

static void settings_replace_values_in_their_order(void **state)
{
    (void)state;
    const char *settings[] = {"rounds=5",     "rounds=6",          "train.lr.decay=1",
                              "seeds=[3, 4]", "model.head.1=tanh", "data.set=uci-har"};
    mmofl_experiment e =
        parsed_with("name: x\nrounds: 1\nmodel: {head: [relu, relu]}\n", settings, 6);
    CHECK_INT(e.rounds, 6);
    CHECK_INT(e.seed[1], 4);
    CHECK_TEXT(e.train.lr.kind->name, "exponential");
    CHECK_TEXT(e.model.head.layer[0].kind->name, "relu");
    CHECK_TEXT(e.model.head.layer[1].kind->name, "tanh");
    CHECK_TEXT(e.data.set.kind->name, "uci-har");
    mmofl_experiment_free(&e);
}

static void a_refused_setting_is_named(void **state)
{
    (void)state;
    static const struct {
        mmofl_status status;
        const char *setting, *text;
    } cases[] = {
        {MMOFL_E_UNKNOWN, "train.lr=abc", "--set train.lr=abc: no lr 'abc'"},
        {MMOFL_E_UNKNOWN, "train.bach=3", "did you mean 'batch'?"},
        {MMOFL_E_TYPE, "rounds=", "--set rounds=: rounds has no value"},
        {MMOFL_E_RANGE, "rounds=-1", "--set rounds=-1: "},
        {MMOFL_E_SYNTAX, "rounds", "wanted key.key=value"},
        {MMOFL_E_SYNTAX, "=3", "an empty name"},
        {MMOFL_E_SYNTAX, "train..batch=3", "an empty name"},
        {MMOFL_E_SYNTAX, "seeds=[1", "--set seeds=[1: not YAML"},
        {MMOFL_E_UNKNOWN, "rounds=*a", "no '&a' stands before"},
        {MMOFL_E_TYPE, "name.x=3", "cannot be set inside a single value 'x'"},
        {MMOFL_E_RANGE, "model.head.2=relu", "the list has 2, the first is 0"},
        {MMOFL_E_RANGE, "model.head.99999999999999999999=relu", "is no element"},
        {MMOFL_E_RANGE, "model.head.x=relu", "is no element"},
        {MMOFL_E_RANGE, "stream.initial=300", "initial <= buffer"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mmofl_error err;
        CHECK_STATUS(
            refused("name: x\nmodel: {head: [relu, relu]}\n", cases[i].setting, &err),
            cases[i].status);
        CHECK_CONTAINS(err.text, cases[i].text);
        CHECK_CONTAINS(err.text, "--set ");
    }
}

/* ---- data.path ---- */

static void a_path_counts_from_the_file_or_for_a_setting_from_here(void **state)
{
    (void)state;
    const char *text = "name: x\ndata: {set: uci-har, path: b.zip}\n";
    const char *setting = "data.path=c.zip";
    mmofl_experiment e;
    CHECK_OK(mmofl_experiment_parse(text, strlen(text), "t", "/a", NULL, 0, &e, NULL));
    CHECK_TEXT(e.data.path, "/a/b.zip");
    mmofl_experiment_free(&e);
    CHECK_OK(
        mmofl_experiment_parse(text, strlen(text), "t", "/a", &setting, 1, &e, NULL));
    char here[4096], wanted[4200];
    CHECK(getcwd(here, sizeof here) != NULL);
    snprintf(wanted, sizeof wanted, "%s/c.zip", here);
    CHECK_TEXT(e.data.path, wanted);
    mmofl_experiment_free(&e);
    e = parsed(text);
    CHECK_TEXT(e.data.path, "b.zip");
    mmofl_experiment_free(&e);
}

/* ---- text ---- */

static void check_fixed_point(mmofl_experiment *e)
{
    char *first = mmofl_experiment_text(e);
    CHECK(first != NULL);
    mmofl_experiment again = parsed(first);
    char *second = mmofl_experiment_text(&again);
    CHECK_TEXT(first, second);
    CHECK(again.participation == e->participation);
    CHECK_INT(again.n_seeds, e->n_seeds);
    assert_memory_equal(again.seed, e->seed, (size_t)e->n_seeds * sizeof *e->seed);
    assert_memory_equal(again.train.lr.options.bytes, e->train.lr.options.bytes,
                        sizeof e->train.lr.options.bytes);
    free(first);
    free(second);
    mmofl_experiment_free(&again);
    mmofl_experiment_free(e);
}

/* A rate for each of n modalities, of the fleet and of a group. */
static char *imbalance_of_many(int n)
{
    enum { BYTES = 4096 };
    char *text = malloc(BYTES), *at = text;
    CHECK(text != NULL);
    for (int part = 0; part < 2; part++) {
        at += sprintf(at, "%s",
                      part ? "  groups:\n    - {devices: [1], modalities: {"
                           : "name: x\nimbalance:\n  modalities: {");
        for (int m = 0; m < n; m++)
            at += sprintf(at, "%sm%d: {missing: 0.%02d}", m ? ", " : "", m, m + 1);
        at += sprintf(at, "%s\n", part ? "}}" : "}");
        CHECK(at < text + BYTES);
    }
    return text;
}

static void an_imbalance_names_up_to_sixteen_modalities(void **state)
{
    (void)state;
    char *text = imbalance_of_many(MMOFL_MAX_MODALITIES);
    mmofl_experiment e = parsed(text);
    CHECK_INT(e.imbalance.n_modalities, MMOFL_MAX_MODALITIES);
    CHECK_INT(e.imbalance.group[0].n_modalities, MMOFL_MAX_MODALITIES);
    CHECK_TEXT(e.imbalance.modality[15].modality, "m15");
    CHECK_NEAR(e.imbalance.modality[15].missing, 0.16, 1e-12);
    CHECK_NEAR(e.imbalance.group[0].modality[3].missing, 0.04, 1e-12);
    check_fixed_point(&e);
    free(text);
    text = imbalance_of_many(MMOFL_MAX_MODALITIES + 1);
    mmofl_error err = {0};
    CHECK_STATUS(refused(text, NULL, &err), MMOFL_E_LIMIT);
    CHECK_CONTAINS(err.text, "modalities has 17 entries; wanted at most 16");
    free(text);
}

static void the_text_of_an_experiment_reads_as_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        mmofl_experiment e = example(examples[i]);
        check_fixed_point(&e);
    }
    static const char *const texts[] = {
        "name: x",
        "name: \"true\"",
        "name: 'null'",
        "name: \"say \\\"hi\\\" \\\\ # : \xc3\xa9 \\u2028 [\"",
        "name: 12",
        "name: x\nmodel: {modalities: {\"a b: #\": [relu], ~: [tanh], 1: [gelu]}}",
        "name: x\nparticipation: 0.1\ntrain: {lr: 0.30000000000000004}",
        "name: x\ndata: {set: uci-har, path: \"/a b/\xe2\x80\xa6.zip\"}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        mmofl_experiment e = parsed(texts[i]);
        check_fixed_point(&e);
    }
}

static void the_manual_names_every_key_and_kind(void **state)
{
    (void)state;
    char *manual = mmofl_experiment_manual();
    CHECK(manual != NULL);
    static const char *const parts[] = {
        "`name`",       "`new`",           "`participation`",
        "### `conv1d`", "### `dirichlet`", "### `inverse_sqrt`",
        "### `pm`",     "### `fedavg`",    "### `uci-har`",
        "*required*",   "`*imu`"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        CHECK_CONTAINS(manual, parts[i]);
    free(manual);
}

static void the_committed_manual_is_what_the_tables_say(void **state)
{
    (void)state;
    unsigned char *committed;
    size_t size;
    mmofl_error err = {0};
    if (mmofl_file_read(MMOFL_TESTS_DIR "/../docs/config.md", 1 << 20, &committed,
                        &size, &err))
        fail_msg("%s", err.text);
    char *manual = mmofl_experiment_manual();
    CHECK(manual != NULL);
    if (strcmp(manual, (const char *)committed) != 0)
        fail_msg("docs/config.md is old: mmofl config manual > docs/config.md");
    free(manual);
    free(committed);
}

/* ---- refusals ---- */

static void check_bad_file(const char *name)
{
    char path[1024], wanted[64];
    snprintf(path, sizeof path, MMOFL_TESTS_DIR "/bad/yaml/%s", name);
    snprintf(wanted, sizeof wanted, "%.*s", (int)(strstr(name, "--") - name), name);
    mmofl_experiment e;
    mmofl_error err = {0};
    mmofl_status st = mmofl_experiment_load(path, NULL, 0, &e, &err);
    if (strcmp(mmofl_status_name(st), wanted) != 0)
        fail_msg("%s: %s (%s)", name, mmofl_status_name(st), err.text);
    int line = 0, column = 0;
    size_t n = strlen(path);
    bool placed = strncmp(err.text, path, n) == 0 &&
                  sscanf(err.text + n, ":%d:%d: ", &line, &column) == 2;
    if (!placed || line < 1 || column < 1)
        fail_msg("%s: no line and column in \"%s\"", name, err.text);
}

static void each_bad_file_is_refused_with_its_status_and_place(void **state)
{
    (void)state;
    DIR *folder = opendir(MMOFL_TESTS_DIR "/bad/yaml");
    CHECK(folder != NULL);
    int n = 0;
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strstr(entry->d_name, "--")) {
            check_bad_file(entry->d_name);
            n++;
        }
    closedir(folder);
    CHECK(n >= 30);
}

static void a_refusal_points_with_a_caret_and_suggests(void **state)
{
    (void)state;
    mmofl_error err;
    CHECK_STATUS(refused("name: x\ntrain:\n  epoch: 1\n", NULL, &err), MMOFL_E_UNKNOWN);
    CHECK_TEXT(err.text, "test.yaml:3:3: unknown key 'epoch'; did you mean 'epochs'?\n"
                         "      epoch: 1\n"
                         "      ^");
    CHECK_STATUS(refused("name: x\ntrain: {momentum: 1}\n", NULL, &err), MMOFL_E_RANGE);
    CHECK_CONTAINS(err.text,
                   "test.yaml:2:19: momentum: '1' is not a number from 0 to 0.9999");
}

static void a_file_that_is_absent_or_too_large_is_refused(void **state)
{
    (void)state;
    mmofl_experiment e;
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_experiment_load("/nowhere/x.yaml", NULL, 0, &e, &err),
                 MMOFL_E_NOT_FOUND);
    size_t n = MMOFL_YAML_BYTES + 1;
    char *text = malloc(n);
    CHECK(text != NULL);
    memset(text, '#', n);
    CHECK_STATUS(mmofl_experiment_parse(text, n, "t", NULL, NULL, 0, &e, &err),
                 MMOFL_E_LIMIT);
    free(text);
}

static void free_takes_null_and_twice(void **state)
{
    (void)state;
    mmofl_experiment_free(NULL);
    mmofl_experiment e = parsed("name: x");
    mmofl_experiment_free(&e);
    mmofl_experiment_free(&e);
}

CHECK_MAIN(TEST(a_name_alone_is_a_whole_experiment),
           TEST(the_example_of_uci_har_reads_as_written),
           TEST(an_imbalance_reads_as_written),
           TEST(without_a_word_nothing_is_missing_or_disturbed),
           TEST(an_alias_is_a_copy_of_what_it_names),
           TEST(kinds_are_written_short_or_long),
           TEST(a_kind_without_its_name_is_the_default_one_changed),
           TEST(whole_numbers_are_written_singly_as_ranges_and_in_lists),
           TEST(a_byte_order_mark_and_carriage_returns_do_no_harm),
           TEST(settings_replace_values_in_their_order),
           TEST(a_refused_setting_is_named),
           TEST(a_path_counts_from_the_file_or_for_a_setting_from_here),
           TEST(an_imbalance_names_up_to_sixteen_modalities),
           TEST(the_text_of_an_experiment_reads_as_the_same),
           TEST(the_manual_names_every_key_and_kind),
           TEST(the_committed_manual_is_what_the_tables_say),
           TEST(each_bad_file_is_refused_with_its_status_and_place),
           TEST(a_refusal_points_with_a_caret_and_suggests),
           TEST(a_file_that_is_absent_or_too_large_is_refused),
           TEST(free_takes_null_and_twice))
