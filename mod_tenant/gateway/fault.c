/* SPDX-License-Identifier: Apache-2.0 */
#include "fault.h"

#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>

#include "../config.h"
#include "../http/media.h"
#include "../http/refusal.h"
#include "../http/reply.h"
#include "../json/member.h"
#include "../json/writer.h"
#include "../metrics/tally.h"
#include "gateway.h"
#include "sound.h"

APLOG_USE_MODULE(tenant);

#define FAULT_FILTER "TENANT_GATEWAY_FAULT"

/* Twilio's codes of what is wrong in general: most are 20000 and the status. */
static int code_of_status(int status)
{
    switch (status) {
    case HTTP_BAD_REQUEST:
        return 20001;
    case HTTP_UNAUTHORIZED:
        return 20003;
    case HTTP_METHOD_NOT_ALLOWED:
        return 20004;
    default:
        return 20000 + status;
    }
}

static int code_of_problem(const problem_t *problem)
{
    return problem == &problem_tenant_inactive ? 20005 : code_of_status(problem->status);
}

/* The problem that a status is which httpd or mod_proxy has raised: its 503 says that nobody can be
 * reached. */
static const problem_t *problem_of(int status)
{
    return status == HTTP_SERVICE_UNAVAILABLE ? &problem_twilio_away : problem_of_status(status);
}

/* Makes the text of a problem, which is of Twilio's shape, and the headers that belong to it. code: Twilio's;
 * 0: the one that says no more than the status. detail: or NULL. */
static void make(request_rec *r, writer_t *writer, const problem_t *problem, int code, const char *detail)
{
    if (sound_is(r)) { /* the API's client knows the API's errors */
        reply_make_problem(r, writer, config_location(r->prev), problem, detail, NULL);
        return;
    }
    if (!code)
        code = code_of_status(r->status);
    writer_init(writer, r->pool, 256);
    member_object(writer, NULL);
    member_integer(writer, "code", code);
    member_text(writer, "message",
                detail ? apr_pstrcat(r->pool, problem->title, " ", detail, NULL) : problem->title);
    member_text(writer, "more_info", apr_psprintf(r->pool, "https://www.twilio.com/docs/errors/%d", code));
    member_integer(writer, "status", r->status);
    member_object_end(writer);
    writer_literal(writer, "\n");
    reply_set_headers(r);
    if (r->status == HTTP_UNAUTHORIZED)
        apr_table_setn(r->err_headers_out, "WWW-Authenticate", "Basic realm=\"Twilio API\"");
    ap_set_content_type(r, MEDIA_JSON);
    ap_set_content_length(r, (apr_off_t)writer->length);
}

/* The API's own are counted where they are made. */
static void count(request_rec *r, const problem_t *problem)
{
    if (!sound_is(r))
        tally_problem(r->pool, problem);
}

/* The text as the whole of an answer. */
static apr_bucket_brigade *brigade_of(request_rec *r, const writer_t *writer)
{
    apr_bucket_alloc_t *allocator = r->connection->bucket_alloc;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, allocator);

    APR_BRIGADE_INSERT_TAIL(brigade,
                            apr_bucket_pool_create(writer->text, writer->length, r->pool, allocator));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(allocator));
    return brigade;
}

int fault_answer(request_rec *r, const problem_t *problem, int code, const char *detail)
{
    writer_t writer;

    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "the gateway answers %d %s%s%s", problem->status,
                  problem->code, detail ? ": " : "", detail ? detail : "");
    r->status = problem->status;
    count(r, problem);
    make(r, &writer, problem, code ? code : code_of_problem(problem), detail);
    problem_set_retry_after(problem, r->err_headers_out);
    if (ap_pass_brigade(r->output_filters, brigade_of(r, &writer)) != APR_SUCCESS)
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "the client is gone"); /* nobody is left to tell */
    return OK;
}

apr_status_t fault_pass(ap_filter_t *filter, int status)
{
    request_rec *r = filter->r;
    const problem_t *problem = problem_of(status);
    writer_t writer;

    r->status = status;
    r->status_line = NULL;
    apr_table_clear(r->headers_out);
    count(r, problem);
    make(r, &writer, problem, 0, NULL);
    problem_set_retry_after(problem, r->err_headers_out);
    return ap_pass_brigade(filter->next, brigade_of(r, &writer));
}

/* Replaces httpd's page. */
static apr_status_t filter_fault(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    request_rec *r = filter->r;
    gateway_t *gateway = gateway_find(r);
    int is_whole = !APR_BRIGADE_EMPTY(brigade) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(brigade));
    int status = r->status;

    apr_brigade_cleanup(brigade);
    if (!is_whole)
        return APR_SUCCESS;
    if (gateway) /* httpd has taken the answer's own filter out (watch.h) */
        gate_pair_leave(&gateway->seat);
    if (r->proxyreq &&
        status == HTTP_INTERNAL_SERVER_ERROR) /* a certificate that does not prove Twilio, say */
        status = HTTP_BAD_GATEWAY;
    ap_remove_output_filter(filter);
    return fault_pass(filter, status);
}

int fault_prepare(request_rec *r)
{
    if (config_is_gateway(config_location(r)))
        refusal_keep_documents_out(r);
    return DECLINED;
}

void fault_insert_filter(request_rec *r)
{
    if (r->status < HTTP_BAD_REQUEST)
        return;
    /* where a path cannot be decoded httpd is in no Location yet */
    if (config_is_gateway(config_location(r)) || config_enter_location(r, config_is_gateway))
        ap_add_output_filter(FAULT_FILTER, NULL, r, r->connection);
}

void fault_register(void)
{
    ap_register_output_filter(FAULT_FILTER, filter_fault, NULL, AP_FTYPE_RESOURCE);
}
