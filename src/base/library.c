/* library.c - dlopen and dlsym. */
#include "base/library.h"

#include <assert.h>
#include <dlfcn.h>
#include <string.h>

mmofl_status mmofl_library_open(const char *file, const mmofl_library_symbol *symbols,
                                size_t n, void *table, mmofl_error *err)
{
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED, "%s", dlerror());
    for (size_t i = 0; i < n; i++) {
        void *address = dlsym(library, symbols[i].name);
        if (!address) {
            dlclose(library);
            return mmofl_fail(err, MMOFL_E_UNSUPPORTED, "%s has no %s", file,
                              symbols[i].name);
        }
        /* POSIX gives functions and objects one representation of pointers; C has no
         * conversion from one to the other. */
        static_assert(sizeof address == sizeof(void (*)(void)), "one pointer for all");
        memcpy((char *)table + symbols[i].at, &address, sizeof address);
    }
    return MMOFL_OK;
}
