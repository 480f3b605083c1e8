/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery.h"

#include <apr_strings.h>
#include <curl/curl.h>
#include <string.h>

#include "../json/writer.h"
#include "../text.h"
#include "../version.h"

enum {
    BODY_MAX = 64 * 1024,
    CONNECT_SECONDS = 5, /* Twilio's own times */
    SECONDS = 15,
};

/* Keeps what fits of a body, and lets the rest pass. */
static size_t keep(char *bytes, size_t size, size_t count, void *context)
{
    writer_t *body = context;
    size_t length = size * count, room = BODY_MAX - body->length;

    writer_raw(body, bytes, length < room ? length : room);
    return length;
}

/* What helps where there was no answer. */
static const char *hint_of(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_CONNECT:
        return ": does httpd run, and listen there?";
    case CURLE_PEER_FAILED_VERIFICATION:
        return ": --ca FILE names who has signed its certificate, --insecure does not ask; Twilio asks";
    case CURLE_COULDNT_RESOLVE_HOST:
        return ": does the name exist in DNS?";
    case CURLE_SSL_CONNECT_ERROR:
        return ": does the port speak TLS?";
    default:
        return "";
    }
}

/* What is asked for; the texts are the caller's. */
static struct curl_slist *set_request(CURL *curl, const delivery_t *delivery, apr_pool_t *pool)
{
    struct curl_slist *headers =
        curl_slist_append(NULL, apr_pstrcat(pool, "X-Twilio-Signature: ", delivery->signature, NULL));

    headers = curl_slist_append(headers, "Content-Type: application/x-www-form-urlencoded; charset=UTF-8");
    curl_easy_setopt(curl, CURLOPT_URL, delivery->url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L); /* what is signed is what is sent */
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, delivery->form);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "tenantctl/" TENANT_VERSION);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)SECONDS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (delivery->ca)
        curl_easy_setopt(curl, CURLOPT_CAINFO, delivery->ca);
    if (delivery->is_insecure) {
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    return headers;
}

static void take_receipt(receipt_t *receipt, CURL *curl, const writer_t *body, apr_pool_t *pool)
{
    const char *type = NULL;
    long status = 0;
    int ignored;

    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    receipt->status = (int)status;
    receipt->type = type ? text_mend(type, strlen(type), 0, BODY_MAX, &ignored, pool) : NULL;
    receipt->body = text_mend(body->text, body->length, 1, BODY_MAX, &ignored, pool);
}

const char *delivery_send(receipt_t *receipt, const delivery_t *delivery, apr_pool_t *pool)
{
    char failure[CURL_ERROR_SIZE] = "";
    CURL *curl = curl_easy_init();
    struct curl_slist *headers;
    const char *why = NULL;
    writer_t body;
    CURLcode code;

    if (!curl)
        return "libcurl does not start";
    writer_init(&body, pool, 4096);
    headers = set_request(curl, delivery, pool);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, failure);
    code = curl_easy_perform(curl);
    if (code == CURLE_OK)
        take_receipt(receipt, curl, &body, pool);
    else
        why = apr_psprintf(pool, "%s: %s%s", delivery->url, *failure ? failure : curl_easy_strerror(code),
                           hint_of(code));
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return why;
}
