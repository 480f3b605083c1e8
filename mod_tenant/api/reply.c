/* SPDX-License-Identifier: Apache-2.0 */
#include "reply.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <util_filter.h>

#include "../config.h"
#include "input.h"

APLOG_USE_MODULE(tenant);

#define ERROR_FILTER "TENANT_PROBLEM"

void reply_set_headers(request_rec *r)
{
    apr_table_t *headers = r->err_headers_out; /* httpd keeps these for error answers too */

    apr_table_setn(headers, "Cache-Control", "private, no-store");
    apr_table_setn(headers, "Vary", "Accept, Authorization, Prefer, X-API-Key");
    apr_table_setn(headers, "X-Content-Type-Options", "nosniff");
}

/* Hands the whole answer to the filters in one piece, without a copy. */
static int send_bytes(request_rec *r, const char *bytes, apr_size_t length)
{
    apr_bucket_alloc_t *allocator = r->connection->bucket_alloc;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, allocator);

    if (length > 0)
        APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_pool_create(bytes, length, r->pool, allocator));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(allocator));
    if (ap_pass_brigade(r->output_filters, brigade) != APR_SUCCESS)
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "the client is gone"); /* nobody is left to tell */
    return OK;
}

/* A whole answer with its type and length. */
static int send_typed(request_rec *r, const char *type, const char *bytes, apr_size_t length)
{
    /* a part of a JSON text is none, and the next request for it may get another text */
    ap_remove_output_filter_byhandle(r->output_filters, "BYTERANGE");
    ap_set_content_type(r, type);
    ap_set_content_length(r, (apr_off_t)length);
    return send_bytes(r, bytes, length);
}

int reply_json(request_rec *r, int status, const writer_t *json)
{
    r->status = status;
    reply_set_headers(r);
    return send_typed(r, "application/json", json->text, json->length);
}

int reply_bytes(request_rec *r, const char *type, const char *bytes, apr_size_t length)
{
    r->status = HTTP_OK;
    reply_set_headers(r);
    return send_typed(r, type, bytes, length);
}

int reply_file(request_rec *r, int status, const char *type, const char *bytes, apr_size_t length)
{
    r->status = status;
    reply_set_headers(r);
    apr_table_setn(r->err_headers_out, "Cache-Control", "no-cache");
    apr_table_unset(r->err_headers_out, "Vary");
    return status == HTTP_OK ? send_typed(r, type, bytes, length) : send_bytes(r, NULL, 0);
}

int reply_empty(request_rec *r, int status)
{
    r->status = status;
    reply_set_headers(r);
    return send_bytes(r, NULL, 0);
}

/* httpd's name for the request, which its logs carry as well. */
static const char *request_id(request_rec *r)
{
    const char *unique = apr_table_get(r->subprocess_env, "UNIQUE_ID");

    if (unique)
        return unique;
    if (!r->log_id)
        ap_run_generate_log_id(r->connection, r, &r->log_id);
    return r->log_id;
}

static void write_member(writer_t *writer, const char *name, const char *value)
{
    writer_raw(writer, name, strlen(name));
    writer_text(writer, value);
}

static void write_errors(writer_t *writer, const apr_array_header_t *errors)
{
    writer_literal(writer, ",\"errors\":[");
    for (int i = 0; i < errors->nelts; i++) {
        const input_error_t *error = &APR_ARRAY_IDX(errors, i, input_error_t);

        write_member(writer, i == 0 ? "{\"pointer\":" : ",{\"pointer\":", error->pointer);
        write_member(writer, ",\"code\":", error->code);
        write_member(writer, ",\"detail\":", error->detail);
        writer_literal(writer, "}");
    }
    writer_literal(writer, "]");
}

/* The problem as application/problem+json, with the status of the request: httpd knows more of them than the
 * table. */
static void write_problem(writer_t *writer, request_rec *r, const char *prefix, const problem_t *problem,
                          const char *detail, const apr_array_header_t *errors)
{
    write_member(writer, "{\"type\":", apr_pstrcat(r->pool, prefix, "/problems/", problem->code, NULL));
    write_member(writer, ",\"title\":", problem->title);
    writer_literal(writer, ",\"status\":");
    writer_integer(writer, r->status);
    write_member(writer, ",\"code\":", problem->code);
    if (detail)
        write_member(writer, ",\"detail\":", detail);
    write_member(writer, ",\"request_id\":", request_id(r));
    if (errors && errors->nelts > 0)
        write_errors(writer, errors);
    writer_literal(writer, "}\n");
}

/* The headers that belong to a problem, whoever raised it. */
static void set_problem_headers(request_rec *r, const problem_t *problem)
{
    reply_set_headers(r);
    problem_set_retry_after(problem, r->err_headers_out);
    if (problem == &problem_key_missing)
        apr_table_setn(r->err_headers_out, "WWW-Authenticate", "Bearer realm=\"api\"");
    else if (problem == &problem_key_invalid)
        apr_table_setn(r->err_headers_out, "WWW-Authenticate",
                       "Bearer realm=\"api\", error=\"invalid_token\"");
    if (config_lets_users_in(config_location(r)) &&
        (problem == &problem_key_missing || problem == &problem_login_invalid))
        apr_table_addn(r->err_headers_out, "WWW-Authenticate", "Basic realm=\"api\", charset=\"UTF-8\"");
}

