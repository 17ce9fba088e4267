/* config.h - what a device's file says (man mmofl-device): one table reads, checks and
 * documents it. */
#ifndef MMOFL_DEVICE_PROGRAM_CONFIG_H
#define MMOFL_DEVICE_PROGRAM_CONFIG_H

#include "base/arena.h"
#include "device/windows.h"
#include "link/address.h"

typedef struct mmofl_device_config {
    mmofl_arena arena; /* owns the texts */
    const char *federation, *name;
    const char *broker;   /* HOST[:PORT] */
    const char *identity; /* folder of mmofl pki; "": no TLS, for loopback only */
    bool insecure;
    const char *state; /* folder for what must survive */
    const char *input; /* device/input.h */
    bool lockstep;
    double offline_s;
    bool predict;                 /* each sample is predicted when it comes */
    bool publish;                 /* predictions go to the device's topic, too */
    double step_s, gap_s, late_s; /* windows over readings */
    mmofl_address address;        /* of the broker */
} mmofl_device_config;

/** Read a file (NULL: none) and then the settings KEY=VALUE, in order.
 * @retval E_SYNTAX, E_UNKNOWN, E_DUPLICATE, E_TYPE, E_RANGE, E_MISSING, E_LIMIT,
 *         E_NOT_FOUND, E_IO, E_MEMORY  err says file:line:column: what, what was wanted
 * @retval E_DENIED  a broker elsewhere without identity, and not `insecure`
 * On success: mmofl_device_config_free. */
MMOFL_CHECKED mmofl_status mmofl_device_config_load(const char *path,
                                                    const char *const *settings,
                                                    int n_settings,
                                                    mmofl_device_config *config,
                                                    mmofl_error *err);
void mmofl_device_config_free(mmofl_device_config *config);

/** The keys with their meaning and defaults, for --help. */
void mmofl_device_config_describe(void (*line)(void *context, const char *text),
                                  void *context);

#endif
