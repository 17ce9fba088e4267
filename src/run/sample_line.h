/* sample_line.h - a sample as one line of JSON, as devices take them in
 * (docs/line-protocol.md). */
#ifndef MMOFL_RUN_SAMPLE_LINE_H
#define MMOFL_RUN_SAMPLE_LINE_H

#include <stdio.h>

#include "sim/holding.h"

/** Write sample i of what the holding last looked at: its arrival number as id, its
 * label's name, the values of the modalities that are left.  Values are as recorded, in
 * the sensor's unit; those of a sample that is disturbed are standardised, as the
 * disturbance is, and the line says so.  Reading the line gives the same floats.
 * scratch: room for the values of the largest modality.
 * Whether it was written, the stream knows. */
void mmofl_sample_line_write(FILE *to, const mmofl_holding *holding, int i,
                             float *scratch);

#endif
