/* join.c - who has started us, and where the module is. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/number.h"
#include "link/join.h"
#include "link/mpi/module.h"

enum { PATH_BYTES = 4096 };

/* ---------------------------------------------------------------- who started us */

/* A job: the variables that say how many processes it has, which one this is, and that
 * MPI can find the others (NULL: it can).  An inner launcher's come before those of the
 * one around it. */
static const struct launcher {
    const char *size, *number, *connected;
} launchers[] = {{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", NULL},
                 {"PMI_SIZE", "PMI_RANK", NULL},
                 {"SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "PMIX_RANK"}};

/* The environment's whole number; `none` where it has none. */
static int number_of(const char *variable, int none)
{
    const char *text = getenv(variable);
    uint64_t value;
    return text && !mmofl_number_whole(&text, &value) && !*text && value <= INT32_MAX
               ? (int)value
               : none;
}

/* NULL: nobody has. */
static const struct launcher *find_launcher(void)
{
    const char *wish = getenv("MMOFL_MPI");
    if (wish && strcmp(wish, "off") == 0)
        return NULL;
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++)
        if (number_of(launchers[i].size, 0) > 0)
            return &launchers[i];
    return NULL;
}

int mmofl_ranks_launch_number(void)
{
    const struct launcher *launcher = find_launcher();
    return launcher ? number_of(launcher->number, 0) : 0;
}

/* ---------------------------------------------------------------- the module */

/* Beside the program, or where it is installed. */
static bool find_module(char *path, size_t size)
{
    static const char *const places[] = {"mmofl-mpi.so",
                                         MMOFL_MODULE_FOLDER "/mmofl-mpi.so"};
    char program[PATH_BYTES];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n <= 0)
        return false;
    program[n] = '\0';
    *strrchr(program, '/') = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (!mmofl_file_join(path, size, program, places[i], NULL) &&
            mmofl_file_exists(path))
            return true;
    return false;
}

/* Stays loaded to the end: MPI does not like to be taken away. */
static mmofl_status load(const mmofl_ranks_module **out, char *path, mmofl_error *err)
{
    if (!find_module(path, PATH_BYTES))
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED,
                          "no mmofl-mpi.so beside the program or in %s; it is built "
                          "where CMake finds MPI (Debian: libopenmpi-dev)",
                          MMOFL_MODULE_FOLDER);
    void *file = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    const mmofl_ranks_module *module =
        file ? dlsym(file, MMOFL_RANKS_MODULE_SYMBOL) : NULL;
    if (!module)
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED, "%s", dlerror());
    if (strcmp(module->version, MMOFL_VERSION) != 0 ||
        module->ranks_bytes != sizeof(mmofl_ranks))
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED, "%s is of mmofl %s, this is %s",
                          path, module->version, MMOFL_VERSION);
    *out = module;
    return MMOFL_OK;
}

void mmofl_ranks_describe(char *text, size_t size)
{
    char path[PATH_BYTES], library[256];
    const mmofl_ranks_module *module;
    mmofl_error err = {0};
    if (load(&module, path, &err)) {
        snprintf(text, size, "none: %s", err.text);
        return;
    }
    module->library(library, sizeof library);
    snprintf(text, size, "%s, %s", library, path);
}

/* ---------------------------------------------------------------- joining */

static mmofl_status fail_apart(const struct launcher *launcher, int size,
                               mmofl_error *err)
{
    return mmofl_fail(err, MMOFL_E_UNSUPPORTED,
                      "one of %d processes (%s), which do not see each other; wanted "
                      "the mpirun of the MPI that `mmofl info` names, or srun "
                      "--mpi=pmix (MMOFL_MPI=off: each is to run by itself)",
                      size, launcher->size);
}

/* One of `size` processes. */
static mmofl_status meet(const struct launcher *launcher, int size, mmofl_ranks **ranks,
                         mmofl_error *err)
{
    char path[PATH_BYTES];
    const mmofl_ranks_module *module;
    if (load(&module, path, err))
        return mmofl_fail_within(err, "one of %d processes (%s), but without MPI", size,
                                 launcher->size);
    if (launcher->connected && !getenv(launcher->connected))
        return fail_apart(launcher, size, err);
    mmofl_ranks *met = module->join();
    if (!met)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %d ranks", size);
    if (met->size == 1) {
        mmofl_ranks_leave(met);
        return fail_apart(launcher, size, err);
    }
    *ranks = met;
    return MMOFL_OK;
}

mmofl_status mmofl_ranks_join(mmofl_ranks **ranks, mmofl_error *err)
{
    const struct launcher *launcher = find_launcher();
    int size = launcher ? number_of(launcher->size, 1) : 1;
    if (size > 1)
        return meet(launcher, size, ranks, err);
    *ranks = NULL;
    return MMOFL_OK;
}
