/* input.h - where a device's samples come from: lines of text (docs/line-protocol.md)
 * out of something that can be waited for.
 *
 *   stdin                     standard input, until it ends
 *   fifo:PATH                 a named pipe, made where there is none; writers come and
 * go unix:PATH                 a stream socket; several writers at a time
 *   mqtt:HOST[:PORT]/FILTER   topics of a (local) broker, a line in each payload
 *   iio:FOLDER?MODALITY=CHANNEL,...&...
 *                             sensors of Linux IIO, read RATE times a second (iio.c)
 *
 * One file for each under inputs/.  One thread; nothing blocks.  A line is at most
 * MMOFL_INPUT_LINE_BYTES: of a longer one nothing is taken. */
#ifndef MMOFL_DEVICE_INPUT_H
#define MMOFL_DEVICE_INPUT_H

#include "base/log.h"

enum { MMOFL_INPUT_LINE_BYTES = 16 << 20 };

typedef struct mmofl_input mmofl_input;

typedef struct mmofl_input_kind {
    const char *name; /* before the colon */
    /** Open what `where` names (behind the colon). */
    mmofl_status (*open)(const char *where, const mmofl_log_sink *log,
                         mmofl_input **input, mmofl_error *err);
    /** What to poll for reading: at most `max` descriptors; returns how many. */
    int (*descriptors)(const mmofl_input *input, int *fd, int max);
    /** Seconds until next() is due whatever the descriptors say; infinite: never. */
    double (*due_s)(const mmofl_input *input);
    /** The next line without its end, borrowed until the next call; NULL: none now. */
    const char *(*next)(mmofl_input *input, size_t *size);
    /** Nothing will come any more. */
    bool (*has_ended)(const mmofl_input *input);
    void (*close)(mmofl_input *input);
} mmofl_input_kind;

/** Every input starts with this. */
struct mmofl_input {
    const mmofl_input_kind *kind;
};

enum { MMOFL_INPUT_DESCRIPTORS = 16 };

/** Open an input by its text.  On success: input->kind->close.
 * @retval E_UNKNOWN  no such kind
 * @retval those of the kind */
MMOFL_CHECKED mmofl_status mmofl_input_open(const char *text, const mmofl_log_sink *log,
                                            mmofl_input **input, mmofl_error *err);

#endif
