/* SPDX-License-Identifier: Apache-2.0 */
#include "refusal.h"

#include <apr_lib.h>
#include <http_core.h>
#include <http_request.h>
#include <util_filter.h>

#include "../config.h"
#include "reply.h"

#define ERROR_FILTER "TENANT_PROBLEM"

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

int refusal_foresee(request_rec *r)
{
    ap_conf_vector_t *settings = r->per_dir_config;

    if (r->uri && is_undecodable(r->uri) && config_enter_location(r, config_is_ours))
        refusal_prepare(r);
    r->per_dir_config = settings;
    return DECLINED;
}

void refusal_keep_documents_out(request_rec *r)
{
    static const int raised_by_httpd[] = {400, 401, 403, 404, 405, 406, 408, 411, 412, 413, 414,
                                          415, 416, 417, 424, 429, 431, 500, 501, 502, 503, 504};
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);

    if (!core->response_code_exprs)
        return; /* no ErrorDocument anywhere */
    for (size_t i = 0; i < sizeof raised_by_httpd / sizeof *raised_by_httpd; i++)
        ap_custom_response(r, raised_by_httpd[i], "a problem");
}

int refusal_prepare(request_rec *r)
{
    if (config_is_ours(config_location(r)))
        refusal_keep_documents_out(r);
    return DECLINED;
}

/* Replaces httpd's page by the problem of its status. */
static apr_status_t filter_error(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    request_rec *r = filter->r;
    apr_bucket *last = APR_BRIGADE_LAST(brigade);
    apr_bucket *body;
    writer_t writer;

    if (APR_BRIGADE_EMPTY(brigade))
        return APR_SUCCESS;
    if (!APR_BUCKET_IS_EOS(last)) {
        apr_brigade_cleanup(brigade);
        return APR_SUCCESS;
    }
    /* ap_send_error_response() moves here what err_headers_out had */
    apr_table_unset(r->headers_out, "Cache-Control");
    apr_table_unset(r->headers_out, "Content-Length");
    reply_make_problem(r, &writer, config_location(r), problem_of_status(r->status), NULL, NULL);

    body = apr_bucket_pool_create(writer.text, writer.length, r->pool, r->connection->bucket_alloc);
    while (APR_BRIGADE_FIRST(brigade) != last)
        apr_bucket_delete(APR_BRIGADE_FIRST(brigade));
    APR_BUCKET_INSERT_BEFORE(last, body);
    ap_remove_output_filter(filter);
    return ap_pass_brigade(filter->next, brigade);
}

void refusal_insert_filter(request_rec *r)
{
    if (r->status < HTTP_BAD_REQUEST) /* redirects stay httpd's */
        return;
    /* while it reads the head of a request httpd is in no Location, nor where a path cannot be decoded, but
     * what Header says in ours is for that too */
    if (config_is_ours(config_location(r)) || config_enter_location(r, config_is_ours))
        ap_add_output_filter(ERROR_FILTER, NULL, r, r->connection);
}

void refusal_register(void)
{
    ap_register_output_filter(ERROR_FILTER, filter_error, NULL, AP_FTYPE_RESOURCE);
}
