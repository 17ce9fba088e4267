/* session.h - an experiment inside your own program: open, run rounds, test, predict.
 *
 *   open ----> round, round, ... ----> test, predict, save ----> close
 *                 ^______________________________|      load, set_parameters: any time
 *
 * A session is one seed of one experiment (docs/config.md): the data set, the fleet of
 * simulated devices, the coordinator and its current model.  It computes what
 * `mmofl run` computes, to the bit, and writes nothing but what save is asked to.
 *
 * Shapes: P parameters, M modalities of the data set, K classes; S_m is the shape of
 * modality m, channels last (dataset.h).
 * Threads: one thread at a time uses a session (rounds and tests spread over the
 * threads that it was opened with); sessions do not know of each other, so any number
 * may be open and used at once.  The functions that take a const session change nothing
 * and may be called by several threads while none calls another function. Memory:
 * everything is taken when a session is opened; rounds, tests and predictions allocate
 * nothing.  Pointers handed out belong to the session and die with it. */
#ifndef MMOFL_SESSION_H
#define MMOFL_SESSION_H

#include "mmofl/dataset.h"
#include "mmofl/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mmofl_session mmofl_session;

/* ---------------------------------------------------------------- open and close */

/** How to open a session.  All zero is a good start.  Borrowed for the call. */
typedef struct mmofl_session_options {
    const char *const *settings; /* (n_settings) "train.lr=0.5": replace values of the
                                  * experiment, in order, like --set */
    int n_settings;
    int threads;          /* 0 = one for each core; results do not depend on it */
    const uint64_t *seed; /* run this seed; NULL = the experiment's first */
} mmofl_session_options;

/** Open the experiment of a YAML file, load its data (imported, generated, or mapped
 * from the cache: docs/data-cache.md), divide them among the devices and draw the
 * initial model.
 * @param[in] options  NULL = all zero
 * @retval MMOFL_E_NOT_FOUND, MMOFL_E_IO  the file, or the data it names, cannot be read
 * @retval MMOFL_E_SYNTAX, MMOFL_E_UNKNOWN, MMOFL_E_DUPLICATE, MMOFL_E_TYPE,
 *         MMOFL_E_RANGE, MMOFL_E_MISSING, MMOFL_E_LIMIT  what is wrong in the file or
 * in a setting; err says where ("file:line:column: ...")
 * @retval MMOFL_E_RANGE       threads < 0
 * @retval MMOFL_E_SHAPE       layers that do not fit together or onto the data
 * @retval MMOFL_E_INFEASIBLE  the data cannot be divided as asked
 * @retval MMOFL_E_MEMORY
 * @retval others              of an archive that is damaged: err names it
 * On success the caller owns *session: mmofl_session_close.  On failure *session is as
 * it was.  Cost: the import of the data on first use, milliseconds after that. */
MMOFL_API MMOFL_CHECKED mmofl_status
mmofl_session_open(const char *path, const mmofl_session_options *options,
                   mmofl_session **session, mmofl_error *err);

/** The same from YAML text (UTF-8, ends with a zero byte; borrowed for the call).
 * @param[in] folder  a relative data.path is relative to it; NULL = to where the
 *                    process is
 * Statuses as mmofl_session_open. */
MMOFL_API MMOFL_CHECKED mmofl_status mmofl_session_open_text(
    const char *text, const char *folder, const mmofl_session_options *options,
    mmofl_session **session, mmofl_error *err);

/** Give everything back.  NULL is allowed. */
MMOFL_API void mmofl_session_close(mmofl_session *session);

/* ---------------------------------------------------------------- what it is */

/** The resolved experiment as YAML, every default filled in; opens to the same session.
 * The session's. */
MMOFL_API const char *mmofl_session_experiment(const mmofl_session *session);

/** The data set: names, units and shapes of the modalities, classes, samples.  The
 * session's. */
MMOFL_API const mmofl_dataset *mmofl_session_data(const mmofl_session *session);

/** The seed that it runs. */
MMOFL_API uint64_t mmofl_session_seed(const mmofl_session *session);

/** Rounds the experiment asks for (T).  A session may go on after them. */
MMOFL_API uint64_t mmofl_session_rounds_planned(const mmofl_session *session);

