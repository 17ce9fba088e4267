/* sample_line.h - what sensors tell a device, one JSON object a line
 * (docs/line-protocol.md).
 *
 *   {"id":7,"label":"walking","values":{"accelerometer":[...],"gyroscope":[...]}}
 *   {"id":7,"label":"walking"}                    the label of a sample told before
 *   {"t":0.02,"modality":"accelerometer","value":[0.1,0.0,9.8]}         one reading
 *
 * Shapes: M modalities of the federation, S_m values of modality m, K classes. */
#ifndef MMOFL_DEVICE_SAMPLE_LINE_H
#define MMOFL_DEVICE_SAMPLE_LINE_H

#include "device/signals.h"

enum { MMOFL_SAMPLE_ID_BYTES = 48, MMOFL_NO_LABEL = -1 };

typedef enum mmofl_line_kind {
    MMOFL_LINE_SAMPLE,
    MMOFL_LINE_LABEL,
    MMOFL_LINE_READING
} mmofl_line_kind;

/** A line that was read; which fields count, the kind says. */
typedef struct mmofl_line {
    mmofl_line_kind kind;
    char id[MMOFL_SAMPLE_ID_BYTES];      /* "": none was given */
    int32_t label;                       /* class number; MMOFL_NO_LABEL */
    uint32_t mask;                       /* sample: modalities that it has */
    bool standardized;                   /* sample: values are standardised already */
    double time_s;                       /* reading */
    int modality;                        /* reading */
    float *values[MMOFL_MAX_MODALITIES]; /* (S_m); a reading's are (C_m) in its
                                          * modality's */
} mmofl_line;

typedef struct mmofl_line_reader mmofl_line_reader;

/** A reader for these signals (borrowed); it owns the values of the line that it read
 * last. @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_line_reader_new(const mmofl_signals *signals,
                                                 mmofl_line_reader **reader);
void mmofl_line_reader_delete(mmofl_line_reader *reader);

/** Read one line (without its end); *line is valid until the next.
 * @retval E_SYNTAX     not one JSON object
 * @retval E_MISSING    neither values nor label; a label without id; a reading without
 *                      time; a sample without any modality
 * @retval E_UNKNOWN    a key, modality or class that is not the federation's
 * @retval E_TYPE       a value of the wrong type
 * @retval E_COUNT      not as many values as the modality has
 * @retval E_RANGE      a number that no float holds; a token outside the vocabulary; a
 *                      text that is too long
 * @retval E_MEMORY
 * err says what was wrong and what was wanted.  Cost: O(size). */
MMOFL_CHECKED mmofl_status mmofl_line_read(mmofl_line_reader *reader, const char *text,
                                           size_t size, const mmofl_line **line,
                                           mmofl_error *err);

#endif
