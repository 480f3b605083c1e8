/* SPDX-License-Identifier: Apache-2.0 */
#include "upstream.h"

#include <apr_strings.h>
#include <apr_time.h>
#include <curl/curl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "../json/scan.h"
#include "../json/tree.h"
#include "../json/writer.h"
#include "../secret/secret.h"
#include "../text.h"
#include "../version.h"

enum {
    TRIES = 6,
    FIRST_PAUSE = 500,     /* milliseconds */
    LONGEST_PAUSE = 30000, /* milliseconds */
    RETRY_AFTER_MAX = 300, /* seconds */
    CONNECT_SECONDS = 10,
    SILENT_SECONDS = 10,
    SECONDS = 60,
    BODY_MAX = 8 * 1024 * 1024,
    HEAD_MAX = 64 * 1024,
};

struct upstream_t {
    const char *base;
    const char *ca;
    CURL *curl;    /* keeps the connection */
    writer_t body; /* of the last answer */
    int requests;
    int is_away; /* it could not be reached the last time */
};

/* What came of one request. */
typedef struct attempt_t {
    CURLcode code;
    long status;
    curl_off_t retry_after; /* seconds; 0: nothing was said */
    writer_t *body;
    apr_size_t head; /* bytes */
    int is_too_long;
    char failure[CURL_ERROR_SIZE];
} attempt_t;

/* --- Memory --------------------------------------------------------------------------------------------- */

/* libcurl copies the credentials, and what it sends: what it gives back is wiped. */
static void wipe_and_free(void *block)
{
    if (block)
        secret_wipe(block, malloc_usable_size(block));
    free(block);
}

static void *move(void *block, size_t size)
{
    size_t before = block ? malloc_usable_size(block) : 0;
    void *moved = malloc(size);

    if (!moved)
        return NULL;
    if (block) {
        memcpy(moved, block, before < size ? before : size);
        wipe_and_free(block);
    }
    return moved;
}

static apr_status_t close_curl(void *curl)
{
    curl_easy_cleanup(curl);
    return APR_SUCCESS;
}

upstream_t *upstream_open(const char *base, const char *ca, apr_pool_t *pool)
{
    upstream_t *upstream = apr_pcalloc(pool, sizeof *upstream);

    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe_and_free, move, strdup, calloc) != CURLE_OK)
        return NULL;
    upstream->curl = curl_easy_init();
    if (!upstream->curl)
        return NULL;
    apr_pool_cleanup_register(pool, upstream->curl, close_curl, apr_pool_cleanup_null);
    writer_init(&upstream->body, pool, 64 * 1024);
    upstream->base = base;
    upstream->ca = ca;
    return upstream;
}

int upstream_requests(const upstream_t *upstream)
{
    return upstream->requests;
}

int upstream_is_base(const char *url)
{
    static const char *const here[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};
    apr_size_t length;

    if (strpbrk(url, "?#@\\ \t\r\n"))
        return 0;
    if (strncasecmp(url, "https://", 8) == 0)
        return url[8] != '\0' && url[8] != '/' && url[8] != ':';
    for (size_t n = 0; n < sizeof here / sizeof *here; n++) {
        length = strlen(here[n]);
        if (strncasecmp(url, here[n], length) == 0 && strchr("/:", url[length])) /* or its end */
            return 1;
    }
    return 0;
}

/* --- A request ------------------------------------------------------------------------------------------ */

static size_t keep_body(char *bytes, size_t size, size_t count, void *context)
{
    attempt_t *attempt = context;
    size_t length = size * count;

    if (length > BODY_MAX - attempt->body->length) {
        attempt->is_too_long = 1;
        return 0;
    }
    writer_raw(attempt->body, bytes, length);
    return length;
}

static size_t count_head(char *bytes, size_t size, size_t count, void *context)
{
    attempt_t *attempt = context;

    (void)bytes;
    attempt->head += size * count;
    if (attempt->head <= HEAD_MAX)
        return size * count;
    attempt->is_too_long = 1;
    return 0;
}

static void set_options(CURL *curl, const upstream_t *upstream, const upstream_login_t *login,
                        const char *url, attempt_t *attempt)
{
    curl_easy_reset(curl); /* connections stay */
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    curl_easy_setopt(curl, CURLOPT_USERNAME, login->user);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, login->password);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "tenantctl/" TENANT_VERSION);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SILENT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, attempt);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, count_head);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, attempt);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, attempt->failure);
    if (upstream->ca)
        curl_easy_setopt(curl, CURLOPT_CAINFO, upstream->ca);
}