/** Rounds that are done: 0 before the first; the file's after mmofl_session_load. */
MMOFL_API uint64_t mmofl_session_rounds_done(const mmofl_session *session);

/** What an open session holds, in bytes; it does not grow. */
typedef struct mmofl_session_memory {
    size_t data;        /* the data set's arrays */
    size_t devices;     /* which samples each device owns */
    size_t threads;     /* working memory of all threads */
    size_t coordinator; /* the model and the sum of the devices' models */
    size_t total;
} mmofl_session_memory;

/** Cost: O(1). */
MMOFL_API mmofl_session_memory mmofl_session_memory_plan(const mmofl_session *session);

/* ---------------------------------------------------------------- learning */

/** What happened in a round.  Losses are mean cross-entropies in nats; sums run over
 * the devices that took part. */
typedef struct mmofl_round_metrics {
    uint64_t round;              /* 1, 2, ... */
    double step_size;            /* of this round */
    uint32_t participants;       /* devices that took part */
    uint64_t samples_new;        /* samples that arrived */
    double prequential_loss;     /* on them, with the model as it came, before training;
                                  * the mean over devices; NaN when nothing arrived */
    double prequential_accuracy; /* share of them predicted rightly; NaN likewise */
    double train_loss; /* on the mini-batches, before each step; mean over devices */
    uint64_t steps;    /* mini-batches */
    uint64_t bytes_down, bytes_up; /* models sent to the devices, and back */
} mmofl_round_metrics;

/** Run the next round: the participants take in their new samples, predict them, train
 * on their buffers and send their models, which the coordinator combines.
 * @param[out] metrics  NULL is allowed
 * @retval MMOFL_E_NONFINITE  training diverged: err names the first device; the model
 * is still that before the round, which stays open
 * @retval MMOFL_E_STATE      a round before it diverged: open another session
 * @retval MMOFL_E_MEMORY
 * Cost: for each participant a forward pass over its new samples and E training passes
 * over its buffer.  mmofl_session_memory_plan says what it uses. */
MMOFL_API MMOFL_CHECKED mmofl_status mmofl_session_round(mmofl_session *session,
                                                         mmofl_round_metrics *metrics,
                                                         mmofl_error *err);

/** How the current model does on the test part. */
typedef struct mmofl_test_metrics {
    size_t samples;  /* tested; the training part when there is no test part */
    double loss;     /* mean cross-entropy, nats */
    double accuracy; /* share right */
    double macro_f1; /* mean over the classes that occur or are predicted */
    int classes;     /* K */
    const uint64_t *confusion; /* (K, K) samples: row = true class, column = predicted;
                                * the session's, valid until its next test */
} mmofl_test_metrics;

/** Test the current model.  Cost: a forward pass over the test part. */
MMOFL_API mmofl_test_metrics mmofl_session_test(mmofl_session *session);

/** Class probabilities for n samples of your own.
 *
 * A sample may lack modalities, also such as no training sample lacked: their encoders
 * are skipped, and zeros stand for their features (method pm, docs/method.md).
 * @param[in]  values   (M) values[m]: (n, S_m) floats, row-major, as recorded: in the
 *                      data set's unit, not standardised (that is done here, with the
 *                      training part's mean and spread, if the experiment does so).
 *                      What stands at a missing sample is not looked at; values[m] may
 *                      be NULL when all n samples lack m or the model has no encoder
 *                      for m
 * @param[in]  present  (n) bit m: the sample has modality m
 * @param[out] probability  (n, K) each row sums to 1; the caller's
 * @retval MMOFL_E_RANGE      present names a modality that the data set does not have,
 *                            or what should be the id of a token is no whole number in
 *                            [0, vocabulary)
 * @retval MMOFL_E_MISSING    a sample has nothing the model could look at, or values[m]
 *                            is NULL though a sample has m
 * @retval MMOFL_E_NONFINITE  a value that is present is NaN or infinite
 * A refused call writes no probability.  Finite values that are absurdly large can
 * still overflow inside the model: their rows are NaN. Cost: a pass over the values,
 * then a forward pass on the calling thread. */
MMOFL_API MMOFL_CHECKED mmofl_status
mmofl_session_predict(mmofl_session *session, size_t n, const float *const *values,
                      const uint32_t *present, float *probability, mmofl_error *err);

