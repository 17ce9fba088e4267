/* schema_learning.c - the tables of what a device needs to know in order to learn: a
 * part of the experiment, and all that a coordinator tells its devices.
 *
 * They stand apart from schema.c so that a device's program has nothing of data sets
 * and their importers in it. */
#include "config/schema_table.h"
#include "nn/layer.h"

static const mmofl_schema_key stream_keys[] = {
    VALUE(MMOFL_INT_OPTION(mmofl_stream_spec, buffer, 1, 100000000, "200",
                           "samples that a device holds at most; the oldest leave "
                           "first")),
    VALUE({"new", MMOFL_OPTION_INT, offsetof(mmofl_stream_spec, fresh), 0, 100000000,
           NULL, "20", "samples that arrive at a device each round; at most buffer"}),
    VALUE(MMOFL_INT_OPTION(mmofl_stream_spec, initial, 0, 100000000, "0",
                           "samples that arrive in the first round; 0: a full buffer; "
                           "at most buffer")),
    VALUE(MMOFL_CHOICE_OPTION(mmofl_stream_spec, order, MMOFL_ORDER_CHOICES, "shuffled",
                              "order of arrival: shuffled anew for each pass, or the "
                              "order in time of the owner")),
    VALUE(MMOFL_CHOICE_OPTION(mmofl_stream_spec, at_end, MMOFL_END_CHOICES, "cycle",
                              "when all samples of a device have arrived: begin again, "
                              "or nothing new arrives any more")),
};
const mmofl_schema_section mmofl_schema_stream = SECTION_OF(stream_keys);

/* The small convolutional encoders of METHOD.md's protocol, for the two sets of
 * accelerometer and gyroscope windows. */
#define HAR_SETS "synthetic-har|uci-har"
static const char har_encoders[] =
    "accelerometer: &imu\n"
    "  - conv1d: {out: 16, kernel: 8, stride: 4, pad: 2}\n"
    "  - relu\n"
    "  - conv1d: {out: 32, kernel: 4, stride: 4}\n"
    "  - relu\n"
    "  - global_avg_pool\n"
    "  - linear: {out: 32}\n"
    "gyroscope: *imu\n";
static const char har_head[] = "[{linear: {out: 64}}, relu, {linear: {out: 6}}]";

static const mmofl_schema_key model_keys[] = {
    {.shape = MMOFL_SCHEMA_ENCODERS,
     .count = offsetof(mmofl_model_spec, n_encoders),
     .fits = HAR_SETS,
     OTHER(mmofl_model_spec, "modalities", encoder, har_encoders,
           "for each modality of the data set to be used, its encoder's layers")},
    VALUE(MMOFL_CHOICE_OPTION(
        mmofl_model_spec, fusion, MMOFL_FUSION_CHOICES, "concat",
        "how the encoders' outputs become the head's input: features one "
        "after the other, or rows of one length stacked, for "
        "attention, gated or summed fusion by the head's first "
        "layer")),
    {.shape = MMOFL_SCHEMA_CHAIN,
     .fits = HAR_SETS,
     OTHER(mmofl_model_spec, "head", head, har_head,
           "layers from the fused features to one score for each class")},
    VALUE(MMOFL_CHOICE_OPTION(mmofl_model_spec, init, MMOFL_INIT_CHOICES,
                              "uniform_fan_in",
                              "initial weights and biases: uniform within 1/sqrt(inputs"
                              " of a unit), PyTorch's default")),
};
const mmofl_schema_section mmofl_schema_model = SECTION_OF(model_keys);

static const mmofl_schema_key train_keys[] = {
    VALUE(MMOFL_INT_OPTION(mmofl_train_spec, epochs, 1, 100000, "1",
                           "passes over the buffer each round (E)")),
    VALUE(
        MMOFL_INT_OPTION(mmofl_train_spec, batch, 1, 1000000, "20",
                         "samples in a mini-batch; the last of a pass may be smaller")),
    VALUE(MMOFL_CHOICE_OPTION(mmofl_train_spec, optimizer, "sgd", "sgd",
                              "stochastic gradient descent")),
    VALUE(MMOFL_REAL_OPTION(mmofl_train_spec, momentum, 0, 0.9999, "0",
                            "heavy ball, as PyTorch's SGD; starts at zero each round")),
    VALUE(MMOFL_REAL_OPTION(mmofl_train_spec, weight_decay, 0, 1000, "0",
                            "this times the parameter is added to its gradient")),
    VALUE(MMOFL_REAL_OPTION(mmofl_train_spec, clip_norm, 0, MMOFL_NO_LIMIT, "1.0",
                            "a longer gradient is scaled down to this 2-norm; 0: off")),
    {.shape = MMOFL_SCHEMA_PICK,
     .kinds = mmofl_lr_kinds,
     .bare = "constant",
     OTHER(mmofl_train_spec, "lr", lr, "{kind: exponential, start: 1.0, decay: 0.98}",
           "step size by round")},
};
const mmofl_schema_section mmofl_schema_train = SECTION_OF(train_keys);

static const mmofl_schema_key learning_keys[] = {
    MMOFL_SCHEMA_STREAM_KEY,
    MMOFL_SCHEMA_LEARNING_KEYS,
};
static const mmofl_schema_section learning_section = SECTION_OF(learning_keys);

const mmofl_schema_section *mmofl_schema_learning(void)
{
    return &learning_section;
}
