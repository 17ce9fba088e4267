/* schema.c - the tables of what only a whole experiment says; schema_learning.c has
 * those of what a device needs to know.  Ranges are wide: they refuse slips and what
 * cannot work, not what is unwise. */
#include "config/schema_table.h"
#include "data/disturbance.h"
#include "data/missing_pattern.h"
#include "fed/aggregation.h"
#include "learn/method.h"

static const mmofl_schema_key data_keys[] = {
    {.shape = MMOFL_SCHEMA_PICK,
     .kinds = mmofl_data_source_kinds,
     .spread = true,
     OTHER(mmofl_data_spec, "set", set, "synthetic-har",
           "the data set; its own options stand beside this key")},
    VALUE(MMOFL_TEXT_OPTION(mmofl_data_spec, path, "",
                            "archive or folder to import from, relative to this file; "
                            "empty: the set imported before (mmofl data import)")),
    VALUE(MMOFL_INT_OPTION(mmofl_data_spec, test_stride, 1, 1000000, "1",
                           "use every n-th test sample")),
    VALUE(MMOFL_CHOICE_OPTION(
        mmofl_data_spec, standardize, MMOFL_STANDARDIZE_CHOICES, "channel",
        "subtract each channel's mean and divide by its standard deviation, both over "
        "the training part; leave the values as they are (none); or do it with each "
        "sample's own (window): (x - mean) / (sd + 1e-5) over its positions, which "
        "erases posture and loudness")),
};
static const mmofl_schema_section data_section = SECTION_OF(data_keys);

static const mmofl_schema_key fleet_keys[] = {
    VALUE(MMOFL_INT_OPTION(mmofl_fleet_spec, devices, 1, 1000000, "10",
                           "number of devices (K)")),
    {.shape = MMOFL_SCHEMA_PICK,
     .kinds = mmofl_partition_kinds,
     OTHER(mmofl_fleet_spec, "partition", partition,
           "{kind: dirichlet, alpha: 1.0, min_samples: 50}",
           "which device owns which training samples")},
};
static const mmofl_schema_section fleet_section = SECTION_OF(fleet_keys);

/* What happens to one modality; the test set has no time and so no pattern. */
#define MISSING_KEY                                                                    \
    VALUE(MMOFL_REAL_OPTION(mmofl_modality_imbalance, missing, 0, 1, "0",              \
                            "share of the samples that lack the modality (beta); a "   \
                            "sample that lost all gets one back"))
#define NOISE_KEY                                                                      \
    {                                                                                  \
        .shape = MMOFL_SCHEMA_PICK, .kinds = mmofl_disturbance_kinds,                  \
        OTHER(mmofl_modality_imbalance, "noise", noise, "none",                        \
              "what a bad sensor does to the samples it records")                      \
    }
static const mmofl_schema_key modality_keys[] = {
    MISSING_KEY,
    {.shape = MMOFL_SCHEMA_PICK,
     .kinds = mmofl_missing_pattern_kinds,
     OTHER(mmofl_modality_imbalance, "pattern", pattern, "independent",
           "how losses go with time")},
    NOISE_KEY,
};
static const mmofl_schema_section modality_section = SECTION_OF(modality_keys);

static const mmofl_schema_key test_modality_keys[] = {MISSING_KEY, NOISE_KEY};
static const mmofl_schema_section test_modality_section =
    SECTION_OF(test_modality_keys);

#define MODALITIES(type, table, called, fallback, help)                                \
    {                                                                                  \
        .shape = MMOFL_SCHEMA_MAP, .count = offsetof(type, n_modalities),              \
        .size = sizeof(mmofl_modality_imbalance), .section = &(table),                 \
        .element = (called), OTHER(type, "modalities", modality, fallback, help)       \
    }

static const mmofl_schema_key group_keys[] = {
    {.shape = MMOFL_SCHEMA_DEVICES,
     .count = offsetof(mmofl_group_imbalance, n_devices),
     OTHER(mmofl_group_imbalance, "devices", device, NULL,
           "numbers of the group's devices, counted from 0")},
    MODALITIES(mmofl_group_imbalance, modality_section, "modality_imbalance", NULL,
               "what happens to their modalities, in place of all that was said of "
               "these modalities before"),
};
static const mmofl_schema_section group_section = SECTION_OF(group_keys);

static const mmofl_schema_key imbalance_keys[] = {
    VALUE(MMOFL_CHOICE_OPTION(
        mmofl_imbalance_spec, granularity, MMOFL_GRANULARITY_CHOICES, "sample",
        "what loses a modality at one go: each sample for itself, a device's arrivals "
        "of a round, all arrivals of a round, or a device for good")),
    VALUE(MMOFL_REAL_OPTION(mmofl_imbalance_spec, bad_devices, 0, 1, "1",
                            "share of the devices, drawn by the seed, that "
                            "`modalities` is about")),
    MODALITIES(mmofl_imbalance_spec, modality_section, "modality_imbalance", "{}",
               "what happens to each modality; one that is not named is complete and "
               "clean"),
    {.shape = MMOFL_SCHEMA_LIST,
     .count = offsetof(mmofl_imbalance_spec, n_groups),
     .size = sizeof(mmofl_group_imbalance),
     .section = &group_section,
     .element = "group",
     OTHER(mmofl_imbalance_spec, "groups", group, "[]",
           "devices that are different; later groups win, modality by modality")},
};
static const mmofl_schema_section imbalance_section = SECTION_OF(imbalance_keys);

