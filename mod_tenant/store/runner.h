/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_RUNNER_H
#define TENANT_STORE_RUNNER_H

#include <apr_pools.h>
#include <apr_thread_proc.h>

/* A thread of a child, which ends with the process's pool: after the child's last request, and in the reverse
 * order of the starts. */
typedef struct runner_t {
    apr_thread_t *thread;
    int wake; /* a descriptor (eventfd), which is readable once the thread has to end */
    _Atomic int is_stopping;
} runner_t;

/* Starts it; run gets data. Called after the fork. 0: it cannot be started. */
int runner_start(runner_t *runner, apr_thread_start_t run, void *data, apr_pool_t *process);

/* Rests for a time, or until the thread has to end. */
void runner_sleep(const runner_t *runner, apr_interval_time_t time);

#endif
