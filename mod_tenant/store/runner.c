/* SPDX-License-Identifier: Apache-2.0 */
#include "runner.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static apr_status_t stop(void *data)
{
    runner_t *runner = data;
    apr_status_t ignored;

    runner->is_stopping = 1;
    eventfd_write(runner->wake, 1);
    apr_thread_join(&ignored, runner->thread);
    close(runner->wake);
    return APR_SUCCESS;
}

int runner_start(runner_t *runner, apr_thread_start_t run, void *data, apr_pool_t *process)
{
    runner->wake = eventfd(0, EFD_CLOEXEC);
    if (runner->wake < 0)
        return 0;
    if (apr_thread_create(&runner->thread, NULL, run, data, process) != APR_SUCCESS) {
        close(runner->wake);
        return 0;
    }
    apr_pool_pre_cleanup_register(process, runner, stop);
    return 1;
}

void runner_sleep(const runner_t *runner, apr_interval_time_t time)
{
    struct pollfd wake = {.fd = runner->wake, .events = POLLIN};

    poll(&wake, 1, (int)apr_time_as_msec(time));
}
