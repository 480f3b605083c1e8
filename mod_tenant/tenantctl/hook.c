/* SPDX-License-Identifier: Apache-2.0 */
#include "hook.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../monotonic.h"
#include "command.h"
#include "output.h"

/* The child: a group of its own, so that all that it starts can be killed. */
static void become(const char *command, const char *id, const char *domain)
{
    if (setpgid(0, 0) != 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0 || setenv("TENANT_ID", id, 1) != 0 ||
        setenv("TENANT_DOMAIN", domain ? domain : "", 1) != 0)
        _exit(EXIT_FAILURE);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(EXIT_FAILURE);
}

int hook_run(const char *command, const char *id, const char *domain, apr_interval_time_t limit)
{
    apr_time_t until = monotonic_now() + limit;
    pid_t child = fork(), ended;
    int state = 0;

    if (child < 0)
        return complain(EXIT_FAILED, "--switch: %s", strerror(errno));
    if (child == 0)
        become(command, id, domain);
    setpgid(child, child); /* whichever of both is first: it can be killed from now on */
    while ((ended = waitpid(child, &state, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
        if (monotonic_now() > until) {
            kill(-child, SIGKILL);
            waitpid(child, &state, 0);
            return complain(EXIT_FAILED,
                            "--switch takes longer than the pause: killed; see where it leads requests");
        }
        apr_sleep(apr_time_from_msec(5));
    }
    if (WIFEXITED(state) && WEXITSTATUS(state) == 0)
        return EXIT_DONE;
    return complain(EXIT_FAILED, "--switch has failed: see where it leads requests");
}
