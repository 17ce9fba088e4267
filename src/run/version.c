/* version.c - which library this is; the build says so (CMakeLists.txt, project). */
#include "mmofl/mmofl.h"

const char *mmofl_version(void)
{
    return MMOFL_VERSION;
}
