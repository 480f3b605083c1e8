/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <util_filter.h>

#include "../http/reply.h"
#include "creation.h"
#include "../metrics/counters.h"
#include "fault.h"
#include "receipt.h"
#include "sound.h"

APLOG_USE_MODULE(tenant);

#define WATCH_FILTER "TENANT_GATEWAY_WATCH"
#define HEAD_FILTER  "TENANT_GATEWAY_HEAD"

enum {
    HEAD_MAX = 64 * 1024,        /* status line and headers of an answer */
    HOLD_MAX = 64 * 1024,        /* so much JSON is kept until it is whole */
    JSON_MAX = 16 * 1024 * 1024, /* Twilio's longest list has some 2 MB */
};

typedef enum watch_state_t {
    WATCH_HOLDS,  /* nothing has been handed on */
    WATCH_PASSES, /* part of it has */
    WATCH_ENDED,  /* all that the client gets has */
} watch_state_t;

typedef struct watch_t {
    gateway_t *gateway;
    int has_begun;
    watch_state_t state;
    apr_off_t bytes; /* of the body, so far */
    apr_bucket_brigade *held;
} watch_t;

/* --- What is no answer ---------------------------------------------------------------------------------- */

/* Gives the client an error instead, and ends mod_proxy's reading. */
static apr_status_t refuse(ap_filter_t *filter, const char *why)
{
    watch_t *watch = filter->ctx;
    int is_missing = sound_is(filter->r) && filter->r->status == HTTP_NOT_FOUND;

    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, filter->r, "Twilio's answer is not passed on: %s", why);
    watch->state = WATCH_ENDED;
    if (watch->held)
        apr_brigade_cleanup(watch->held);
    fault_pass(filter, is_missing ? HTTP_NOT_FOUND : HTTP_BAD_GATEWAY);
    return APR_ECONNABORTED;
}

/* Ends an answer of which the client has a part, so that it sees that something is missing. */
static apr_status_t break_off(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    watch_t *watch = filter->ctx;
    apr_bucket_alloc_t *allocator = filter->c->bucket_alloc;

    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, filter->r, "Twilio's answer is broken off: it is too long");
    watch->state = WATCH_ENDED;
    apr_brigade_cleanup(brigade);
    APR_BRIGADE_INSERT_TAIL(brigade,
                            ap_bucket_error_create(HTTP_BAD_GATEWAY, NULL, filter->r->pool, allocator));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(allocator));
    ap_pass_brigade(filter->next, brigade);
    return APR_ECONNABORTED;
}

/* Whether an answer brings what a browser plays, and never anything that it would run. */
static int has_sound(const request_rec *r)
{
    const char *type = apr_table_get(r->headers_out, "Content-Type");

    return type &&
           (strncasecmp(type, "audio/", 6) == 0 || strncasecmp(type, "multipart/byteranges", 20) == 0);
}

/* Why an answer is none, by its head; NULL: it is one. */
static const char *why_none(const watch_t *watch, const request_rec *r)
{
    const char *length = apr_table_get(r->headers_out, "Content-Length");
    int is_sound = watch->gateway->allowed->kind == ALLOWED_MEDIA;

    if (!apr_table_get(r->notes, "proxy-status"))
        return "it is no HTTP/1.1";
    if (ap_is_HTTP_REDIRECT(r->status) && r->status != HTTP_NOT_MODIFIED)
        return "it is a redirect";
    if (r->status < HTTP_OK || r->status >= 600)
        return "it has no status that ends a request";
    if (is_sound && sound_is(r) && r->status >= HTTP_BAD_REQUEST && r->status != HTTP_RANGE_NOT_SATISFIABLE)
        return "it is an error, and no sound";
    if (is_sound && (r->status == HTTP_OK || r->status == HTTP_PARTIAL_CONTENT) && !has_sound(r))
        return "it is no sound";
    if (!is_sound && length && apr_atoi64(length) > JSON_MAX)
        return "it is too long";
    return NULL;
}

/* --- What is one ---------------------------------------------------------------------------------------- */

/* Whether a header speaks of the answer. Any other may speak for the host that a client takes it from, which
 * is ours: cookies, HSTS, CORS, Alt-Svc. */
static int is_of_answer(const char *name)
{
    static const char *const useful[] = {
        "Accept-Ranges",
        "Allow",
        "Content-Encoding",
        "Content-Language",
        "Content-Length",
        "Content-Range",
        "Content-Type",
        "ETag",
        "Last-Modified",
        "Retry-After",
        "Twilio-Request-Duration",
        "Twilio-Request-Id",
        "Twilio-Concurrent-Requests",
        "WWW-Authenticate",
    };

    for (size_t n = 0; n < sizeof useful / sizeof *useful; n++) {
        if (strcasecmp(name, useful[n]) == 0)
            return 1;
    }
    return 0;
}

static int keep_header(void *kept, const char *name, const char *value)
{
    if (is_of_answer(name))
        apr_table_addn(kept, name, value);
    return 1;
}

static void begin(ap_filter_t *filter)
{
    watch_t *watch = filter->ctx;
    request_rec *r = filter->r;
    apr_table_t *kept = apr_table_make(r->pool, 16);

    watch->has_begun = 1;
    if (watch->gateway->allowed->kind == ALLOWED_MEDIA)
        watch->state = WATCH_PASSES;
    apr_table_do(keep_header, kept, r->headers_out, NULL);
    r->headers_out = kept;
    reply_set_headers(r);
}

