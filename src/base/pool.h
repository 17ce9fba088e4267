/* pool.h - a fixed set of threads that share a loop by a static split.
 *
 * Which thread does what depends only on the number of threads; what is computed must
 * not depend on it at all: write results by item number and combine them in item order.
 */
#ifndef MMOFL_BASE_POOL_H
#define MMOFL_BASE_POOL_H

#include "mmofl/status.h"

typedef struct mmofl_pool mmofl_pool;

/** Do item `item` on thread `thread` (0 ... threads-1); context is shared. */
typedef void mmofl_pool_task(void *context, size_t item, int thread);

/** A pool of `threads` >= 1 threads, the caller counted; 0 = one per usable core.
 * @retval MMOFL_E_MEMORY  memory or a thread could not be had; nothing is left running
 */
MMOFL_CHECKED mmofl_status mmofl_pool_new(int threads, mmofl_pool **pool);

int mmofl_pool_threads(const mmofl_pool *pool);

/** Run task for items 0 ... n-1 and wait: thread t takes items t, t + T, t + 2T, ...
 * Not reentrant: a task must not call it on the same pool. */
void mmofl_pool_run(mmofl_pool *pool, size_t n, mmofl_pool_task *task, void *context);

/** Ends the threads; NULL is allowed. */
void mmofl_pool_delete(mmofl_pool *pool);

#endif
