/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_GATEWAY_CREDENTIALS_H
#define TENANT_GATEWAY_CREDENTIALS_H

#include <httpd.h>

#include "../config.h"
#include "../identity/tenant.h"
#include "../problem.h"

/* A tenant's Twilio account, as Twilio wants to have it proven. */
typedef struct credentials_t {
    const char *account; /* AC…, or NULL */
    const char *phone;   /* its number, or NULL */
    char *basic; /* what Authorization has behind `Basic `, wiped with the pool; NULL: no secret is stored */
} credentials_t;

/* Reads them, in the request's pool: the API key with its secret, or else the auth token. One that is there
 * but cannot be opened is logged, and no other takes its place. problem_secret_unreadable; the problems of
 * the database. */
const problem_t *credentials_read(request_rec *r, const server_config_t *server, const tenant_t *tenant,
                                  credentials_t *credentials);

#endif
