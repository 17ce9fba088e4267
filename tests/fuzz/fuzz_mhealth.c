/* fuzz_mhealth.c - any bytes as a person's file of MHEALTH. */
#include "data/mhealth.h"
#include "fuzz_activity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_activity(&mmofl_mhealth_layout, data, size);
    return 0;
}
