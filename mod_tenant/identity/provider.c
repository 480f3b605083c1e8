/* SPDX-License-Identifier: Apache-2.0 */
#include "provider.h"

#include <ap_provider.h>
#include <http_core.h>
#include <http_log.h>
#include <http_request.h>
#include <mod_auth.h>

#include "../config.h"
#include "resolve.h"
#include "user.h"

APLOG_USE_MODULE(tenant);

/* The note of a request that passes through one of the hooks below, and what it says once our provider has
 * been asked. */
#define PASSING_NOTE "tenant-login-passing"
#define ASKED        "asked"

/* mod_auth_form's name for what a form of its is sent to. */
#define FORM_HANDLER "form-login-handler"

static authn_status check_password(request_rec *r, const char *email, const char *password)
{
    const char *user;
    const problem_t *problem = user_login(r, email, password, &user);

    apr_table_setn(r->notes, PASSING_NOTE, ASKED);
    if (!problem)
        return AUTH_GRANTED;
    if (problem == &problem_login_invalid)
        return user ? AUTH_DENIED : AUTH_USER_NOT_FOUND;
    if (problem == &problem_misconfigured)
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "the provider tenant needs TenantDatabase and TenantKeyFile in this server, and a "
                      "database that is set up");
    return problem == &problem_tenant_inactive ? AUTH_DENIED : AUTH_GENERAL_ERROR;
}

static int has_type(request_rec *r, const char *type)
{
    return ap_auth_type(r) && strcasecmp(ap_auth_type(r), type) == 0;
}

/* Whether the provider's answer has settled a login by Basic that has just been tried: where another one let
 * the user in, the credentials are that one's. */
static int is_settled(request_rec *r, int status)
{
    const char *note = apr_table_get(r->notes, PASSING_NOTE);

    return note && strcmp(note, ASKED) == 0 && has_type(r, "Basic") && (status != OK || user_is_logged_in(r));
}

/* Lets all others have their turn, and looks at what they made of a login of ours. */
static int pass(request_rec *r, int (*run)(request_rec *r))
{
    const problem_t *problem;
    int status;

    if (apr_table_get(r->notes, PASSING_NOTE))
        return DECLINED;
    apr_table_setn(r->notes, PASSING_NOTE, "");
    resolve_put_back_login(r);
    status = run(r);
    if (is_settled(r, status))
        resolve_take_out_login(r);
    apr_table_unset(r->notes, PASSING_NOTE);
    problem = user_login_problem(r);
    /* not authoritative, mod_auth_basic declines what its providers could not judge */
    if ((status != HTTP_INTERNAL_SERVER_ERROR && status != DECLINED) || !problem || problem->status < 429)
        return status;
    problem_set_retry_after(problem, r->err_headers_out);
    return problem->status;
}

int provider_check_authn(request_rec *r)
{
    /* where nobody can be a user of ours, no hook shall run twice for nothing */
    if (!config_server(r->server)->connect || (!has_type(r, "Basic") && !has_type(r, "form")))
        return DECLINED;
    return pass(r, ap_run_check_user_id);
}

int provider_handle_form(request_rec *r)
{
    return r->handler && strcmp(r->handler, FORM_HANDLER) == 0 ? pass(r, ap_run_handler) : DECLINED;
}

void provider_register(apr_pool_t *pool)
{
    static const authn_provider provider = {.check_password = check_password};

    ap_register_auth_provider(pool, AUTHN_PROVIDER_GROUP, "tenant", AUTHN_PROVIDER_VERSION, &provider,
                              AP_AUTH_INTERNAL_PER_CONF);
}