/* Looks for what ends a brigade, and takes out what would hand on a part of it. Where an answer does not even
 * begin, mod_proxy would close a connection that has had requests before without a word, and the client would
 * make its call a second time: that is an error bucket, too. */
static void look(apr_bucket_brigade *brigade, int *is_broken, int *is_whole)
{
    apr_bucket *next;

    for (apr_bucket *b = APR_BRIGADE_FIRST(brigade); b != APR_BRIGADE_SENTINEL(brigade); b = next) {
        next = APR_BUCKET_NEXT(b);
        if (AP_BUCKET_IS_ERROR(b))
            *is_broken = 1;
        else if (APR_BUCKET_IS_EOS(b))
            *is_whole = 1;
        else if (APR_BUCKET_IS_FLUSH(b))
            apr_bucket_delete(b);
    }
}

/* Hands the whole answer on, and then stores what it tells. */
static apr_status_t finish(ap_filter_t *filter)
{
    watch_t *watch = filter->ctx;
    request_rec *r = filter->r;
    int is_receipt = r->status == HTTP_CREATED && creation_is(watch->gateway);
    apr_size_t length = 0;
    char *text = NULL;
    apr_status_t rv;

    watch->state = WATCH_ENDED;
    if (is_receipt && apr_brigade_pflatten(watch->held, &text, &length, r->pool) == APR_SUCCESS)
        APR_BUCKET_INSERT_BEFORE(APR_BRIGADE_LAST(watch->held),
                                 apr_bucket_flush_create(filter->c->bucket_alloc));
    rv = ap_pass_brigade(filter->next, watch->held);
    if (text)
        receipt_store(watch->gateway, text, length);
    return rv;
}

/* Keeps what has come until the whole is there. */
static apr_status_t hold(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    watch_t *watch = filter->ctx;
    int is_broken = 0, is_whole = 0;
    apr_status_t rv;

    look(brigade, &is_broken, &is_whole);
    if (is_broken)
        return refuse(filter, "it has broken off");
    rv = ap_save_brigade(filter, &watch->held, &brigade, filter->r->pool);
    if (rv != APR_SUCCESS)
        return refuse(filter, "it cannot be read");
    if (is_whole)
        return finish(filter);
    if (watch->bytes <= HOLD_MAX)
        return APR_SUCCESS;
    watch->state = WATCH_PASSES;
    return ap_pass_brigade(filter->next, watch->held);
}

static apr_status_t pass(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    watch_t *watch = filter->ctx;
    apr_off_t bytes = 0;

    if (watch->state == WATCH_ENDED) {
        apr_brigade_cleanup(brigade);
        return APR_ECONNABORTED;
    }
    if (!watch->has_begun) {
        const char *why = why_none(watch, filter->r);

        begin(filter);
        if (why)
            return refuse(filter, why);
        COUNTERS_ADD(gateway_answers, label_status(filter->r->status), 1);
    }
    if (apr_brigade_length(brigade, 1, &bytes) == APR_SUCCESS)
        watch->bytes += bytes;
    if (watch->state == WATCH_HOLDS)
        return hold(filter, brigade);
    if (watch->bytes > JSON_MAX && watch->gateway->allowed->kind != ALLOWED_MEDIA)
        return break_off(filter, brigade);
    return ap_pass_brigade(filter->next, brigade);
}

static apr_status_t filter_answer(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    watch_t *watch = filter->ctx;
    int is_last = !APR_BRIGADE_EMPTY(brigade) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(brigade));
    apr_status_t rv = pass(filter, brigade);

    if (is_last || watch->state == WATCH_ENDED)
        gate_pair_leave(&watch->gateway->seat); /* its thread waits for nobody any more */
    return rv;
}

void watch_begin(gateway_t *gateway)
{
    watch_t *watch = apr_pcalloc(gateway->exchange.r->pool, sizeof *watch);

    watch->gateway = gateway;
    ap_add_output_filter(WATCH_FILTER, watch, gateway->exchange.r, gateway->exchange.r->connection);
}

/* --- What is ahead of its body -------------------------------------------------------------------------- */

/* The head comes line by line, and so do trailers. */
static apr_status_t filter_head(ap_filter_t *filter, apr_bucket_brigade *brigade, ap_input_mode_t mode,
                                apr_read_type_e block, apr_off_t bytes)
{
    apr_off_t *left = filter->ctx;
    apr_off_t length = 0;
    apr_status_t rv = ap_get_brigade(filter->next, brigade, mode, block, bytes);

    if (rv != APR_SUCCESS || mode != AP_MODE_GETLINE)
        return rv;
    apr_brigade_length(brigade, 1, &length);
    *left -= length;
    if (*left >= 0)
        return APR_SUCCESS;
    apr_brigade_cleanup(brigade);
    return APR_EGENERAL;
}

int watch_head(request_rec *r, request_rec *answer)
{
    apr_off_t *left;

    if (!config_is_gateway(config_location(r)))
        return DECLINED;
    left = apr_palloc(answer->pool, sizeof *left);
    *left = HEAD_MAX;
    ap_add_input_filter(HEAD_FILTER, left, answer, answer->connection);
    return OK;
}

void watch_register(void)
{
    ap_register_output_filter(WATCH_FILTER, filter_answer, NULL, AP_FTYPE_RESOURCE);
    ap_register_input_filter(HEAD_FILTER, filter_head, NULL, AP_FTYPE_PROTOCOL);
}
