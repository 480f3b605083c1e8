/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_COMMAND_H
#define TENANT_TENANTCTL_COMMAND_H

#include <apr_pools.h>

#include "options.h"

/* What a script can trust. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* What the user has asked for. */
typedef struct call_t {
    options_t options;
    char **operands;
    int count; /* of operands */
    apr_pool_t *pool;
} call_t;

/* Whether an option is given. */
static inline int call_has(const call_t *call, option_t option)
{
    return call->options.values[option] != NULL;
}

/* A command: one or two words. */
typedef struct command_t {
    const char *words[2];  /* the second may be NULL */
    const char *arguments; /* of the usage line, options left out */
    const char *summary;
    option_set_t options;           /* OPTION_BIT()s of those that it accepts */
    int operands;                   /* how many it takes */
    int may_be_all;                 /* --all may stand for them */
    int (*run)(const call_t *call); /* returns EXIT_… */
} command_t;

/* The commands, each in the file that its first word names. */
int key_print(const call_t *call);
int keyfile_make(const call_t *call);
int keyfile_list(const call_t *call);
int keyfile_add(const call_t *call);
int keyfile_promote(const call_t *call);
int keyfile_retire(const call_t *call);
int tenant_add(const call_t *call);
int tenant_list(const call_t *call);
int tenant_show(const call_t *call);
int tenant_set(const call_t *call);
int tenant_key(const call_t *call);
int tenant_suspend(const call_t *call);
int tenant_resume(const call_t *call);
int tenant_remove(const call_t *call);
int tenant_export_run(const call_t *call);
int tenant_import_run(const call_t *call);
int tenant_erase_run(const call_t *call);
int tenant_move_run(const call_t *call);
int cell_show(const call_t *call);
int cell_set(const call_t *call);
int audit_purge(const call_t *call);
int rewrap_run(const call_t *call);
int twilio_check(const call_t *call);
int twilio_simulate(const call_t *call);
int twilio_sync(const call_t *call);
int doctor_run(const call_t *call);
int nodes_list(const call_t *call);
int ids_widen(const call_t *call);

#endif
