/* SPDX-License-Identifier: Apache-2.0 */
/* The command of --switch: what it knows, how its end is told, and that it ends in time. */
#include "../../mod_tenant/tenantctl/hook.c"

#include <apr_general.h>

#include "tap.h"

/* What was last said to be wrong; tenantctl's own one prints it. */
static char said[200];

int complain(int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(said, sizeof said, format, arguments);
    va_end(arguments);
    return status;
}

int main(void)
{
    const apr_interval_time_t long_enough = apr_time_from_sec(30);
    apr_time_t began;
    int ended = 0, late = 0;

    apr_initialize();
    plan(7);
    is(hook_run("[ \"$TENANT_ID $TENANT_DOMAIN\" = '7 a.example.com' ]", "7", "a.example.com", long_enough),
       EXIT_DONE, "it knows whose requests it leads");
    is(hook_run("[ \"$TENANT_ID,$TENANT_DOMAIN\" = '7,' ]", "7", NULL, long_enough), EXIT_DONE,
       "without a host too");
    is(hook_run("exit 3", "7", NULL, long_enough), EXIT_FAILED, "it fails");
    is_text(said, "--switch has failed: see where it leads requests", "and that is told");

    /* It is killed ahead of anything that it does; each time, whichever process is first. */
    began = monotonic_now();
    for (int n = 0; n < 50 && !late; n++) {
        ended += hook_run("sleep 5", "7", NULL, -1) == EXIT_FAILED;
        late = monotonic_now() - began > apr_time_from_sec(4);
    }
    ok(!late, "no time is left: it is not waited for");
    is(ended, 50, "and has failed");
    is_text(said, "--switch takes longer than the pause: killed; see where it leads requests", "as is told");
    return tap_status();
}
