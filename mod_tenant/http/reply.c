/* SPDX-License-Identifier: Apache-2.0 */
#include "reply.h"

#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <util_filter.h>

#include "../identity/origin.h"
#include "../metrics/tally.h"
#include "media.h"
#include "site.h"

APLOG_USE_MODULE(tenant);

void reply_set_headers(request_rec *r)
{
    apr_table_t *headers = r->err_headers_out; /* httpd keeps these for error answers too */

    apr_table_setn(headers, "Cache-Control", "private, no-store");
    apr_table_setn(headers, "Vary", "Accept, Authorization, Prefer, X-API-Key");
    apr_table_setn(headers, "X-Content-Type-Options", "nosniff");
}

/* From so many bytes on an answer is long: it is dearer to keep than to copy what of it is left to send. */
enum { LONG_ANSWER = 64 * 1024 };

apr_pool_t *reply_pool(request_rec *r, apr_size_t bytes)
{
    apr_pool_t *pool;

    if (bytes < LONG_ANSWER || apr_pool_create_unmanaged(&pool) != APR_SUCCESS)
        return r->pool;
    return pool;
}

void reply_pool_end(request_rec *r, apr_pool_t *pool)
{
    if (pool != r->pool)
        apr_pool_destroy(pool);
}

/* What mod_http2 takes at a time: it keeps a bucket as a whole, however long, and of several no more than
 * H2StreamMaxMemSize says, 32 KiB by default. */
enum { PIECE = 16 * 1024 };

/* Adds bytes of an answer as httpd takes them: of a short one without a copy, of a long one what it has not
 * sent when it returns is copied, FlushMaxThreshold at most, or what mod_http2 keeps. */
static void add_bytes(apr_bucket_brigade *brigade, request_rec *r, const char *bytes, apr_size_t length)
{
    apr_bucket_alloc_t *allocator = r->connection->bucket_alloc;
    int is_long = length >= LONG_ANSWER;

    while (length > 0) {
        apr_size_t piece = r->connection->master && length > PIECE ? PIECE : length;

        APR_BRIGADE_INSERT_TAIL(brigade, is_long ? apr_bucket_transient_create(bytes, piece, allocator)
                                                 : apr_bucket_pool_create(bytes, piece, r->pool, allocator));
        bytes += piece;
        length -= piece;
    }
}

/* Hands the whole answer to the filters at once. */
static int send_bytes(request_rec *r, const char *bytes, apr_size_t length)
{
    apr_bucket_alloc_t *allocator = r->connection->bucket_alloc;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, allocator);

    add_bytes(brigade, r, bytes, length);
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
    return send_typed(r, MEDIA_JSON, json->text, json->length);
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

static void write_member(writer_t *writer, const char *name, const char *value)
{
    writer_raw(writer, name, strlen(name));
    writer_text(writer, value);
}

static void write_errors(writer_t *writer, const apr_array_header_t *errors)
{
    writer_literal(writer, ",\"errors\":[");
    for (int i = 0; i < errors->nelts; i++) {
        const problem_error_t *error = &APR_ARRAY_IDX(errors, i, problem_error_t);

        write_member(writer, i == 0 ? "{\"pointer\":" : ",{\"pointer\":", error->pointer);
        write_member(writer, ",\"code\":", error->code);
        write_member(writer, ",\"detail\":", error->detail);
        writer_literal(writer, "}");
    }
    writer_literal(writer, "]");
}

static void write_problem(writer_t *writer, request_rec *r, const location_config_t *location,
                          const problem_t *problem, const char *detail, const apr_array_header_t *errors)
{
    if (location->handler && location->handler->explains) {
        write_member(writer, "{\"type\":",
                     apr_pstrcat(r->pool, config_base_path(location), "/problems/", problem->code, NULL));
        write_member(writer, ",\"title\":", problem->title);
    } else { /* no page says what it means: RFC 9457 section 4.2.1 */
        write_member(writer, "{\"type\":", "about:blank");
        write_member(writer, ",\"title\":", ap_get_status_line(r->status) + sizeof "403");
        if (!detail)
            detail = problem->title;
    }
    writer_literal(writer, ",\"status\":");
    writer_integer(writer, r->status);
    write_member(writer, ",\"code\":", problem->code);
    if (detail)
        write_member(writer, ",\"detail\":", detail);
    write_member(writer, ",\"request_id\":", origin_request_id(r));
    if (errors && errors->nelts > 0)
        write_errors(writer, errors);
    writer_literal(writer, "}\n");
}

/* Says how to authenticate. Basic is said to whom it is of use: a browser that shows a person the answer, and
 * programs that wait for it. In answer to a page's script it would make the browser ask for a login in the
 * middle of that page. */
static void set_challenges(request_rec *r, const problem_t *problem)
{
    int takes_logins = config_lets_users_in(config_location(r));
    int is_unknown = problem == &problem_key_missing || problem == &problem_login_invalid;
    int is_login = takes_logins && is_unknown && !site_is_script(r);

    if (problem == &problem_key_invalid)
        apr_table_setn(r->err_headers_out, "WWW-Authenticate",
                       "Bearer realm=\"api\", error=\"invalid_token\"");
    else if (problem == &problem_key_missing || (takes_logins && is_unknown && !is_login))
        apr_table_setn(r->err_headers_out, "WWW-Authenticate", "Bearer realm=\"api\"");
    if (is_login)
        apr_table_addn(r->err_headers_out, "WWW-Authenticate", "Basic realm=\"api\", charset=\"UTF-8\"");
}

/* The headers that belong to a problem, whoever raised it. */
static void set_problem_headers(request_rec *r, const problem_t *problem)
{
    reply_set_headers(r);
    problem_set_retry_after(problem, r->err_headers_out);
    set_challenges(r, problem);
}

void reply_make_problem(request_rec *r, writer_t *writer, const location_config_t *location,
                        const problem_t *problem, const char *detail, const apr_array_header_t *errors)
{
    tally_problem(r->pool, problem);
    writer_init(writer, r->pool, 512);
    write_problem(writer, r, location, problem, detail, errors);
    set_problem_headers(r, problem);
    ap_set_content_type(r, "application/problem+json");
    ap_set_content_length(r, (apr_off_t)writer->length);
}

int reply_problem(request_rec *r, const location_config_t *location, const problem_t *problem,
                  const char *detail, const apr_array_header_t *errors)
{
    writer_t writer;

    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "answers %d %s", problem->status, problem->code);
    r->status = problem->status;
    reply_make_problem(r, &writer, location, problem, detail, errors);
    return send_bytes(r, writer.text, writer.length);
}
