/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_PROFILE_H
#define TENANT_TENANTCTL_PROFILE_H

#include "../resource/resource.h"
#include "command.h"

struct keyring_t;

/* The fields of a tenant that a command line sets, by the rules of the API's table. */
typedef struct profile_t {
    int count;
    struct {
        const field_t *field;
        const char *value; /* NULL: it is unset */
    } items[OPTION_COUNT];
    int secrets; /* how many of them are kept sealed; values are wiped with the pool */
    int seals;   /* whether one of these has a value, so that a key is needed */
} profile_t;

/* The field of an administrator's tenant; NULL: there is none of that name. */
const field_t *profile_field(const char *name, apr_size_t length);

/* Takes the fields from the options, secrets from the terminal or standard input. Returns EXIT_…, having
 * said which value is wrong and why, but no secret. */
int profile_read(profile_t *profile, const call_t *call);

/* The same check for a field alone: adds it to the profile. */
int profile_add(profile_t *profile, const char *name, const char *value, apr_pool_t *pool);

/* `column = $n, …` for the fields that are sealed or for the others, from $2 on; their values go to
 * values[1] and on. The tenant's id is part of what is sealed. NULL: there are none. */
const char *profile_assignments(const profile_t *profile, int sealed, const char **values,
                                const struct keyring_t *keyring, int tenant_id, apr_pool_t *pool);

#endif
