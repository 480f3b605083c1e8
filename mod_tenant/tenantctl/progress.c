/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

void progress_show(const char *table, int64_t rows, int64_t all)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%s: %" PRId64 " of %" PRId64 " rows", table, rows, all);
}

void progress_step(const char *table, const char *step)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%s: %s", table, step);
}

void progress_end(void)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}
