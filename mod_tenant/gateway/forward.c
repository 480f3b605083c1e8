/* SPDX-License-Identifier: Apache-2.0 */
#include "forward.h"

#include <apr_strings.h>

#include "gateway.h"
#include "injection.h"

/* What Twilio has a use for; any other header may tell it what is none of its business: the tenant's key and
 * cookies, in whatever spelling, addresses of clients. mod_proxy adds those of the body and of
 * the connection. */
static const char *const useful[] = {
    "Host",       "Accept", "Accept-Charset", "Accept-Language", "Content-Type",      "Expect",
    "User-Agent", "Range",  "If-Range",       "If-None-Match",   "If-Modified-Since", "Idempotency-Key",
};

int forward_end(request_rec *r, request_rec *answer)
{
    gateway_t *gateway = gateway_find(r);

    (void)answer;
    if (!gateway || !gateway->mark)
        return DECLINED;
    injection_end(gateway->exchange.server->injections, gateway->mark);
    gateway->mark = NULL;
    return OK;
}

int forward_fixup(request_rec *r)
{
    gateway_t *gateway = gateway_find(r);
    apr_table_t *headers;

    if (!config_is_gateway(config_location(r)))
        return DECLINED;
    headers = apr_table_make(r->pool, 16);
    if (gateway) { /* first, so that it stands in the first bytes that are encrypted */
        gateway->mark = injection_begin(gateway->exchange.server->injections, r, gateway->credentials.basic);
        apr_table_setn(headers, "Authorization", apr_pstrcat(r->pool, "Basic ", gateway->mark, NULL));
    }
    for (size_t n = 0; n < sizeof useful / sizeof *useful; n++) {
        const char *value = apr_table_get(r->headers_in, useful[n]);

        if (value)
            apr_table_setn(headers, useful[n], value);
    }
    apr_table_setn(headers, "Accept-Encoding", "identity"); /* receipts are read on their way */
    r->headers_in = headers;                                /* mod_proxy puts the client's back */
    return OK;
}
