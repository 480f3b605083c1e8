/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_LISTENER_H
#define TENANT_IDENTITY_LISTENER_H

#include <httpd.h>

#include "generations.h"

/* Starts what hears of changes to one database's tenants and logins and writes them to its generations: a
 * thread that ends with the process's pool. Each child of a server has one, and one child at a time has the
 * connection. Called after the fork. conninfo: complete, and not that of a transaction pooler; witness: what
 * the requests connect to, be it the same; server: what is logged to. 0: the thread cannot be started;
 * another child may still listen for this one. */
int listener_start(generations_t *generations, const char *conninfo, const char *witness, server_rec *server,
                   apr_pool_t *process);

#endif
