/* SPDX-License-Identifier: Apache-2.0 */
#include "site.h"

#include <http_ssl.h>

/* Whether an Origin (RFC 6454 section 7) names the scheme, host and port that the request was sent to. What
 * came in the clear may have been encrypted as far as a proxy ahead of us, so that either scheme is ours. */
static int is_own_origin(request_rec *r, const char *origin)
{
    const char *host = apr_table_get(r->headers_in, "Host");
    const char *authority = strstr(origin, "://");

    return host && authority && strcasecmp(authority + 3, host) == 0 &&
           (!ap_ssl_conn_is_ssl(r->connection) || strncasecmp(origin, "https:", 6) == 0);
}

const problem_t *site_check(request_rec *r)
{
    const char *site = apr_table_get(r->headers_in, "Sec-Fetch-Site");
    const char *origin = apr_table_get(r->headers_in, "Origin");
    int is_ours;

    if (r->method_number == M_GET)
        return NULL;
    if (site)
        is_ours = strcasecmp(site, "same-origin") == 0 || strcasecmp(site, "none") == 0;
    else
        is_ours = !origin || is_own_origin(r, origin);
    return is_ours ? NULL : &problem_cross_site;
}

int site_is_script(const request_rec *r)
{
    const char *mode = apr_table_get(r->headers_in, "Sec-Fetch-Mode");
    const char *with = apr_table_get(r->headers_in, "X-Requested-With");

    if (mode)
        return strcasecmp(mode, "navigate") != 0;
    return with && strcasecmp(with, "XMLHttpRequest") == 0;
}
