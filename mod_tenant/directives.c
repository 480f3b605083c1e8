/* SPDX-License-Identifier: Apache-2.0 */
#include "directives.h"

#include "location_directives.h"
#include "server_directives.h"

const command_rec directives[] = {
    AP_INIT_RAW_ARGS(
        "TenantDatabase", set_database, NULL, RSRC_CONF,
        "a libpq connection string without a password, or exec:/path of a program that prints one; "
        "admin=\"conninfo\" the same for the role of the administrator; listen=\"conninfo\" where to hear of "
        "changes, if not at the first; read=\"conninfo\" a standby that answers reads; lag=TIME how far it "
        "may be behind"),
    AP_INIT_TAKE1("TenantKeyFile", set_key_file, NULL, RSRC_CONF, "the file of sealing keys and peppers"),
    AP_INIT_ITERATE(
        "TenantPool", set_pool, NULL, RSRC_CONF,
        "max=N lists=N wait=TIME statement=TIME idle=TIME prepare=on|off, for each child process"),
    AP_INIT_ITERATE("TenantCache", set_cache, NULL, RSRC_CONF,
                    "off, or size=N ttl=TIME negative=TIME, for each child process"),
    AP_INIT_TAKE1("TenantPasswordSlots", set_password_slots, NULL, RSRC_CONF,
                  "how many passwords may be hashed at a time on the whole machine"),
    AP_INIT_TAKE1(
        "TenantLoginRate", set_login_rate, NULL, RSRC_CONF,
        "off, or how many logins of an e-mail address from an address may fail per time, as N/TIME"),
    AP_INIT_TAKE1("TenantFailureRate", set_failure_rate, NULL, RSRC_CONF,
                  "off, or how many keys and logins from an address may fail per time, as N/TIME"),
    AP_INIT_TAKE1("TenantLinger", set_linger, NULL, RSRC_CONF,
                  "off, or how long a thread waits for a client's next request before others may have it"),
    AP_INIT_ITERATE(
        "TenantMetrics", set_metrics, NULL, RSRC_CONF,
        "on or off, and tenants=N: how many of the most active ones TenantHandler metrics tells of"),
    AP_INIT_ITERATE(
        "TenantUsage", set_usage, NULL, RSRC_CONF,
        "on or off, tenants=N, flush=TIME and keep=FOLDER: whether what tenants use is kept in the "
        "database"),
    AP_INIT_TAKE1("TenantHandler", set_handler, NULL, ACCESS_CONF,
                  "what answers below this path: api, or another word that its refusal lists"),
    AP_INIT_TAKE1("TenantBasePath", set_base_path, NULL, ACCESS_CONF,
                  "the path that clients see the Location at, where a proxy changes it"),
    AP_INIT_ITERATE("TenantPublicRead", set_public_read, NULL, ACCESS_CONF,
                    "resources that GET and HEAD may read by Host alone"),
    AP_INIT_TAKE1("TenantUserAuthority", set_user_authority, NULL, ACCESS_CONF,
                  "none, read or write: what users may do with the API by their login"),
    AP_INIT_FLAG("TenantRequireTLS", set_require_tls, NULL, ACCESS_CONF,
                 "off where a proxy in front of httpd speaks TLS with the clients"),
    AP_INIT_FLAG("TenantIdentify", set_identify, NULL, RSRC_CONF | ACCESS_CONF,
                 "on: find out the tenant of any content's requests, for logs, expressions and CGIs"),
    AP_INIT_FLAG("TenantForward", set_forward, NULL, ACCESS_CONF,
                 "on: tell a proxied backend the tenant in X-Tenant-Id, which no client can set there"),
    AP_INIT_TAKE1("TenantReference", set_reference, NULL, ACCESS_CONF,
                  "the folder of the page that shows browsers the API"),
    AP_INIT_RAW_ARGS("TenantVoice", set_voice, NULL, ACCESS_CONF,
                     "what Twilio does with a call: dial number|client|sip WHOM, say TEXT, reject "
                     "[busy|rejected], or redirect URL"),
    AP_INIT_TAKE1("TenantMessage", set_message, NULL, ACCESS_CONF,
                  "the text that messages are replied to with"),
    AP_INIT_TAKE1("TenantPublicURL", set_public_url, NULL, ACCESS_CONF,
                  "scheme and host by which Twilio reaches this server, where a proxy changes them"),
    AP_INIT_FLAG("TenantGateway", set_gateway, NULL, ACCESS_CONF,
                 "on: tenants use Twilio's API here, by ProxyPass, with their key instead of credentials"),
    AP_INIT_TAKE1("TenantGatewayFrom", set_gateway_from, NULL, ACCESS_CONF,
                  "own or any: whose number calls and messages may come from"),
    AP_INIT_TAKE1("TenantGatewayRate", set_gateway_rate, NULL, ACCESS_CONF,
                  "off, or how many calls and messages a tenant may make in a minute"),
    AP_INIT_TAKE12("TenantRateLimit", set_rate_limit, NULL, RSRC_CONF | ACCESS_CONF,
                   "off, or how many requests a tenant may send per time, as N/TIME [burst=N]"),
    AP_INIT_TAKE2("TenantPageSize", set_page_size, NULL, ACCESS_CONF,
                  "rows of a list by default, and at most"),
    AP_INIT_TAKE1("TenantMaxBody", set_max_body, NULL, ACCESS_CONF, "the largest request body in bytes"),
    {NULL},
};
