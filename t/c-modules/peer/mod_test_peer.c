/* SPDX-License-Identifier: Apache-2.0 */

/* For tests, whose only peer is this machine: a request with `X-Test-Peer: 192.0.2.1` seems to come over a
 * connection from there. The request's user agent stays this machine, as it does where mod_remoteip believes
 * a header that says so. */

#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>

module AP_MODULE_DECLARE_DATA test_peer_module;

static int pretend(request_rec *r)
{
    conn_rec *connection = r->connection;
    const char *peer = apr_table_get(r->headers_in, "X-Test-Peer");
    apr_sockaddr_t *real = ap_get_module_config(connection->conn_config, &test_peer_module);

    if (!real) {
        real = connection->client_addr;
        ap_set_module_config(connection->conn_config, &test_peer_module, real);
    }
    connection->client_addr = real; /* of a request before this one on the connection nothing stays */
    if (peer && apr_sockaddr_info_get(&connection->client_addr, peer, APR_UNSPEC, 1234, 0,
                                      connection->pool) != APR_SUCCESS)
        return HTTP_BAD_REQUEST;
    return DECLINED;
}

static void register_hooks(apr_pool_t *pool)
{
    (void)pool;
    ap_hook_post_read_request(pretend, NULL, NULL, APR_HOOK_REALLY_FIRST);
}

AP_DECLARE_MODULE(test_peer) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, AP_MODULE_FLAG_NONE,
};
