/* program.h - mmofl-device: its commands, and what they share. */
#ifndef MMOFL_DEVICE_PROGRAM_PROGRAM_H
#define MMOFL_DEVICE_PROGRAM_PROGRAM_H

#include "device/agent.h"
#include "device/input.h"
#include "device/program/config.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_WRONG_USAGE = 2 };
enum { MMOFL_DEVICE_PATH = 4096 };

/** Lines on standard error; debug with MMOFL_DEBUG set. */
const mmofl_log_sink *mmofl_device_log(void);

/** Has a signal asked to stop? */
bool mmofl_device_stop_asked(void);

/** The keys of the identity folder, as agent and bus want them; {0} without one. */
typedef struct mmofl_device_keys {
    bool are_there;
    char ca[MMOFL_DEVICE_PATH], certificate[MMOFL_DEVICE_PATH], key[MMOFL_DEVICE_PATH];
    uint8_t secret[MMOFL_KEY_BYTES], coordinator[MMOFL_KEY_BYTES];
} mmofl_device_keys;

/** @retval those of pki/identity.h; E_DENIED  the certificate has another name */
MMOFL_CHECKED mmofl_status mmofl_device_keys_load(const mmofl_device_config *config,
                                                  mmofl_device_keys *keys,
                                                  mmofl_error *err);

/** What connects a device's agent: the context of mmofl_device_connect. */
typedef struct mmofl_device_line {
    const mmofl_device_config *config;
    const mmofl_device_keys *keys;
    char client_id[2 * MMOFL_WIRE_NAME_BYTES + 16];
} mmofl_device_line;

mmofl_status mmofl_device_connect(void *context, const mmofl_bus_events *events,
                                  const mmofl_bus_will *will, mmofl_bus **bus,
                                  mmofl_error *err);

/** Lines of the input as samples: read, cut into windows where they are readings. */
typedef struct mmofl_samples mmofl_samples;

/** For these signals (borrowed).  @retval E_MEMORY
 * Signals of which no windows can be made are refused only when a reading comes. */
MMOFL_CHECKED mmofl_status mmofl_samples_new(const mmofl_signals *signals,
                                             const mmofl_device_config *config,
                                             mmofl_samples **samples);
void mmofl_samples_delete(mmofl_samples *samples);

/** Take a line: what it means now, a sample or a label, is given by mmofl_samples_next
 * until that is NULL.  @retval those of mmofl_line_read and mmofl_windows_new */
MMOFL_CHECKED mmofl_status mmofl_samples_take(mmofl_samples *samples, const char *text,
                                              size_t size, mmofl_error *err);
const mmofl_line *mmofl_samples_next(mmofl_samples *samples);

/** {"id":..., "class":..., "probability":[...]} of a prediction, on a line; in text.
 * Returns its length. */
size_t mmofl_prediction_text(const mmofl_signals *signals, const char *id, int class,
                             const float *probability, char *text, size_t size);

/** The commands, with the rest of their arguments. */
int mmofl_device_run(const mmofl_device_config *config);
int mmofl_device_predict(const mmofl_device_config *config);
int mmofl_device_status(const mmofl_device_config *config);
int mmofl_device_check(const mmofl_device_config *config);

#endif
