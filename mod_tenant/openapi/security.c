/* SPDX-License-Identifier: Apache-2.0 */
#include "security.h"

static void write_http_scheme(const openapi_t *openapi, const char *name, const char *scheme,
                              const char *description)
{
    member_object(openapi->writer, name);
    member_text(openapi->writer, "type", "http");
    member_text(openapi->writer, "scheme", scheme);
    member_text(openapi->writer, "description", description);
    member_object_end(openapi->writer);
}

static void write_key_schemes(const openapi_t *openapi)
{
    write_http_scheme(openapi, "bearerKey", "bearer",
                      "The API key: `mt_` and 49 letters and digits, as `Authorization: Bearer KEY`.");
    member_object(openapi->writer, "headerKey");
    member_text(openapi->writer, "type", "apiKey");
    member_text(openapi->writer, "in", "header");
    member_text(openapi->writer, "name", "X-API-Key");
    member_text(openapi->writer, "description", "The API key in a header of its own.");
    member_object_end(openapi->writer);
    write_http_scheme(
        openapi, "basicKey", "basic",
        "The API key as the password, or as the user name; the other one is ignored. For clients that know "
        "no other way.");
}

void openapi_security_schemes(const openapi_t *openapi)
{
    member_object(openapi->writer, "securitySchemes");
    if (openapi_is_for(openapi, OPENAPI_ADMINISTRATORS))
        write_http_scheme(openapi, "administrator", "basic",
                          "The login that the server asks administrators for. What kind it is, is its own "
                          "configuration's business.");
    else
        write_key_schemes(openapi);
    if (openapi_is_for(openapi, OPENAPI_USERS))
        write_http_scheme(openapi, "login", "basic",
                          "A user of the tenant whose Host this is: e-mail address and password.");
    member_object_end(openapi->writer);
}

static void write_requirement(const openapi_t *openapi, const char *scheme)
{
    member_object(openapi->writer, NULL);
    if (scheme) {
        member_array(openapi->writer, scheme);
        member_array_end(openapi->writer);
    }
    member_object_end(openapi->writer);
}

void openapi_security(const openapi_t *openapi, const resource_t *resource, int is_read)
{
    const location_config_t *location = openapi->location;

    member_array(openapi->writer, "security");
    if (rights_of(location, resource, CALLER_ANYBODY, is_read) != RIGHT_NONE)
        write_requirement(openapi, NULL);
    if (openapi_is_for(openapi, OPENAPI_ADMINISTRATORS))
        write_requirement(openapi, "administrator");
    if (rights_of(location, resource, CALLER_TENANT, is_read) != RIGHT_NONE) {
        write_requirement(openapi, "bearerKey");
        write_requirement(openapi, "headerKey");
        write_requirement(openapi, "basicKey");
    }
    if (rights_of(location, resource, CALLER_USER, is_read) != RIGHT_NONE)
        write_requirement(openapi, "login");
    member_array_end(openapi->writer);
}
