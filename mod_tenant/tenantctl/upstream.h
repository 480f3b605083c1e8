/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_UPSTREAM_H
#define TENANT_TENANTCTL_UPSTREAM_H

#include <apr_pools.h>

/* Twilio's REST API, to read. Redirects are not followed, certificates are verified, and nothing that is sent
 * back is repeated in a sentence: it could hold what was sent. */
typedef struct upstream_t upstream_t;

/* Who asks: Basic credentials, NUL-terminated, which outlive what is asked with them. */
typedef struct upstream_login_t {
    const char *user; /* AC… or SK… */
    const char *password;
} upstream_login_t;

/* An answer, until the next one. */
typedef struct upstream_answer_t {
    int status; /* 200 or 404 */
    const char *body;
    apr_size_t length;
} upstream_answer_t;

/* Whether a URL may be a base: https://HOST, http:// only of this machine, which has no network between; with
 * no user, query and fragment. */
int upstream_is_base(const char *url);

/* base: scheme, host, and what stands ahead of /2010-04-01, without a slash at its end. ca: a file of
 * certificates that may have signed the server's; NULL: the system's. It ends with pool. NULL: libcurl does
 * not start. */
upstream_t *upstream_open(const char *base, const char *ca, apr_pool_t *pool);

/* GETs a path with its query. What may pass (429, 5xx, a connection that fails or breaks) is asked again, at
 * most 6 times, after 0.5 s, 1 s, 2 s …, each time a part of it less by chance, or as long as a Retry-After
 * of at most 5 minutes says. Once a server could not be reached that often, it is asked once at a time until
 * it can. An answer takes at most 60 s, of which it may be silent for 10, and 8 MiB. NULL, or why there is no
 * answer: a sentence in pool. */
const char *upstream_get(upstream_answer_t *answer, upstream_t *upstream, const upstream_login_t *login,
                         const char *uri, apr_pool_t *pool);

/* How often it was asked. */
int upstream_requests(const upstream_t *upstream);

#endif
