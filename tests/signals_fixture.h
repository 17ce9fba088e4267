/* signals_fixture.h - a federation of two sensors and a text, for tests of devices. */
#ifndef MMOFL_TESTS_SIGNALS_FIXTURE_H
#define MMOFL_TESTS_SIGNALS_FIXTURE_H

#include "device/signals.h"

/* accelerometer (4, 3), light (4, 1), note: 5 tokens below 100; classes sit, walk, run.
 */
static inline mmofl_status signals_fixture(mmofl_signals *signals)
{
    static const float mean[] = {0, 0, 9.8f}, sd[] = {1, 2, 4}, light[] = {100},
                       light_sd[] = {50};
    static const char classes[][MMOFL_NAME_BYTES] = {"sit", "walk", "run"};
    mmofl_signal signal[3] = {
        {{.name = "accelerometer", .dtype = MMOFL_F32, .shape = {2, {4, 3}}}, mean, sd},
        {{.name = "light", .dtype = MMOFL_F32, .shape = {2, {4, 1}}}, light, light_sd},
        {{.name = "note", .dtype = MMOFL_TOKENS, .vocabulary = 100, .shape = {1, {5}}},
         NULL,
         NULL}};
    mmofl_welcome welcome = {.n_signals = 3,
                             .signal = signal,
                             .n_classes = 3,
                             .class_name = classes,
                             .standardize = MMOFL_STANDARDIZE_CHANNEL};
    return mmofl_signals_take(signals, &welcome);
}

#endif
