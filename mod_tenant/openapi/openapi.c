/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <string.h>

#include "../http/media.h"
#include "../resource/resources.h"
#include "../version.h"
#include "names.h"
#include "parameters.h"
#include "paths.h"
#include "responses.h"
#include "schemas.h"
#include "security.h"
#include "service.h"
#include "token.h"

static const char api_description[] =
    "The calls, messages, recordings and other rows of one tenant, as JSON over HTTP.\n\n"
    "**Keys.** Send the API key as `Authorization: Bearer KEY` or `X-API-Key: KEY`, over HTTPS. It "
    "decides whose rows you see; those of other tenants answer as if they did not exist.\n\n"
    "**Methods.** HEAD works where GET does and answers the same without a body. OPTIONS works "
    "everywhere, without a key, and says in `Allow` what else does, and in `Accept-Patch` what a PATCH "
    "may be; another method is 405 `method-not-allowed`.\n\n"
    "**Bodies** are JSON objects by RFC 8259, without duplicate members. A member that is unknown or not "
    "yours to write is refused, never ignored, and nothing is written unless everything is valid. Lengths "
    "of text are counted in characters.\n\n"
    "**Lists** come page by page: follow `next`, which the header `Link` has as well, until it is null. "
    "Paging on never repeats or skips a row that was there when it began.\n\n"
    "**Changes.** Rows carry a strong `ETag`. Send it back in `If-Match` to change or delete only what "
    "you have seen, in `If-None-Match` to read only what is new. With `Idempotency-Key` a POST can be "
    "repeated safely.\n\n"
    "**Errors** are `application/problem+json` by RFC 9457. Programs look at `code`; `type` leads to an "
    "explanation; `request_id` finds the request in the server's logs. After 429 and 503 wait as long as "
    "`Retry-After` says. Malformed HTTP is answered with a problem of its status too.\n\n"
    "**Versions.** Within a version there are only additions: tolerate members and codes that you do not "
    "know.";

static const char admin_description[] =
    "All tenants, for those who administer them. Bodies, lists, changes and errors work as in the "
    "tenants' own API; who may ask is decided by the server's own login.";

static void write_info(const openapi_t *openapi)
{
    int is_admin = openapi_is_for(openapi, OPENAPI_ADMINISTRATORS);
    writer_t *writer = openapi->writer;

    member_object(writer, "info");
    member_text(writer, "title", is_admin ? "Tenants' administration" : "Tenant API");
    member_text(writer, "version", TENANT_VERSION);
    member_text(writer, "description", is_admin ? admin_description : api_description);
    member_object(writer, "license");
    member_text(writer, "name", "Apache License 2.0");
    member_text(writer, "identifier", "Apache-2.0");
    member_object_end(writer);
    member_object_end(writer);
}

static void write_servers(const openapi_t *openapi)
{
    const char *prefix = config_base_path(openapi->location);
    writer_t *writer = openapi->writer;

    member_array(writer, "servers");
    member_object(writer, NULL);
    member_text(writer, "url", *prefix ? prefix : "/");
    member_text(writer, "description", "The server that this document comes from.");
    member_boolean(writer, "x-internal", openapi_is_for(openapi, OPENAPI_ADMINISTRATORS));
    member_object_end(writer);
    member_array_end(writer);
}

static void write_tags(const openapi_t *openapi)
{
    writer_t *writer = openapi->writer;

    member_array(writer, "tags");
    for (const resource_t *resource = resources; resource->name; resource++) {
        if (!rights_reach(openapi->location, resource))
            continue;
        member_object(writer, NULL);
        member_text(writer, "name", resource->name);
        member_text(writer, "description",
                    resource->about
                        ? resource->about
                        : openapi_sentence(openapi, "The tenant's %s.", openapi_words(openapi, resource)));
        member_object_end(writer);
    }
    if (rights_reach(openapi->location, &resource_token))
        openapi_token_tag(openapi);
    member_object(writer, NULL);
    member_text(writer, "name", OPENAPI_SERVICE_TAG);
    member_text(writer, "description",
                openapi_is_for(openapi, OPENAPI_ADMINISTRATORS)
                    ? "The API about itself."
                    : "The API about itself. Nothing here needs a key.");
    member_object_end(writer);
    member_array_end(writer);
}

/* Writes the document of a Location. */
static void write_document(writer_t *writer, const location_config_t *location, int has_gateway,
                           apr_pool_t *pool)
{
    openapi_t openapi = {writer, location, has_gateway, pool};

    member_object(writer, NULL);
    member_text(writer, "openapi", "3.1.0");
    write_info(&openapi);
    write_servers(&openapi);
    write_tags(&openapi);
    openapi_paths(&openapi);
    member_object(writer, "components");
    openapi_schemas(&openapi);
    openapi_parameters(&openapi);
    openapi_headers(&openapi);
    openapi_responses(&openapi);
    openapi_security_schemes(&openapi);
    member_object_end(writer);
    member_object_end(writer);
    writer_literal(writer, "\n");
}

/* A document that has been made, and the settings that it was made from. httpd merges a Location's sections
 * anew for each request, so that its settings are known no earlier than with the first one; how many there
 * are is limited by the configuration. */
typedef struct made_t {
    const char *settings;
    file_t file;
    struct made_t *next;
} made_t;

static struct {
    apr_pool_t *pool;
    apr_thread_mutex_t *mutex;
    made_t *first;
} documents;

void openapi_build(apr_pool_t *pool)
{
    documents.first = NULL;
    apr_pool_create(&documents.pool, pool); /* children use it under the mutex, which nobody else knows */
    apr_thread_mutex_create(&documents.mutex, APR_THREAD_MUTEX_DEFAULT, documents.pool);
}

/* All settings that the document depends on, as text. */
static const char *settings_of(const location_config_t *location, int has_gateway, apr_pool_t *pool)
{
    const apr_array_header_t *names = location->public_read;

    return apr_psprintf(pool, "%s %s %d %d %d %d %d %s", config_base_path(location), location->handler->name,
                        location->user_authority, location->reference != NULL, has_gateway,
                        config_page_default(location), config_page_max(location),
                        names ? apr_array_pstrcat(pool, names, ' ') : "");
}

static made_t *make(const location_config_t *location, int has_gateway, const char *settings)
{
    enum { EXPECTED = 256 * 1024 };
    made_t *made = apr_palloc(documents.pool, sizeof *made);
    writer_t writer;

    writer_init(&writer, documents.pool, EXPECTED);
    write_document(&writer, location, has_gateway, documents.pool);
    made->settings = apr_pstrdup(documents.pool, settings);
    made->file = (file_t){MEDIA_JSON, writer.text, writer.length,
                          file_tag(writer.text, writer.length, documents.pool)};
    made->next = documents.first;
    documents.first = made;
    return made;
}

static const made_t *find(const location_config_t *location, int has_gateway, apr_pool_t *pool)
{
    const char *settings = settings_of(location, has_gateway, pool);
    made_t *made;

    apr_thread_mutex_lock(documents.mutex);
    for (made = documents.first; made && strcmp(made->settings, settings) != 0; made = made->next) {
    }
    if (!made)
        made = make(location, has_gateway, settings);
    apr_thread_mutex_unlock(documents.mutex);
    return made;
}

const file_t *openapi_document(const location_config_t *location, int has_gateway, apr_pool_t *pool)
{
    return &find(location, has_gateway, pool)->file;
}
