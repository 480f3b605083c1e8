/* SPDX-License-Identifier: Apache-2.0 */
#include "sound.h"

#include <apr_strings.h>
#include <http_request.h>
#include <string.h>

#include "credentials.h"

/* A note of the request that is redirected: the next one has a table of its own. */
#define NOTE "mod_tenant sound"

const problem_t *sound_send(exchange_t *exchange, const tenant_t *tenant, const char *sid, const char *ending)
{
    request_rec *r = exchange->r;
    credentials_t credentials;
    const problem_t *problem = credentials_read(r, exchange->server, tenant, &credentials);

    if (problem)
        return problem;
    if (!credentials.account)
        return &problem_not_found;
    apr_table_setn(r->notes, NOTE, "");
    ap_internal_redirect(apr_pstrcat(r->pool, exchange->server->gateway_path, "/2010-04-01/Accounts/",
                                     credentials.account, "/Recordings/", sid, ".", ending, NULL),
                         r);
    return exchange_answered(exchange, OK);
}

int sound_is(const request_rec *r)
{
    return r->prev && apr_table_get(r->prev->notes, NOTE) != NULL;
}
