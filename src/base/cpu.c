/* cpu.c - the compiler's own list of features, which it fills in before main, or the
 * kernel's. */
#if defined(__arm__)
#include <sys/auxv.h>
#endif

#include "base/cpu.h"

int mmofl_cpu_level(void)
{
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("bmi2"))
        return 0;
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512dq")
               ? 4
               : 3;
#elif defined(__arm__)
    const unsigned long vfp4 = 1ul << 16; /* HWCAP_VFPv4 of Linux's asm/hwcap.h */
    return getauxval(AT_HWCAP) & vfp4 ? 4 : 0;
#else
    return 0;
#endif
}
