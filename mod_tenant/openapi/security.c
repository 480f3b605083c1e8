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
    if (openapi_is_admin(openapi))
        write_http_scheme(openapi, "administrator", "basic",
                          "The login that the server asks administrators for. What kind it is, is its own "
                          "configuration's business.");
    else
        write_key_schemes(openapi);
    if (!openapi_is_admin(openapi) && config_lets_users_in(openapi->location))
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

static int may_user(const openapi_t *openapi, const resource_t *resource, int is_read)
{
    return resource && !resource->is_admin && !resource->is_profile &&
           (is_read ? config_lets_users_in(openapi->location)
                    : openapi->location->user_authority == USER_AUTHORITY_WRITE);
}

void openapi_security(const openapi_t *openapi, const resource_t *resource, int is_read)
{
    member_array(openapi->writer, "security");
    if (resource && is_read && openapi_is_public(openapi, resource))
        write_requirement(openapi, NULL);
    if (openapi_is_admin(openapi)) {
        write_requirement(openapi, "administrator");
    } else if (resource) {
        write_requirement(openapi, "bearerKey");
        write_requirement(openapi, "headerKey");
        write_requirement(openapi, "basicKey");
    }
    if (may_user(openapi, resource, is_read))
        write_requirement(openapi, "login");
    member_array_end(openapi->writer);
}