int reply_problem(request_rec *r, const char *prefix, const problem_t *problem, const char *detail,
                  const apr_array_header_t *errors)
{
    writer_t writer;

    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "answers %d %s", problem->status, problem->code);
    writer_init(&writer, r->pool, 512);
    r->status = problem->status;
    write_problem(&writer, r, prefix, problem, detail, errors);
    set_problem_headers(r, problem);
    ap_set_content_type(r, "application/problem+json");
    ap_set_content_length(r, (apr_off_t)writer.length);
    return send_bytes(r, writer.text, writer.length);
}

static int is_ours(const location_config_t *location)
{
    return location->handler == HANDLER_API || location->handler == HANDLER_ADMIN;
}

/* Gives a request the settings of the Location of ours that its path, as it came, is in. 0: it is in none,
 * and keeps those that it has. */
static int enter_location(request_rec *r)
{
    ap_conf_vector_t *settings = r->per_dir_config;

    if (!r->uri || *r->uri != '/')
        return 0;
    r->per_dir_config = r->server->lookup_defaults;
    if (ap_location_walk(r) == OK && is_ours(config_location(r)))
        return 1;
    r->per_dir_config = settings;
    return 0;
}

/* Whether httpd may refuse to decode a path: for an escape that is none, or stands for NUL or a slash. */
static int is_undecodable(const char *path)
{
    while ((path = strchr(path, '%')) != NULL) {
        path++;
        if (!apr_isxdigit(path[0]) || !apr_isxdigit(path[1]) || strncasecmp(path, "2f", 2) == 0 ||
            strncmp(path, "00", 2) == 0)
            return 1;
    }
    return 0;
}

int reply_foresee(request_rec *r)
{
    ap_conf_vector_t *settings = r->per_dir_config;

    if (r->uri && is_undecodable(r->uri) && enter_location(r))
        reply_prepare(r);
    r->per_dir_config = settings;
    return DECLINED;
}

int reply_prepare(request_rec *r)
{
    static const int raised_by_httpd[] = {400, 401, 403, 404, 405, 406, 408, 411, 412, 413, 414,
                                          415, 416, 417, 424, 429, 431, 500, 501, 502, 503, 504};
    const core_dir_config *core;

    if (!is_ours(config_location(r)))
        return DECLINED;
    core = ap_get_core_module_config(r->per_dir_config);
    if (!core->response_code_exprs)
        return DECLINED; /* no ErrorDocument anywhere */
    for (size_t i = 0; i < sizeof raised_by_httpd / sizeof *raised_by_httpd; i++)
        ap_custom_response(r, raised_by_httpd[i], "a problem");
    return DECLINED;
}

/* Replaces httpd's page by the problem of its status. */
static apr_status_t filter_error(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    request_rec *r = filter->r;
    apr_bucket *last = APR_BRIGADE_LAST(brigade);
    const problem_t *problem;
    apr_bucket *body;
    writer_t writer;

    if (APR_BRIGADE_EMPTY(brigade))
        return APR_SUCCESS;
    if (!APR_BUCKET_IS_EOS(last)) {
        apr_brigade_cleanup(brigade);
        return APR_SUCCESS;
    }
    problem = problem_of_status(r->status);
    writer_init(&writer, r->pool, 512);
    write_problem(&writer, r, config_location(r)->prefix, problem, NULL, NULL);
    apr_table_unset(r->headers_out,
                    "Cache-Control"); /* ap_send_error_response() moves here what err_headers_out had */
    set_problem_headers(r, problem);
    apr_table_unset(r->headers_out, "Content-Length");
    ap_set_content_type(r, "application/problem+json");
    ap_set_content_length(r, (apr_off_t)writer.length);

    body = apr_bucket_pool_create(writer.text, writer.length, r->pool, r->connection->bucket_alloc);
    while (APR_BRIGADE_FIRST(brigade) != last)
        apr_bucket_delete(APR_BRIGADE_FIRST(brigade));
    APR_BUCKET_INSERT_BEFORE(last, body);
    ap_remove_output_filter(filter);
    return ap_pass_brigade(filter->next, brigade);
}

void reply_insert_error_filter(request_rec *r)
{
    if (r->status < HTTP_BAD_REQUEST) /* redirects stay httpd's */
        return;
    /* while it reads the head of a request httpd is in no Location, nor where a path cannot be decoded, but
     * what Header says in ours is for that too */
    if (is_ours(config_location(r)) || enter_location(r))
        ap_add_output_filter(ERROR_FILTER, NULL, r, r->connection);
}

void reply_register(void)
{
    ap_register_output_filter(ERROR_FILTER, filter_error, NULL, AP_FTYPE_RESOURCE);
}
