/* SPDX-License-Identifier: Apache-2.0 */
#include "upgrade.h"

#include <apr_optional.h>
#include <apr_strings.h>
#include <http_config.h>
#include <mod_http2.h>

#include "../config.h"

/* A client cannot open this stream by itself: it is half closed from the beginning. */
#define UPGRADED_STREAM "1"

void upgrade_leave(conn_rec *connection, const credential_t *credential)
{
    credential_t *left = apr_pmemdup(connection->pool, credential, sizeof *left);

    /* written ahead of all streams, whose threads only read it */
    left->hashes = apr_pstrdup(connection->pool, credential->hashes);
    ap_set_module_config(connection->conn_config, &tenant_module, left);
}

static int is_upgraded_stream(request_rec *r)
{
    APR_OPTIONAL_FN_TYPE(http2_var_lookup) *lookup = APR_RETRIEVE_OPTIONAL_FN(http2_var_lookup);
    char name[] = "H2_STREAM_ID";
    const char *stream = lookup ? lookup(r->pool, r->server, r->connection, r, name) : NULL;

    return stream && strcmp(stream, UPGRADED_STREAM) == 0;
}

const credential_t *upgrade_find(request_rec *r)
{
    const conn_rec *master = r->connection->master;
    const credential_t *left = master ? ap_get_module_config(master->conn_config, &tenant_module) : NULL;

    return left && is_upgraded_stream(r) ? left : NULL;
}
