/* embed.c - a fleet learns inside your own program, which then asks the model.
 *
 *   cc embed.c $(pkg-config --cflags --libs mmofl) -o embed && ./embed */
#include <mmofl/mmofl.h>
#include <stdio.h>
#include <stdlib.h>

static const char experiment[] = "name: embedded\n"
                                 "data: {set: synthetic-har, train: 2000, test: 600}\n"
                                 "fleet: {devices: 8, partition: owner}\n"
                                 "train: {lr: 0.5, batch: 20, clip_norm: 1.0}\n";
enum { ROUNDS = 20 };

/* What does a wearer do whose gyroscope is broken?  Ask about the first test window. */
static mmofl_status ask(mmofl_session *session, mmofl_error *err)
{
    const mmofl_dataset *data = mmofl_session_data(session);
    size_t window = data->n_train;
    const float *accelerometer = data->values[0];
    const float *values[MMOFL_MAX_MODALITIES] = {
        accelerometer + window * mmofl_shape_count(data->modality[0].shape)};
    uint32_t present = 1; /* bit 0: the accelerometer, and nothing else */
    float probability[MMOFL_MAX_CLASSES];
    mmofl_status status =
        mmofl_session_predict(session, 1, values, &present, probability, err);
    if (status)
        return status;
    printf("without the %s:", data->modality[1].name);
    for (int c = 0; c < data->n_classes; c++)
        printf(" %s %.0f %%", data->class_name[c], 100 * (double)probability[c]);
    printf("  (it was %s)\n", data->class_name[data->label[window]]);
    return MMOFL_OK;
}

int main(void)
{
    mmofl_error err = {0};
    mmofl_session *session = NULL;
    mmofl_status status =
        mmofl_session_open_text(experiment, NULL, NULL, &session, &err);
    for (int i = 0; !status && i < ROUNDS; i++) {
        mmofl_round_metrics m;
        status = mmofl_session_round(session, &m, &err);
        if (!status)
            printf("round %2d: %4d new windows, %.1f %% predicted rightly\n",
                   (int)m.round, (int)m.samples_new, 100 * m.prequential_accuracy);
    }
    if (!status) {
        printf("test accuracy %.1f %%\n", 100 * mmofl_session_test(session).accuracy);
        status = ask(session, &err);
    }
    if (status)
        fprintf(stderr, "embed: %s: %s\n", mmofl_status_name(status), err.text);
    mmofl_session_close(session);
    return status ? EXIT_FAILURE : EXIT_SUCCESS;
}
