/* cmd_info.c - `mmofl info`: this build and this machine. */
#include <archive.h>
#include <argp.h>
#include <jansson.h>
#include <libdeflate.h>
#include <libfyaml.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/pool.h"
#include "cli/command.h"
#include "data/curl.h"
#include "link/join.h"
#include "nn/isa.h"

static error_t parse(int key, char *text, struct argp_state *state)
{
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    argp_error(state, "'%s': no argument is wanted", text);
    return 0;
}

static const struct argp argp = {
    NULL,
    parse,
    NULL,
    "Print version, instruction sets, cores, folders and libraries.\v"
    "MMOFL_ISA in the environment forces one of the instruction "
    "sets; MMOFL_CACHE_DIR moves the folder of imported data.",
    NULL,
    NULL,
    NULL};

static void print_instruction_sets(void)
{
    const mmofl_isa *best = mmofl_isa_best();
    for (int i = 0; mmofl_isa_at(i); i++) {
        const mmofl_isa *isa = mmofl_isa_at(i);
        printf("%-14s %-5s %-32s %s\n", i ? "" : "kernels", isa->name, isa->help,
               isa == best ? "in use"
                           : (mmofl_isa_runs(isa) ? "" : "not on this machine"));
    }
}

static int info_main(int argc, char **argv)
{
    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    printf("%-14s %s\n", "mmofl", MMOFL_VERSION);
    print_instruction_sets();
    mmofl_pool *pool;
    if (mmofl_pool_new(0, &pool) == MMOFL_OK) {
        printf("%-14s %d\n", "threads", mmofl_pool_threads(pool));
        mmofl_pool_delete(pool);
    }
    char mpi[4096], cache[4096];
    mmofl_ranks_describe(mpi, sizeof mpi);
    printf("%-14s %s\n", "mpi", mpi);
    if (mmofl_file_cache_folder(cache, sizeof cache, NULL) == MMOFL_OK)
        printf("%-14s %s\n", "data cache", cache);
    mmofl_curl curl;
    const char *curl_text = mmofl_curl_open(&curl, NULL)
                                ? "none"
                                : curl.version_info(CURLVERSION_NOW)->version;
    printf("%-14s libfyaml %s, jansson %s, sqlite %s, libsodium %s, %s, libdeflate %s, "
           "libcurl %s\n",
           "libraries", fy_library_version(), JANSSON_VERSION, sqlite3_libversion(),
           sodium_version_string(), archive_version_string(), LIBDEFLATE_VERSION_STRING,
           curl_text);
    return EXIT_DONE;
}

const mmofl_command mmofl_command_info = {
    "info", "print version, kernels, cores and libraries", info_main};
