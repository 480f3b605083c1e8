/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_SITE_H
#define TENANT_HTTP_SITE_H

#include <httpd.h>

#include "../problem.h"

/* Whether a request that changes something came from a page of this very server, as far as browsers tell:
 * Sec-Fetch-Site is same-origin or none; without it, Origin is absent or our own. For whoever a browser may
 * authenticate by itself: a login, a client's certificate. problem_cross_site. */
const problem_t *site_check(request_rec *r);

/* Whether a script of a page has sent the request, or the page for itself, and not a person who goes
 * somewhere: browsers say so in Sec-Fetch-Mode, scripts of older ones by custom in X-Requested-With. */
int site_is_script(const request_rec *r);

#endif
