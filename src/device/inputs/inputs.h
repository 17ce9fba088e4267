/* inputs.h - the kinds of inputs; only src/device/input.c and inputs/ include it. */
#ifndef MMOFL_DEVICE_INPUTS_INPUTS_H
#define MMOFL_DEVICE_INPUTS_INPUTS_H

#include "device/input.h"

extern const mmofl_input_kind mmofl_input_stdin, mmofl_input_fifo, mmofl_input_unix,
    mmofl_input_mqtt, mmofl_input_iio;

#endif
