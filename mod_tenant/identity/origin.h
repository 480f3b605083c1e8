/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_ORIGIN_H
#define TENANT_IDENTITY_ORIGIN_H

#include "tenant.h"

/* httpd's name for the request, which its logs carry as well, in UTF-8. */
const char *origin_request_id(request_rec *r);

/* What the audit is told of a request: who asks, from where, and the request's name; a JSON object, in the
 * request's pool. tenant: as whom it asks, by a key or a login; NULL: it is the administrator's, whom httpd
 * has logged in. A key is told by the beginning of its hash, as `PEPPER:HASH`; where the key file has several
 * peppers by that under each. */
const char *origin_text(request_rec *r, const tenant_t *tenant);

#endif
