/* pool.c - pthread pool: the caller is thread 0, the others wait for the next loop.
 *
 * A loop is a number: workers wait until `loop` moves on, do their share and count
 * themselves out of `busy`; the caller waits until `busy` is zero. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "base/pool.h"

struct worker {
    mmofl_pool *pool;
    pthread_t id;
    int thread;
};

struct mmofl_pool {
    pthread_mutex_t lock;
    pthread_cond_t start, done;
    unsigned long loop;
    int busy;
    bool quit;
    size_t n;
    mmofl_pool_task *task;
    void *context;
    int threads;
    struct worker *workers; /* threads - 1 */
};

static void do_share(const mmofl_pool *pool, int thread)
{
    for (size_t i = (size_t)thread; i < pool->n; i += (size_t)pool->threads)
        pool->task(pool->context, i, thread);
}

static void *worker_main(void *arg)
{
    struct worker *worker = arg;
    mmofl_pool *pool = worker->pool;
    unsigned long seen = 0;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->loop == seen && !pool->quit)
            pthread_cond_wait(&pool->start, &pool->lock);
        if (pool->quit)
            break;
        seen = pool->loop;
        pthread_mutex_unlock(&pool->lock);
        do_share(pool, worker->thread);
        pthread_mutex_lock(&pool->lock);
        if (--pool->busy == 0)
            pthread_cond_signal(&pool->done);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static int usable_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? n : 1;
}

mmofl_status mmofl_pool_new(int threads, mmofl_pool **out)
{
    if (threads <= 0)
        threads = usable_cores();
    mmofl_pool *pool = calloc(1, sizeof *pool);
    struct worker *workers = calloc((size_t)threads, sizeof *workers);
    if (!pool || !workers) {
        free(pool);
        free(workers);
        return MMOFL_E_MEMORY;
    }
    pool->workers = workers;
    pool->threads = 1;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->start, NULL);
    pthread_cond_init(&pool->done, NULL);
    /* Signals belong to the main thread. */
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int started = 1;
    for (; started < threads; started++) {
        struct worker *w = &workers[started - 1];
        *w = (struct worker){.pool = pool, .thread = started};
        if (pthread_create(&w->id, NULL, worker_main, w) != 0)
            break;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pool->threads = started;
    if (started < threads) {
        mmofl_pool_delete(pool);
        return MMOFL_E_MEMORY;
    }
    *out = pool;
    return MMOFL_OK;
}

int mmofl_pool_threads(const mmofl_pool *pool)
{
    return pool->threads;
}

void mmofl_pool_run(mmofl_pool *pool, size_t n, mmofl_pool_task *task, void *context)
{
    pool->n = n;
    pool->task = task;
    pool->context = context;
    if (pool->threads > 1 && n > 1) {
        pthread_mutex_lock(&pool->lock);
        pool->busy = pool->threads - 1;
        pool->loop++;
        pthread_cond_broadcast(&pool->start);
        pthread_mutex_unlock(&pool->lock);
        do_share(pool, 0);
        pthread_mutex_lock(&pool->lock);
        while (pool->busy > 0)
            pthread_cond_wait(&pool->done, &pool->lock);
        pthread_mutex_unlock(&pool->lock);
    } else {
        for (size_t i = 0; i < n; i++)
            task(context, i, 0);
    }
}

void mmofl_pool_delete(mmofl_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->quit = true;
    pthread_cond_broadcast(&pool->start);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->threads - 1; i++)
        pthread_join(pool->workers[i].id, NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->start);
    pthread_mutex_destroy(&pool->lock);
    free(pool->workers);
    free(pool);
}
