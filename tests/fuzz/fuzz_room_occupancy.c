/* fuzz_room_occupancy.c - any bytes as the table of Room Occupancy Estimation. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/room_occupancy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const mmofl_room_occupancy_options options = {
        .length = 2, .step = 1, .test_days = 1};
    char *exact = malloc(size ? size : 1); /* no zero at its end */
    mmofl_dataset *set;
    mmofl_error err;
    if (!exact)
        return 0;
    if (size > 0)
        memcpy(exact, data, size);
    mmofl_text text = {exact, size, "fuzz"};
    if (mmofl_room_occupancy_read(&options, text, &set, &err))
        return 0;
    for (size_t i = 0; i < set->n_samples; i++)
        if (set->label[i] > 3 || set->owner[i] < 10101 || set->owner[i] > 99991231 ||
            set->mask[i] != 31)
            abort();
    mmofl_dataset_close(set);
    return 0;
}
