/* bench_machine.c - loops that do one thing only, timed. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/bench_machine.h"

enum { TRIES = 5, PEAK_ROUNDS = 4000000, MOST_THREADS = 1024 };

/* ---------------------------------------------------------------- multiply-adds */

typedef struct peak_task {
    const mmofl_ops *ops;
    double gflops[MOST_THREADS];
    float sink[MOST_THREADS]; /* so that nothing is left out */
} peak_task;

static void run_peak(void *context, size_t item, int thread)
{
    (void)thread;
    peak_task *task = context;
    double flops, started = mmofl_clock_thread_seconds();
    task->sink[item] = task->ops->peak(PEAK_ROUNDS, &flops);
    task->gflops[item] = flops / (mmofl_clock_thread_seconds() - started) / 1e9;
}

double mmofl_bench_peak_gflops(const mmofl_ops *ops, mmofl_pool *pool)
{
    int threads = mmofl_pool_threads(pool);
    int n = threads < MOST_THREADS ? threads : MOST_THREADS;
    peak_task task = {.ops = ops};
    double best = 0;
    for (int try = 0; try < TRIES; try++) {
        mmofl_pool_run(pool, (size_t)n, run_peak, &task);
        double sum = 0;
        for (int t = 0; t < n; t++)
            sum += task.gflops[t];
        best = sum > best ? sum : best;
    }
    return best * threads / n;
}

/* ---------------------------------------------------------------- memory */

/* Each thread has a slice of its own of all three arrays, which it also touches first:
 * on a machine with several memories its pages then lie beside it. */
typedef struct memory_task {
    float *a, *b, *c;
    size_t n; /* floats of an array */
    int threads;
    enum { FILL, COPY, TRIAD } kind;
} memory_task;

static void triad(float *restrict a, const float *restrict b, const float *restrict c,
                  size_t n)
{
    for (size_t i = 0; i < n; i++)
        a[i] = b[i] + 3.0f * c[i];
}

static void run_slice(void *context, size_t item, int thread)
{
    (void)thread;
    memory_task *task = context;
    size_t slice = task->n / (size_t)task->threads, from = item * slice;
    float *a = task->a + from, *b = task->b + from, *c = task->c + from;
    if (task->kind == FILL) {
        for (size_t i = 0; i < slice; i++)
            a[i] = b[i] = c[i] = (float)i;
    } else if (task->kind == COPY) {
        memcpy(a, b, slice * sizeof *a);
    } else {
        triad(a, b, c, slice);
    }
}

/* Best rate of one kind in GB/s, `arrays` of them being read or written. */
static double best_rate(mmofl_pool *pool, memory_task *task, int arrays)
{
    double best = 0;
    double gigabytes = (double)task->n * sizeof(float) * arrays / 1e9;
    for (int try = 0; try < TRIES; try++) {
        double started = mmofl_clock_seconds();
        mmofl_pool_run(pool, (size_t)task->threads, run_slice, task);
        double rate = gigabytes / (mmofl_clock_seconds() - started);
        best = rate > best ? rate : best;
    }
    return best;
}

mmofl_status mmofl_bench_measure_bandwidth(mmofl_pool *pool,
                                           mmofl_bench_bandwidth *rate)
{
    size_t n = MMOFL_BENCH_ARRAY_BYTES / sizeof(float);
    float *all = malloc(3 * n * sizeof *all);
    if (!all)
        return MMOFL_E_MEMORY;
    memory_task task = {.a = all,
                        .b = all + n,
                        .c = all + 2 * n,
                        .n = n,
                        .threads = mmofl_pool_threads(pool),
                        .kind = FILL};
    mmofl_pool_run(pool, (size_t)task.threads, run_slice, &task);
    task.kind = COPY;
    rate->copy = best_rate(pool, &task, 2);
    task.kind = TRIAD;
    rate->triad = best_rate(pool, &task, 3);
    free(all);
    return MMOFL_OK;
}