static const mmofl_schema_key test_imbalance_keys[] = {
    MODALITIES(
        mmofl_test_imbalance_spec, test_modality_section, "test_modality_imbalance",
        "{}",
        "what happens to each modality of a test sample; empty: each test sample "
        "is treated as one of a device drawn at random, at that device's rates "
        "without their pattern in time"),
};
static const mmofl_schema_section test_imbalance_section =
    SECTION_OF(test_imbalance_keys);

static const mmofl_schema_key evaluate_keys[] = {
    VALUE(MMOFL_INT_OPTION(mmofl_evaluate_spec, every, 0, 1000000000, "10",
                           "test the model every n rounds for the learning curve; 0: "
                           "never")),
    {.shape = MMOFL_SCHEMA_ROUNDS,
     .count = offsetof(mmofl_evaluate_spec, n_rounds),
     OTHER(mmofl_evaluate_spec, "rounds", round, "[]",
           "the result is the mean over these rounds' tests; empty: the last round")},
    VALUE(MMOFL_REAL_OPTION(
        mmofl_evaluate_spec, validation, 0, 0.95, "0",
        "share of each owner's training samples, rounded down, that no device gets: "
        "the validation part, tested whenever the test part may be")),
    VALUE(MMOFL_CHOICE_OPTION(
        mmofl_evaluate_spec, select, MMOFL_SELECT_CHOICES, "rounds",
        "which tests are the result: those of `rounds`, or the one after the round "
        "whose macro-F1 on the validation part is the best (the first of equals); the "
        "test part is then tested only where validation is better than ever before")),
};
static const mmofl_schema_section evaluate_section = SECTION_OF(evaluate_keys);

static const mmofl_schema_key record_keys[] = {
    VALUE(MMOFL_CHOICE_OPTION(mmofl_record_spec, injected, MMOFL_RECORD_CHOICES, "auto",
                              "keep what was injected in each round, by device and "
                              "modality; auto: for up to 1000 devices")),
};
static const mmofl_schema_section record_section = SECTION_OF(record_keys);

static const mmofl_schema_key analysis_keys[] = {
    VALUE(MMOFL_BOOL_OPTION(
        mmofl_analysis_spec, errors, "false",
        "measure how far each step's gradient is from that of complete, clean data, by "
        "cause and modality; training takes several times as long")),
    VALUE(MMOFL_BOOL_OPTION(
        mmofl_analysis_spec, regret, "false",
        "at the end of a seed, train the best fixed model on all that was seen, and "
        "compare (mmofl analyze does the same later)")),
    VALUE(MMOFL_INT_OPTION(mmofl_analysis_spec, every, 1, 1000000000, "1",
                           "measure errors in every n-th round")),
    VALUE(MMOFL_INT_OPTION(
        mmofl_analysis_spec, starts, 1, 1000, "3",
        "models from which the search for the best fixed one begins: the run's last, "
        "then fresh ones; 1 is enough when the model is convex")),
    VALUE(MMOFL_INT_OPTION(mmofl_analysis_spec, iterations, 1, 1000000, "200",
                           "steps of each search at most")),
    VALUE(MMOFL_REAL_OPTION(
        mmofl_analysis_spec, tolerance, MMOFL_POSITIVE, 1, "1e-4",
        "a search ends when the gradient of the mean loss is shorter than this")),
};
static const mmofl_schema_section analysis_section = SECTION_OF(analysis_keys);

static const mmofl_schema_key experiment_keys[] = {
    VALUE(MMOFL_TEXT_OPTION(mmofl_experiment, name, NULL,
                            "what the experiment is called in summaries and folders; "
                            "at most 100 bytes, no '/'")),
    {.shape = MMOFL_SCHEMA_SEEDS,
     .count = offsetof(mmofl_experiment, n_seeds),
     OTHER(mmofl_experiment, "seeds", seed, "1",
           "one run for each; all random choices of a run follow from its seed")},
    SECTION(mmofl_experiment, data, data_section, "what is learnt from"),
    SECTION(mmofl_experiment, fleet, fleet_section, "the devices and what they own"),
    MMOFL_SCHEMA_STREAM_KEY,
    SECTION(mmofl_experiment, imbalance, imbalance_section,
            "modalities that are missing or disturbed (QQI)"),
    SECTION(mmofl_experiment, test_imbalance, test_imbalance_section,
            "how the disturbed test set differs from what the fleet sees"),
    VALUE(MMOFL_INT_OPTION(mmofl_experiment, rounds, 1, 1000000000, "60",
                           "rounds of learning and aggregation (T)")),
    VALUE(MMOFL_REAL_OPTION(mmofl_experiment, participation, MMOFL_POSITIVE, 1000000,
                            "1.0",
                            "devices that take part in a round: a share up to 1, or a "
                            "whole number of devices from 2")),
    MMOFL_SCHEMA_LEARNING_KEYS,
    SECTION(mmofl_experiment, evaluate, evaluate_section, "when the model is tested"),
    SECTION(mmofl_experiment, record, record_section,
            "what is kept besides the metrics"),
    {.shape = MMOFL_SCHEMA_SECTION,
     .section = &analysis_section,
     .bare = "{errors: true, regret: true}",
     OTHER(mmofl_experiment, "analysis", analysis, "{}",
           "what theory speaks of, measured beside the run; true: errors and regret")},
};
static const mmofl_schema_section experiment_section = SECTION_OF(experiment_keys);

const mmofl_schema_section *mmofl_schema(void)
{
    return &experiment_section;
}
