/* SPDX-License-Identifier: Apache-2.0 */
#include "setup.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "output.h"

/* From the folder of this program. */
#define SETUP_PROGRAM "../lib/mod_tenant/tenantctl-setup"

int setup_run(char **arguments, apr_pool_t *pool)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    const char *program;

    if (length < 0)
        return complain(EXIT_FAILED, "/proc/self/exe: %s", strerror(errno));
    self[length] = '\0';
    setenv("TENANTCTL", self, 1);
    program = apr_pstrcat(pool, apr_pstrmemdup(pool, self, (apr_size_t)(strrchr(self, '/') + 1 - self)),
                          SETUP_PROGRAM, NULL);
    arguments[0] = apr_pstrdup(pool, program);
    execv(program, arguments);
    return complain(EXIT_FAILED, "%s: %s", program, strerror(errno));
}
