/* room_occupancy.h - Room Occupancy Estimation (UCI 864): how many people are in a
 * room, 0 to 3, from slow sensors of five kinds, one row every half minute, over some
 * days.
 *
 * A. P. Singh, V. Jain, S. Chaudhari, F. A. Kraemer, S. Werner, V. Garg, "Machine
 * Learning-Based Occupancy Estimation Using Multivariate Sensor Nodes", IEEE Globecom
 * Workshops 2018. */
#ifndef MMOFL_DATA_ROOM_OCCUPANCY_H
#define MMOFL_DATA_ROOM_OCCUPANCY_H

#include "data/source.h"
#include "data/text_table.h"

typedef struct mmofl_room_occupancy_options {
    int length, step; /* rows */
    int test_days;
} mmofl_room_occupancy_options;

/** The set of one table, Occupancy_Estimation.csv; takes over the text's bytes as
 * mmofl_delimited_open does.
 * @retval MMOFL_E_MISSING, MMOFL_E_COUNT  other columns than those of the file
 * @retval MMOFL_E_SYNTAX  a date, time or number that is none
 * @retval MMOFL_E_RANGE   a date or time that does not exist, a row that is not later
 *                         than the one before, a count of people outside 0 to 3
 * @retval MMOFL_E_COUNT   no window to train with
 * and what delimited.h and recording.h refuse; all name the file. */
MMOFL_CHECKED mmofl_status
mmofl_room_occupancy_read(const mmofl_room_occupancy_options *options, mmofl_text text,
                          mmofl_dataset **set, mmofl_error *err);

/** Modalities temperature, light, sound (length, 4), co2 and motion (length, 2); a
 * window lies in rows with one count of people, no more than five minutes apart, of one
 * day; owner = that day as the number YYYYMMDD, so that days can be devices.  The last
 * test_days days are the test part. */
extern const mmofl_data_source mmofl_room_occupancy;

#endif
