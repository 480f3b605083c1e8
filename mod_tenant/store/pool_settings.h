/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_POOL_SETTINGS_H
#define TENANT_STORE_POOL_SETTINGS_H

#include <apr_time.h>

/* How a pool behaves (directive TenantPool). */
typedef struct pool_settings_t {
    int max;                       /* connections that a child opens at most */
    int lists;                     /* of one tenant that are worked on at a time; 0: any number */
    apr_interval_time_t wait;      /* how long a request waits for one */
    apr_interval_time_t statement; /* the hard limit of one statement */
    apr_interval_time_t idle;      /* how long an unused one is kept */
    int prepare;                   /* whether statements are prepared */
} pool_settings_t;

#endif
