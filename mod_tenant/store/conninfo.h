/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_CONNINFO_H
#define TENANT_STORE_CONNINFO_H

#include <apr_pools.h>

/* Whether a libpq connection string (keywords or a postgresql:// URI) may be used: it parses, and holds no
 * password unless may_hold_password.
 * Returns NULL, or a sentence in pool, without any of the string's values. */
const char *conninfo_check(const char *conninfo, int may_hold_password, apr_pool_t *pool);

/* The keyword form of a checked connection string, in pool, with what it leaves out and a server needs: a
 * time limit for connecting, TCP keepalives and tcp_user_timeout, so that a vanished peer is noticed; UTF-8;
 * a name in pg_stat_activity. Equal strings connect alike:
 * the form is what two virtual hosts share a pool by. */
const char *conninfo_complete(const char *conninfo, apr_pool_t *pool);

/* How many hosts a complete connection string lists. */
int conninfo_hosts(const char *complete, apr_pool_t *pool);

/* A complete connection string that tries the hosts of its list in another order: so many of them from the
 * first on come last. One host stays as it is. */
const char *conninfo_turned(const char *complete, int turns, apr_pool_t *pool);

/* A complete connection string with the files that libpq looks for in a home folder (certificates, their key
 * and passwords; PostgreSQL manual, 34.19) named below this one, but for those that the string or the
 * environment names: libpq goes by HOME, which is the folder of whoever has started httpd, and whose files
 * httpd's own user cannot read. */
const char *conninfo_at_home(const char *complete, const char *home, apr_pool_t *pool);

/* Whether what goes over a connection of this string is encrypted: a sentence's end, with the host. NULL: it
 * leads to a socket of the same machine. *is_safe: nobody between reads it, or it stays on this machine. */
const char *conninfo_transport(const char *complete, int *is_safe, apr_pool_t *pool);

/* Which servers a complete connection string leads to: equal texts, equal servers, whatever the role. */
const char *conninfo_place(const char *complete, apr_pool_t *pool);

/* What a connection string is known by to what outlives it: all of it but its passwords, which may be others
 * at the next reload. */
const char *conninfo_name(const char *complete, apr_pool_t *pool);

/* Whether a numeric address is the machine's own. */
int conninfo_is_loopback(const char *address);

/* Runs the program at an absolute path and reads a connection string, which may hold a password, from its
 * standard output (at most 4 KiB; one line).
 * Returns NULL, or a sentence in pool that shows nothing of the output. */
const char *conninfo_exec(const char **conninfo, const char *path, apr_pool_t *pool);

/* The path of the program that `exec:PATH` names in the place of a connection string;
 * NULL: it is one itself. */
const char *conninfo_program(const char *given);

/* Finds the connection string that was given, by itself or by a program that prints it, and checks it.
 * Returns NULL, or a sentence in pool. */
const char *conninfo_find(const char **conninfo, const char *given, apr_pool_t *pool);

#endif
