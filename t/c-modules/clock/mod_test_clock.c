/* SPDX-License-Identifier: Apache-2.0 */

/* No module: preloaded (LD_PRELOAD) it lets a test set a process's clock, and that of all that it forks. The
 * file TEST_CLOCK begins with an int64_t, by how many seconds the clock is ahead. CLOCK_MONOTONIC stays. */

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *ahead;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("TEST_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *memory = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, fd, 0);

    if (memory != MAP_FAILED)
        ahead = memory;
    if (fd >= 0)
        close(fd);
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec time;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &time);
    now->tv_sec = time.tv_sec + (ahead ? *ahead : 0);
    now->tv_usec = time.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out)
{
    struct timeval now;

    gettimeofday(&now, NULL);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}
