/* schema_table.h - how the tables are written, and the keys that stand in two of them.
 * Only schema.c and schema_learning.c include it. */
#ifndef MMOFL_CONFIG_SCHEMA_TABLE_H
#define MMOFL_CONFIG_SCHEMA_TABLE_H

#include "config/schema.h"
#include "fed/aggregation.h"
#include "learn/method.h"

#define VALUE(...)                                                                     \
    {                                                                                  \
        .shape = MMOFL_SCHEMA_VALUE, .option = __VA_ARGS__                             \
    }
#define OTHER(type, key, field, fallback_text, help_text)                              \
    .option = {.name = (key),                                                          \
               .offset = offsetof(type, field),                                        \
               .fallback = (fallback_text),                                            \
               .help = (help_text)}
#define SECTION(type, field, table, help)                                              \
    {                                                                                  \
        .shape = MMOFL_SCHEMA_SECTION, .section = &(table),                            \
        OTHER(type, #field, field, "{}", help)                                         \
    }
#define SECTION_OF(table)                                                              \
    {                                                                                  \
        (table), (int)(sizeof(table) / sizeof *(table))                                \
    }

/** The sections of schema_learning.c. */
extern const mmofl_schema_section mmofl_schema_stream, mmofl_schema_model,
    mmofl_schema_train;

/** Their keys in an experiment, and those of what goes with them. */
#define MMOFL_SCHEMA_STREAM_KEY                                                        \
    SECTION(mmofl_experiment, stream, mmofl_schema_stream, "how samples reach a device")
#define MMOFL_SCHEMA_LEARNING_KEYS                                                     \
    SECTION(mmofl_experiment, model, mmofl_schema_model, "the multimodal model"),      \
        SECTION(mmofl_experiment, train, mmofl_schema_train,                           \
                "how a device learns in a round"),                                     \
        {.shape = MMOFL_SCHEMA_PICK,                                                   \
         .kinds = mmofl_method_kinds,                                                  \
         OTHER(mmofl_experiment, "method", method, "pm",                               \
               "what a device does about missing and noisy modalities")},              \
    {                                                                                  \
        .shape = MMOFL_SCHEMA_PICK, .kinds = mmofl_aggregation_kinds,                  \
        OTHER(mmofl_experiment, "aggregation", aggregation, "fedavg",                  \
              "how the devices' models become the next one")                           \
    }

#endif
