/* SPDX-License-Identifier: Apache-2.0 */
#include "origin.h"

#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <string.h>

#include "../json/member.h"
#include "../text.h"
#include "resolve.h"

/* So much of a hash tells a tenant's keys apart, and is no help in finding one. */
enum { HASH_SHOWN = 8 };

/* A text of httpd's, which may be any bytes. */
static const char *as_utf8(request_rec *r, const char *text)
{
    return !text || text_is_utf8(text, strlen(text)) ? text : ap_escape_logitem(r->pool, text);
}

const char *origin_request_id(request_rec *r)
{
    const char *unique = apr_table_get(r->subprocess_env, "UNIQUE_ID");

    if (unique) /* which SetEnvIf may have taken from the client */
        return as_utf8(r, unique);
    if (!r->log_id)
        ap_run_generate_log_id(r->connection, r, &r->log_id);
    return r->log_id;
}

/* `1:9f86d081` of `{1:9f86d081…}`. */
static const char *key_name(const request_rec *r)
{
    const char *hash = resolve_key_hashes(r) + 1;
    const char *name = "";

    while (*hash) {
        apr_size_t length = strcspn(hash, ":");

        if (hash[length])
            name = apr_pstrcat(r->pool, name, *name ? " " : "",
                               apr_pstrmemdup(r->pool, hash, length + 1 + HASH_SHOWN), NULL);
        hash += strcspn(hash, ",}");
        hash += *hash != '\0';
    }
    return name;
}

const char *origin_text(request_rec *r, const tenant_t *tenant)
{
    int is_user = tenant && tenant->via == TENANT_VIA_USER;
    writer_t writer;

    writer_init(&writer, r->pool, 256);
    member_object(&writer, NULL);
    member_text(&writer, "actor_type", !tenant ? "admin" : is_user ? "user" : "key");
    member_text(&writer, "actor", !tenant ? as_utf8(r, r->user) : is_user ? tenant->user : key_name(r));
    member_text(&writer, "address", r->useragent_ip);
    member_text(&writer, "request_id", origin_request_id(r));
    member_object_end(&writer);
    return apr_pstrmemdup(r->pool, writer.text, writer.length);
}
