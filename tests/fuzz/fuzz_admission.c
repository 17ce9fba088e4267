/* fuzz_admission.c - any bytes as an admission list: what is accepted finds each of its
 * devices under its name. */
#include <stdlib.h>

#include "pki/admission.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mmofl_admission_list list;
    mmofl_error err = {0};
    if (mmofl_admission_parse((const char *)data, size, "fuzz", &list, &err))
        return 0;
    for (uint32_t i = 0; i < list.n; i++) {
        const mmofl_admitted *found = mmofl_admission_find(&list, list.device[i].name);
        if (!found || mmofl_admission_number_of(&list, found) != i)
            abort();
    }
    mmofl_admission_free(&list);
    return 0;
}
