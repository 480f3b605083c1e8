/* SPDX-License-Identifier: Apache-2.0 */
#include "loglevels.h"

#include <http_config.h>
#include <http_core.h>
#include <http_log.h>

#include "config.h"

APLOG_USE_MODULE(tenant);

/* What a module logs from a level on; mod_auth_form was seen to do so one level above. */
static const struct leak_t {
    const char *file; /* the module's, as httpd knows it */
    const char *name; /* as LogLevel does */
    int level;
    const char *what;
} leaks[] = {
    {"mod_http2.c", "http2", APLOG_TRACE2, "API keys, users' passwords and, from trace3 on, bodies"},
    {"http_core.c", "http", APLOG_TRACE4, "users' passwords"},
    {"mod_dumpio.c", "dumpio", APLOG_TRACE7, "all that clients send, where DumpIOInput is on"},
    {"mod_auth_form.c", "auth_form", APLOG_DEBUG, "passwords of logins by a form"},
};

/* The first server of ours in which the module logs so much; NULL: none. */
static const server_rec *leaking_server(const struct leak_t *leak, const server_rec *servers)
{
    const module *logger = ap_find_linked_module(leak->file);

    for (const server_rec *server = logger ? servers : NULL; server; server = server->next) {
        if (config_server(server)->conninfo &&
            ap_get_server_module_loglevel(server, logger->module_index) >= leak->level)
            return server;
    }
    return NULL;
}

int loglevels_warn(apr_pool_t *pool, apr_pool_t *log, apr_pool_t *temporary, server_rec *servers)
{
    (void)pool;
    (void)log;
    (void)temporary;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG)
        return OK; /* the rehearsal */
    for (size_t n = 0; n < sizeof leaks / sizeof *leaks; n++) {
        const server_rec *server = leaking_server(&leaks[n], servers);

        if (server)
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                         "LogLevel has the module %s write %s into the error log", leaks[n].name,
                         leaks[n].what);
    }
    return OK;
}
