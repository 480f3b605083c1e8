/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer.h"

#include <http_connection.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <sys/socket.h>
#include <util_filter.h>

#include "reply.h"

APLOG_USE_MODULE(tenant);

void transfer_begin(transfer_t *transfer, request_rec *r, const char *type)
{
    *transfer = (transfer_t){.r = r, .brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc)};
    r->status = HTTP_OK;
    reply_set_headers(r);
    ap_remove_output_filter_byhandle(r->output_filters, "BYTERANGE");
    ap_set_content_type(r, type);
}

/* Adds a portion, which is used until it has been passed on, and no longer. */
static void add(transfer_t *transfer, const writer_t *portion)
{
    if (portion->length > 0)
        APR_BRIGADE_INSERT_TAIL(transfer->brigade,
                                apr_bucket_transient_create(portion->text, portion->length,
                                                            transfer->r->connection->bucket_alloc));
}

/* Passes on what has been added, with a bucket that says what is to be done. 0: the client is gone. */
static int pass(transfer_t *transfer, apr_bucket *last)
{
    request_rec *r = transfer->r;
    apr_status_t status;

    APR_BRIGADE_INSERT_TAIL(transfer->brigade, last);
    status = ap_pass_brigade(r->output_filters, transfer->brigade);
    apr_brigade_cleanup(transfer->brigade);
    if (status == APR_SUCCESS && !r->connection->aborted)
        return 1;
    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, status, r, "the client is gone");
    return 0;
}

/* Whether the end of the connection, and nothing else, tells the client where the body ends. To be asked when
 * the head has been sent. */
static int is_unframed(const request_rec *r)
{
    while (r->main)
        r = r->main;
    return !r->chunked && !r->connection->master && !apr_table_get(r->headers_out, "Content-Length");
}

/* Has the kernel reset the connection when it is closed, by whatever closes it, the end of the process
 * included; or no longer. */
static void reset_on_close(transfer_t *transfer, int is_wanted)
{
    struct linger linger = {.l_onoff = is_wanted, .l_linger = 0};
    apr_os_sock_t socket;

    if (transfer->is_resetting == is_wanted ||
        apr_os_sock_get(&socket, ap_get_conn_socket(transfer->r->connection)) != APR_SUCCESS)
        return;
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    transfer->is_resetting = is_wanted;
}

int transfer_send(transfer_t *transfer, const writer_t *portion)
{
    add(transfer, portion);
    if (!pass(transfer, apr_bucket_flush_create(transfer->r->connection->bucket_alloc)))
        return 0;
    if (is_unframed(transfer->r))
        reset_on_close(transfer, 1);
    return 1;
}

void transfer_end(transfer_t *transfer, const writer_t *portion)
{
    if (transfer->is_resetting && !transfer_send(transfer, portion))
        return;
    if (!transfer->is_resetting)
        add(transfer, portion);
    reset_on_close(transfer, 0);
    pass(transfer, apr_bucket_eos_create(transfer->r->connection->bucket_alloc));
}

void transfer_break(transfer_t *transfer)
{
    conn_rec *connection = transfer->r->connection;
    apr_bucket_alloc_t *allocator = connection->bucket_alloc;

    connection->keepalive = AP_CONN_CLOSE;
    if (transfer->is_resetting)
        connection->aborted = 1; /* else httpd ends it in order */
    APR_BRIGADE_INSERT_TAIL(transfer->brigade,
                            ap_bucket_error_create(HTTP_BAD_GATEWAY, NULL, transfer->r->pool, allocator));
    APR_BRIGADE_INSERT_TAIL(transfer->brigade, ap_bucket_eoc_create(allocator));
    pass(transfer, apr_bucket_eos_create(allocator));
}
