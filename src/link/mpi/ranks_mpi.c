/* ranks_mpi.c - ranks over MPI; written for Open MPI, and to the MPI 3 standard.
 *
 * MPI's error handler stays the one it begins with: when a call fails or a rank is
 * lost, the whole job is ended.  Counts are ints in MPI, so long vectors go in
 * stretches, and gathered items are counted in units of their own type. */
#define _GNU_SOURCE
#include <assert.h>
#include <limits.h>
#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/mpi/module.h"

/* Numbers, and bytes, that go in one call. */
static const size_t stretch = (size_t)1 << 27;

typedef struct mpi_ranks {
    mmofl_ranks ranks;
    int *count, *place; /* (size) of the gather at hand */
} mpi_ranks;

static void sum(const mmofl_ranks *ranks, int64_t *numbers, size_t n)
{
    (void)ranks;
    for (size_t at = 0, some; at < n; at += some) {
        some = n - at < stretch ? n - at : stretch;
        MPI_Allreduce(MPI_IN_PLACE, numbers + at, (int)some, MPI_INT64_T, MPI_SUM,
                      MPI_COMM_WORLD);
    }
}

static void gather(const mmofl_ranks *ranks, bool everywhere, size_t unit,
                   const size_t *start, const void *mine, void *all)
{
    const mpi_ranks *r = (const void *)ranks;
    MPI_Datatype item;
    assert(unit <= INT_MAX && start[ranks->size] <= INT_MAX);
    for (int i = 0; i < ranks->size; i++) {
        r->place[i] = (int)start[i];
        r->count[i] = (int)(start[i + 1] - start[i]);
    }
    MPI_Type_contiguous((int)unit, MPI_BYTE, &item);
    MPI_Type_commit(&item);
    int n = r->count[ranks->rank];
    bool in_place = all && mine == (char *)all + start[ranks->rank] * unit;
    if (everywhere)
        MPI_Allgatherv(in_place ? MPI_IN_PLACE : mine, n, item, all, r->count, r->place,
                       item, MPI_COMM_WORLD);
    else
        MPI_Gatherv(in_place && ranks->rank == 0 ? MPI_IN_PLACE : mine, n, item, all,
                    r->count, r->place, item, 0, MPI_COMM_WORLD);
    MPI_Type_free(&item);
}

static void broadcast(const mmofl_ranks *ranks, int from, void *data, size_t bytes)
{
    (void)ranks;
    for (size_t at = 0, some; at < bytes; at += some) {
        some = bytes - at < stretch ? bytes - at : stretch;
        MPI_Bcast((char *)data + at, (int)some, MPI_BYTE, from, MPI_COMM_WORLD);
    }
}

static void leave(mmofl_ranks *ranks)
{
    mpi_ranks *r = (void *)ranks;
    MPI_Finalize();
    free(r->count);
    free(r->place);
    free(r);
}

/* The cores that the machine's ranks may use, shared out evenly: those of this rank
 * where each is bound to some of its own, a part of the machine's where none is bound.
 */
static int cores_of(MPI_Comm machine, int neighbours)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        CPU_ZERO(&set);
    MPI_Allreduce(MPI_IN_PLACE, &set, (int)sizeof set, MPI_BYTE, MPI_BOR, machine);
    int each = CPU_COUNT(&set) / neighbours;
    return each > 0 ? each : 1;
}

static void look_around(mmofl_ranks *ranks)
{
    MPI_Comm machine;
    MPI_Comm_rank(MPI_COMM_WORLD, &ranks->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks->size);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, ranks->rank,
                        MPI_INFO_NULL, &machine);
    MPI_Comm_size(machine, &ranks->neighbours);
    ranks->cores = cores_of(machine, ranks->neighbours);
    MPI_Comm_free(&machine);
}

static mmofl_ranks *join(void)
{
    static const mmofl_ranks_kind kind = {"MPI", sum, gather, broadcast, leave};
    mpi_ranks *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    int level;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level);
    r->ranks.kind = &kind;
    look_around(&r->ranks);
    r->count = calloc((size_t)r->ranks.size, sizeof *r->count);
    r->place = calloc((size_t)r->ranks.size, sizeof *r->place);
    if (r->count && r->place)
        return &r->ranks;
    leave(&r->ranks);
    return NULL;
}

static void library(char *text, size_t size)
{
    char version[MPI_MAX_LIBRARY_VERSION_STRING];
    int n;
    MPI_Get_library_version(version, &n);
    version[strcspn(version, ",\n")] = '\0';
    snprintf(text, size, "%s", version);
}

MMOFL_API const mmofl_ranks_module mmofl_ranks_module_mpi = {
    MMOFL_VERSION, sizeof(mmofl_ranks), library, join};
