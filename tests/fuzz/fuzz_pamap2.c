/* fuzz_pamap2.c - any bytes as a person's file of PAMAP2. */
#include "data/pamap2.h"
#include "fuzz_activity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_activity(&mmofl_pamap2_layout, data, size);
    return 0;
}
