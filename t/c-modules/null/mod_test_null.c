/* SPDX-License-Identifier: Apache-2.0 */

/* For the benchmark: a handler that answers /null with a fixed JSON row and does nothing else, no file, no
 * database. No handler of this httpd can be faster. */

#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>
#include <http_request.h>

static const char row[] =
    "{\"id\":123456,\"sid\":\"CA0123456789abcdef0123456789abcdef\",\"tenant_id\":123,"
    "\"from_number\":\"+12125550166\",\"to_number\":\"+12025550100\",\"status\":\"completed\","
    "\"created_at\":\"2026-01-01T00:00:00.000000Z\"}\n";

static int is_ours(const request_rec *r)
{
    return strcmp(r->uri, "/null") == 0;
}

/* Neither is the path a file's. */
static int translate(request_rec *r)
{
    if (!is_ours(r))
        return DECLINED;
    r->filename = r->uri;
    return OK;
}

static int map_to_storage(request_rec *r)
{
    return is_ours(r) ? OK : DECLINED;
}

static int answer(request_rec *r)
{
    if (!is_ours(r))
        return DECLINED;
    ap_set_content_type(r, "application/json");
    ap_set_content_length(r, sizeof row - 1);
    ap_rwrite(row, sizeof row - 1, r);
    return OK;
}

static void register_hooks(apr_pool_t *pool)
{
    (void)pool;
    ap_hook_translate_name(translate, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_map_to_storage(map_to_storage, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_handler(answer, NULL, NULL, APR_HOOK_FIRST);
}

AP_DECLARE_MODULE(test_null) = {STANDARD20_MODULE_STUFF, .register_hooks = register_hooks};
