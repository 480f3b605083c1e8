/* SPDX-License-Identifier: Apache-2.0 */

/* What this rests on, in httpd 2.4. Behind each request ap_process_request_after_handler() calls
 * ap_check_pipeline(), which reads a byte through the connection's input filters, speculatively and without
 * blocking, and sets c->data_in_input_filters where it gets one. Then process_socket() of the event MPM, as
 * soon as ap_core_output_filter() has nothing left to write, goes on to the next request in the same thread;
 * else it hands the connection to the listener. So a filter that answers that read late, when there is
 * something to read, has the thread stay. */

#include "linger.h"

#include <ap_mpm.h>
#include <apr_atomic.h>
#include <apr_portable.h>
#include <http_connection.h>
#include <http_core.h>
#include <poll.h>
#include <scoreboard.h>
#include <util_filter.h>

#include "../config.h"

#define INPUT_FILTER "TENANT_LINGER"

static ap_filter_rec_t *input_filter;

struct lingers_t {
    apr_uint32_t threads;          /* of the child */
    volatile apr_uint32_t working; /* threads in the handler */
    volatile apr_uint32_t waiting; /* threads that linger */
};

/* Of a connection that has had an answer of ours, as long as it lives. */
typedef struct linger_t {
    lingers_t *lingers;
    apr_time_t answered;       /* when the last answer was ready */
    apr_interval_time_t limit; /* how long to wait behind it; 0: not, or no longer */
} linger_t;

lingers_t *linger_make(apr_pool_t *pool)
{
    lingers_t *lingers = apr_pcalloc(pool, sizeof *lingers);
    int is_async;
    int threads;

    if (ap_mpm_query(AP_MPMQ_IS_ASYNC, &is_async) != APR_SUCCESS || !is_async ||
        ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads) != APR_SUCCESS)
        return NULL;
    lingers->threads = (apr_uint32_t)threads;
    return lingers;
}

void linger_begin(const request_rec *r)
{
    lingers_t *lingers = config_server(r->server)->lingers;

    if (lingers)
        apr_atomic_inc32(&lingers->working);
}

/* The connection's, made at its first request. */
static linger_t *linger_of(conn_rec *connection, lingers_t *lingers)
{
    linger_t *linger;

    for (ap_filter_t *filter = connection->input_filters; filter; filter = filter->next) {
        if (filter->frec == input_filter)
            return filter->ctx;
    }
    linger = apr_pcalloc(connection->pool, sizeof *linger);
    linger->lingers = lingers;
    ap_add_input_filter_handle(input_filter, linger, NULL, connection);
    return linger;
}

/* A client that took longer to come back the last time is not waited for; of a new one the best is hoped. */
void linger_end(const request_rec *r)
{
    const server_config_t *server = config_server(r->server);
    apr_interval_time_t limit = server->linger;
    linger_t *linger;

    if (!server->lingers)
        return;
    apr_atomic_dec32(&server->lingers->working);
    /* the streams of HTTP/2 are connections that nobody waits for, and a subrequest is no answer */
    if (limit == 0 || r->connection->master || r->main)
        return;
    if (limit > r->server->keep_alive_timeout)
        limit = r->server->keep_alive_timeout;
    linger = linger_of(r->connection, server->lingers);
    linger->limit = linger->answered == 0 || r->request_time - linger->answered <= limit ? limit : 0;
    linger->answered = apr_time_now();
}

/* Writes what the client takes at once, as process_socket() would do next: with it a finished request is
 * logged. A flush would block until a slow client has read everything.
 * Returns whether all has been written. */
static int write_rest(conn_rec *connection)
{
    ap_filter_t *network = connection->output_filters;

    while (network->next)
        network = network->next;
    return network->frec->filter_func.out_func(network, NULL) == APR_SUCCESS &&
           !connection->data_in_output_filters;
}

int linger_is_stopping(void)
{
    int state;

    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS && state == AP_MPMQ_STOPPING;
}

/* Waits until there is something to read from a client, if only its end, but no longer than that. */
static int wait_for_client(conn_rec *connection, apr_interval_time_t limit)
{
    struct pollfd client = {.events = POLLIN};

    if (apr_os_sock_get(&client.fd, ap_get_conn_socket(connection)) != APR_SUCCESS)
        return 0;
    ap_update_child_status(connection->sbh, SERVER_BUSY_KEEPALIVE, NULL);
    return poll(&client, 1, (int)apr_time_as_msec(limit)) > 0;
}

/* The same in half of the threads that the handler leaves, no more: the others are for those who come. */
static int wait_in_turn(conn_rec *connection, lingers_t *lingers, apr_interval_time_t limit)
{
    apr_uint32_t working = apr_atomic_read32(&lingers->working);
    apr_uint32_t room = working < lingers->threads ? (lingers->threads - working) / 2 : 0;
    int has_come = 0;

    if (apr_atomic_inc32(&lingers->waiting) < room)
        has_come = wait_for_client(connection, limit);
    apr_atomic_dec32(&lingers->waiting);
    return has_come;
}

static apr_status_t filter_input(ap_filter_t *filter, apr_bucket_brigade *brigade, ap_input_mode_t mode,
                                 apr_read_type_e block, apr_off_t bytes)
{
    linger_t *linger = filter->ctx;
    conn_rec *connection = filter->c;
    apr_interval_time_t limit = linger->limit;
    /* first what has come already: TLS may have decrypted it, so that the socket does not tell */
    apr_status_t status = ap_get_brigade(filter->next, brigade, mode, block, bytes);

    if (mode != AP_MODE_SPECULATIVE || block != APR_NONBLOCK_READ || limit == 0)
        return status;
    linger->limit = 0;
    if (!APR_STATUS_IS_EAGAIN(status) && !(status == APR_SUCCESS && APR_BRIGADE_EMPTY(brigade)))
        return status;
    if (connection->keepalive != AP_CONN_KEEPALIVE || connection->aborted || linger_is_stopping() ||
        !write_rest(connection) || !wait_in_turn(connection, linger->lingers, limit))
        return status;
    return ap_get_brigade(filter->next, brigade, mode, block, bytes);
}

void linger_register(void)
{
    /* nearer to the reader than TLS and whatever else may hold bytes back, as near as a connection's filter
     * can be */
    input_filter = ap_register_input_filter(INPUT_FILTER, filter_input, NULL, AP_FTYPE_CONNECTION);
}
