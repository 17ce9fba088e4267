/* fuzz_safetensors.c - no input may crash the reader, and what it accepts must be what
 * it says: every tensor inside the buffer, of the size its shape has. */
#include <stdlib.h>
#include <string.h>

#include "store/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_safetensors file;
    mmofl_error err;
    uint8_t *copy = malloc(size ? size : 1); /* aligned as the reader wants it */
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    if (mmofl_safetensors_parse(copy, size, 0, &arena, &file, &err) == MMOFL_OK) {
        size_t total = 0;
        for (size_t i = 0; i < file.n_tensors; i++) {
            size_t n;
            if (!mmofl_tensor_bytes(&file.tensors[i], &n))
                abort();
            for (size_t k = 0; k < n; k++)
                total += ((const volatile uint8_t *)file.tensors[i].data)[k] + 1U;
            (void)mmofl_tensor_is_finite(&file.tensors[i]);
            if (!mmofl_safetensors_find(&file, file.tensors[i].name))
                abort();
        }
        (void)total;
    }
    mmofl_arena_free(&arena);
    free(copy);
    return 0;
}