static void try_once(attempt_t *attempt, upstream_t *upstream, const upstream_login_t *login, const char *uri,
                     apr_pool_t *pool)
{
    memset(attempt, 0, sizeof *attempt);
    attempt->body = &upstream->body;
    attempt->body->length = 0;
    set_options(upstream->curl, upstream, login, apr_pstrcat(pool, upstream->base, uri, NULL), attempt);
    upstream->requests++;
    attempt->code = curl_easy_perform(upstream->curl);
    if (attempt->code == CURLE_OK) {
        curl_easy_getinfo(upstream->curl, CURLINFO_RESPONSE_CODE, &attempt->status);
        curl_easy_getinfo(upstream->curl, CURLINFO_RETRY_AFTER, &attempt->retry_after);
    }
    curl_easy_setopt(upstream->curl, CURLOPT_USERNAME, NULL);
    curl_easy_setopt(upstream->curl, CURLOPT_PASSWORD, NULL);
}

/* Whether the same request may be answered another time. */
static int may_pass(const attempt_t *attempt)
{
    switch (attempt->code) {
    case CURLE_OK:
        return attempt->status == 429 || attempt->status >= 500;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return 1;
    default:
        return 0;
    }
}

/* Waits ahead of another try, of which there were so many. Everybody who was refused at once does not come
 * again at once. */
static void wait_for_next(const attempt_t *attempt, int tries)
{
    apr_int64_t pause = FIRST_PAUSE << (tries - 1);
    apr_int64_t least;

    if (pause > LONGEST_PAUSE)
        pause = LONGEST_PAUSE;
    least = attempt->retry_after > 0 ? (apr_int64_t)attempt->retry_after * 1000 : pause / 2;
    apr_sleep((least + arc4random_uniform((uint32_t)(pause / 2) + 1)) * 1000);
}

/* --- Sentences ------------------------------------------------------------------------------------------ */

/* Twilio's number of an error, behind the status. */
static const char *code_of(const attempt_t *attempt, apr_pool_t *pool)
{
    const tree_t *root, *code = NULL;
    scan_error_t error;

    if (!scan_text(attempt->body->text, attempt->body->length, &scan_limits_default, &error, pool) &&
        tree_parse(&root, attempt->body->text, attempt->body->length, pool) && tree_type(root) == TREE_OBJECT)
        code = tree_member(root, "code");
    if (!code || tree_type(code) != TREE_INTEGER)
        return "";
    return apr_psprintf(pool, " (Twilio's error %" APR_INT64_T_FMT ")", (apr_int64_t)tree_integer(code));
}

static const char *refusal_of(const attempt_t *attempt, const upstream_login_t *login, apr_pool_t *pool)
{
    const char *why = "";

    if (attempt->status == 401)
        why = apr_psprintf(pool, ": it does not take the credentials of %s", login->user);
    else if (attempt->status == 403)
        why = apr_psprintf(pool, ": %s may not read this", login->user);
    else if (attempt->status == 429 && attempt->retry_after > RETRY_AFTER_MAX)
        why = apr_psprintf(pool, ": ask again in %ld s", (long)attempt->retry_after);
    else if (attempt->status >= 300 && attempt->status < 400)
        why = ": it leads elsewhere, where no credentials go";
    return apr_psprintf(pool, "answers %ld%s%s", attempt->status, code_of(attempt, pool), why);
}

/* Why there was no answer. What libcurl says of a connection ahead of the request is told: it knows more
 * than its code. */
static const char *failure_of(const attempt_t *attempt, apr_pool_t *pool)
{
    int ignored;

    if (attempt->is_too_long)
        return attempt->head > HEAD_MAX ? "answers with more headers than any list has"
                                        : "answers with more than 8 MiB";
    switch (attempt->code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        if (*attempt->failure)
            return apr_pstrcat(pool, "cannot be reached: ",
                               text_mend(attempt->failure, strlen(attempt->failure), 0, CURL_ERROR_SIZE,
                                         &ignored, pool),
                               NULL);
        break;
    default:
        break;
    }
    return apr_pstrcat(pool, "gives no answer: ", curl_easy_strerror(attempt->code), NULL);
}

const char *upstream_get(upstream_answer_t *answer, upstream_t *upstream, const upstream_login_t *login,
                         const char *uri, apr_pool_t *pool)
{
    int most = upstream->is_away ? 1 : TRIES;
    attempt_t attempt;
    int tries = 1;

    try_once(&attempt, upstream, login, uri, pool);
    while (may_pass(&attempt) && tries < most && attempt.retry_after <= RETRY_AFTER_MAX) {
        wait_for_next(&attempt, tries++);
        try_once(&attempt, upstream, login, uri, pool);
    }
    upstream->is_away = attempt.code != CURLE_OK && may_pass(&attempt);
    if (attempt.code != CURLE_OK)
        return apr_pstrcat(pool, upstream->base, " ", failure_of(&attempt, pool), NULL);
    if (attempt.status != 200 && attempt.status != 404)
        return apr_pstrcat(pool, upstream->base, " ", refusal_of(&attempt, login, pool), NULL);
    *answer = (upstream_answer_t){(int)attempt.status, attempt.body->text, attempt.body->length};
    return NULL;
}
