/* SPDX-License-Identifier: Apache-2.0 */

/* The front door: what httpd calls, and when. The rooms behind it are named by the functions' prefixes. */

#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_proxy.h>
#include <mod_status.h>
#include <mpm_common.h>

#include "billing/arrears.h"
#include "child.h"
#include "config.h"
#include "directives.h"
#include "gateway/fault.h"
#include "gateway/feed.h"
#include "gateway/forward.h"
#include "gateway/injection.h"
#include "gateway/steps.h"
#include "gateway/watch.h"
#include "handlers.h"
#include "http/linger.h"
#include "http/refusal.h"
#include "identity/auth.h"
#include "identity/expose.h"
#include "identity/provider.h"
#include "identity/quota.h"
#include "identity/resolve.h"
#include "identity/rinse.h"
#include "identity/vary.h"
#include "loglevels.h"
#include "monitor/requests.h"
#include "monitor/status.h"
#include "openapi/openapi.h"
#include "resource/represent.h"
#include "resource/resources.h"
#include "resource/sql.h"
#include "startup.h"

static int build_tables(apr_pool_t *pool, apr_pool_t *log, apr_pool_t *temporary, server_rec *servers)
{
    (void)log;
    for (const resource_t *resource = resources; resource->name; resource++) {
        const char *wrong = resource_check(resource, temporary);

        if (wrong) {
            ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_CRIT, 0, servers,
                         "mod_tenant was built wrongly: %s", wrong);
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    sql_build(pool);
    represent_build(pool);
    openapi_build(pool);
    return OK;
}

/* At start, in a new child, and every ten seconds in the parent. */
static void hook_start(void)
{
    ap_hook_check_config(startup_check, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(startup_finish, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(loglevels_warn, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(vary_prepare, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(build_tables, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(child_start, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_monitor(arrears_watch, NULL, NULL, APR_HOOK_MIDDLE);
}

/* Keys and logins, taken out of what others may see. */
static void hook_credentials(void)
{
    ap_hook_pre_connection(rinse_connection, NULL, NULL, APR_HOOK_MIDDLE);
    /* ahead of everybody who might log, copy or forward the headers that carry a key; mod_log_forensic is
     * REALLY_FIRST itself, and loaded ahead of us in Debian */
    ap_hook_post_read_request(resolve_prepare, NULL, NULL, APR_HOOK_REALLY_FIRST - 1);
    /* right behind it, ahead of all others */
    ap_hook_post_read_request(resolve_unveil, NULL, NULL, APR_HOOK_REALLY_FIRST + 1);
    /* ahead of mod_http2, which copies the headers there */
    ap_hook_protocol_switch(resolve_hand_over, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_log_transaction(resolve_withdraw, NULL, NULL, APR_HOOK_REALLY_FIRST);
}

/* The way of a request in a Location of ours. */
static void hook_handler(void)
{
    /* ahead of the decoding of the path, which may fail in two places */
    ap_hook_post_read_request(refusal_foresee, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_pre_translate_name(refusal_prepare, NULL, NULL, APR_HOOK_FIRST);
    /* behind those who redirect and rewrite, ahead of core, which makes a file's name of the path */
    ap_hook_translate_name(handlers_translate, NULL, NULL, APR_HOOK_LAST);
    /* ahead of core, which would walk the file system, and of mod_proxy, which is FIRST itself, and loaded
     * ahead of us in Debian: the Location is ours; behind core's upgrade to another protocol */
    ap_hook_map_to_storage(handlers_map_to_storage, NULL, NULL, APR_HOOK_FIRST - 1);
    /* ahead of what a SetHandler elsewhere may bring, which may be mod_proxy again */
    ap_hook_handler(handlers_run, NULL, NULL, APR_HOOK_FIRST - 1);
    ap_hook_insert_error_filter(refusal_insert_filter, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_log_transaction(requests_count, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ap, status_hook, status_tell, NULL, NULL, APR_HOOK_MIDDLE);
}

/* The way of a request to Twilio. */
static void hook_gateway(void)
{
    ap_hook_pre_translate_name(fault_prepare, NULL, NULL, APR_HOOK_FIRST);
    /* behind all who may refuse; ahead of mod_proxy, which is FIRST, and takes what is let pass */
    ap_hook_handler(gateway_run, NULL, NULL, APR_HOOK_FIRST - 1);
    /* behind all who look at the headers that go out, or add to them */
    APR_OPTIONAL_HOOK(proxy, fixups, forward_fixup, NULL, NULL, APR_HOOK_REALLY_LAST + 1);
    APR_OPTIONAL_HOOK(proxy, create_req, forward_end, NULL, NULL, APR_HOOK_FIRST);
    APR_OPTIONAL_HOOK(proxy, create_req, watch_head, NULL, NULL, APR_HOOK_LAST);
    /* ahead of mod_ssl: of two filters of a type the one that was added first comes first */
    ap_hook_pre_connection(injection_connect, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_insert_error_filter(fault_insert_filter, NULL, NULL, APR_HOOK_MIDDLE);
}

/* The tenant, told to logs, expressions, backends and caches of any content. */
static void hook_exposure(void)
{
    /* ahead of everybody who answers early: from a cache, by a redirect, by a challenge; logs name the tenant
     * of such an answer too */
    ap_hook_quick_handler(expose_first, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_translate_name(expose_identify, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_header_parser(expose_identify, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_fixups(expose_identify, NULL, NULL, APR_HOOK_REALLY_FIRST);
    /* of mod_proxy's schemes only http and ws run its hook, and only there a request has its last headers */
    ap_hook_fixups(expose_prepare_forward, NULL, NULL, APR_HOOK_LAST);
    APR_OPTIONAL_HOOK(proxy, fixups, expose_forward, NULL, NULL, APR_HOOK_LAST);
    /* mod_cache is FIRST as a quick handler, REALLY_FIRST as a handler */
    ap_hook_quick_handler(vary_show_first, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_quick_handler(vary_hide_first, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_handler(vary_show, NULL, NULL, APR_HOOK_REALLY_FIRST - 1);
    ap_hook_handler(vary_hide, NULL, NULL, APR_HOOK_REALLY_FIRST + 1);
    /* behind mod_headers, whose filter comes first then */
    ap_hook_insert_filter(vary_insert_filter, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_insert_error_filter(vary_insert_filter, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_expr_lookup(expose_expression, NULL, NULL, APR_HOOK_MIDDLE);
}

/* AuthType, Require and the provider, for any content. */
static void hook_authentication(void)
{
    /* around those that ask providers for a login */
    ap_hook_check_authn(provider_check_authn, NULL, NULL, APR_HOOK_REALLY_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_handler(provider_handle_form, NULL, NULL, APR_HOOK_REALLY_FIRST);
    /* one AuthType, one Require: the order among authentication modules does not matter */
    ap_hook_check_authn(auth_check, NULL, NULL, APR_HOOK_MIDDLE, AP_AUTH_INTERNAL_PER_CONF);
    /* behind authentication, ahead of those who answer: what is redirected from there is charged too */
    ap_hook_fixups(quota_check, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_note_auth_failure(auth_challenge, NULL, NULL, APR_HOOK_MIDDLE);
}

static void register_hooks(apr_pool_t *pool)
{
    hook_start();
    hook_credentials();
    hook_handler();
    hook_gateway();
    hook_exposure();
    hook_authentication();
    auth_register(pool);
    provider_register(pool);
    expose_register();
    vary_register();
    refusal_register();
    fault_register();
    feed_register();
    injection_register();
    watch_register();
    linger_register();
    rinse_register();
}

AP_DECLARE_MODULE(tenant) = {
    STANDARD20_MODULE_STUFF, config_location_create, config_location_merge,
    config_server_create,    config_server_merge,    directives,
    register_hooks,          AP_MODULE_FLAG_NONE,
};