/* ---------------------------------------------------------------- the model */

/** P, the number of parameters. */
MMOFL_API size_t mmofl_session_parameter_count(const mmofl_session *session);

/** The current model as one vector of P floats, in an order that sessions of the same
 * data set and model share (not PyTorch's: see mmofl_session_tensor).  The session's;
 * it changes with each round. */
MMOFL_API const float *mmofl_session_parameters(const mmofl_session *session);

/** Replace the current model; the next round starts from it.  Rounds done stay.
 * @param[in] parameters  (n) in the order of mmofl_session_parameters; copied
 * @retval MMOFL_E_COUNT      n is not P
 * @retval MMOFL_E_NONFINITE  NaN or infinity among them
 * @retval MMOFL_E_STATE      a round before it diverged
 * A refused call leaves the model as it was.  Cost: O(P). */
MMOFL_API MMOFL_CHECKED mmofl_status mmofl_session_set_parameters(
    mmofl_session *session, const float *parameters, size_t n, mmofl_error *err);

enum { MMOFL_TENSOR_NAME_BYTES = 2 * MMOFL_NAME_BYTES };

/** A parameter tensor, named and shaped as in PyTorch's state dict. */
typedef struct mmofl_tensor_info {
    char name[MMOFL_TENSOR_NAME_BYTES]; /* "encoders.accelerometer.0.weight" */
    int n_dims;
    size_t dim[MMOFL_MAX_DIMS];
    size_t count; /* floats: the product of the dimensions */
} mmofl_tensor_info;

/** Describe tensor number i = 0, 1, ...; false past the last, info is then as it was.
 * The counts of all tensors add up to P.  Cost: O(tensors). */
MMOFL_API bool mmofl_session_tensor(const mmofl_session *session, int i,
                                    mmofl_tensor_info *info);

/** Copy tensor number i of the current model, row-major in PyTorch's layout.
 * @param[out] out  info.count floats; the caller's
 * @retval MMOFL_E_RANGE  there is no tensor of that number
 * Cost: O(info.count). */
MMOFL_API MMOFL_CHECKED mmofl_status mmofl_session_tensor_read(
    const mmofl_session *session, int i, float *out, mmofl_error *err);

/** Write the current model as a safetensors file, atomically and synced to the disk:
 * the bytes of the seed-N/model.safetensors that `mmofl run` leaves after as many
 * rounds.  `mmofl eval` and PyTorch read it.
 * @retval MMOFL_E_NOT_FOUND  the folder is not there
 * @retval MMOFL_E_NO_SPACE, MMOFL_E_IO, MMOFL_E_MEMORY  nothing was replaced */
MMOFL_API MMOFL_CHECKED mmofl_status mmofl_session_save(mmofl_session *session,
                                                        const char *path,
                                                        mmofl_error *err);

/** Take the model of such a file, and its number of rounds: with the same experiment
 * and seed the session goes on to the bytes of one never stopped, unless the
 * aggregation rule remembers things (fedavgm, fedadam, fedyogi, scaffold): these are in
 * a run's checkpoints but not in model files, and stay what they are in the session.
 * @retval MMOFL_E_NOT_FOUND, MMOFL_E_IO  the file cannot be read
 * @retval MMOFL_E_MISSING, MMOFL_E_VERSION  no model file of mmofl, or of a later
 * format
 * @retval MMOFL_E_UNKNOWN, MMOFL_E_MISSING, MMOFL_E_TYPE, MMOFL_E_SHAPE  it holds
 * another model: err names the first tensor that differs
 * @retval MMOFL_E_SYNTAX     its round is no number
 * @retval MMOFL_E_NONFINITE  NaN or infinity in it
 * @retval MMOFL_E_STATE      a round before it diverged
 * @retval MMOFL_E_MEMORY, and the statuses of a damaged file (MMOFL_E_TRUNCATED,
 *         MMOFL_E_CORRUPT, MMOFL_E_LIMIT, ...)
 * A refused file leaves the session as it was. */
MMOFL_API MMOFL_CHECKED mmofl_status mmofl_session_load(mmofl_session *session,
                                                        const char *path,
                                                        mmofl_error *err);

#ifdef __cplusplus
}
#endif
#endif
