/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_OPENAPI_OPENAPI_PARTS_H
#define TENANT_OPENAPI_OPENAPI_PARTS_H

#include "../config.h"
#include "../http/media.h"
#include "../json/member.h"
#include "../problem.h"
#include "../resource/resource.h"

/* The parts of the OpenAPI document; known to openapi*.c alone. Names and texts are in the document's pool.
 */

typedef struct openapi_t {
    writer_t *writer;
    const location_config_t *location; /* whose document it is */
    apr_pool_t *pool;
} openapi_t;

int openapi_is_admin(const openapi_t *openapi);

/* Whose documents tell of something. */
typedef enum openapi_reader_t {
    OPENAPI_EVERYBODY,
    OPENAPI_TENANTS,
    OPENAPI_USERS, /* tenants whose users may log in */
    OPENAPI_ADMINISTRATORS,
} openapi_reader_t;

/* Whether the document is one of those. */
int openapi_is_for(const openapi_t *openapi, openapi_reader_t reader);

/* Whether a resource is reached in the Location. */
int openapi_describes(const openapi_t *openapi, const resource_t *resource);

/* Whether the Host alone may read the resource there. */
int openapi_is_public(const openapi_t *openapi, const resource_t *resource);

/* openapi_names.c: what the document calls things. */

/* `Call` of calls, as in schemas and operations. */
const char *openapi_type(const openapi_t *openapi, const resource_t *resource);

/* `Calls`. */
const char *openapi_types(const openapi_t *openapi, const resource_t *resource);

/* `call` and `calls` in a sentence; `a call`, `an invoice`. */
const char *openapi_word(const openapi_t *openapi, const resource_t *resource);
const char *openapi_words(const openapi_t *openapi, const resource_t *resource);
const char *openapi_a_word(const openapi_t *openapi, const resource_t *resource);

/* The path of a collection or of a single resource, and of a row of it. */
const char *openapi_path(const openapi_t *openapi, const resource_t *resource);
const char *openapi_row_path(const openapi_t *openapi, const resource_t *resource);

/* openapi_field.c: values of a field. */

typedef enum openapi_use_t {
    OPENAPI_SHOWN,  /* in an answer */
    OPENAPI_CREATE, /* in the body of a POST */
    OPENAPI_UPDATE, /* in a merge patch */
    OPENAPI_FILTER, /* in a query */
} openapi_use_t;

/* Appends the schema of a field. */
void openapi_field(const openapi_t *openapi, const char *name, const field_t *field, openapi_use_t use);

/* Appends a value that the field takes. */
void openapi_example(const openapi_t *openapi, const char *name, const field_t *field);

/* That value as text. */
const char *openapi_example_text(const openapi_t *openapi, const field_t *field);

/* Whether the field belongs into such a place. */
int openapi_field_is_in(const field_t *field, openapi_use_t use);

/* openapi_rule.c: what the checks of fields mean. */

typedef struct openapi_rule_t {
    field_check_fn *check;
    const char *pattern;        /* ECMA 262, the same as the check past length and controls; NULL: none */
    const char *const *choices; /* all values there are, ended by NULL; or NULL */
    const char *example;
} openapi_rule_t;

/* The rule of a check; NULL when it has none: the schema then says less than the check. */
const openapi_rule_t *openapi_rule(field_check_fn *check);

/* openapi_paths.c: all paths, as the member `paths`. */
void openapi_paths(const openapi_t *openapi);

/* openapi_service.c: those of what the API says about itself. */
void openapi_service_paths(const openapi_t *openapi);

/* The tag of their operations. */
#define OPENAPI_SERVICE_TAG "service"

/* openapi_operation.c: what operations are made of. */

/* A text as printf writes it. */
const char *openapi_sentence(const openapi_t *openapi, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Opens an operation. description may be NULL. */
void openapi_operation_begin(const openapi_t *openapi, const char *method, const char *id, const char *tag,
                             const char *summary, const char *description);

/* Appends references to its parameters, ended by NULL. */
void openapi_parameter_refs(const openapi_t *openapi, const char *const *names);

/* Appends its body, by the schema NAMESUFFIX, with an example of the resource. */
void openapi_request_body(const openapi_t *openapi, const char *name, const char *suffix,
                          const resource_t *resource, openapi_use_t use);

/* Opens one of its responses, with headers (openapi_header_refs()). */
void openapi_response_begin(const openapi_t *openapi, const char *status, const char *description,
                            const char *const *headers);

/* Appends a whole response: with a body by a schema, and an example of the resource unless that is NULL; or
 * without a body. */
void openapi_response_json(const openapi_t *openapi, const char *status, const char *description,
                           const char *const *headers, const char *name, const resource_t *resource);
void openapi_response_empty(const openapi_t *openapi, const char *status, const char *description,
                            const char *const *headers);

/* Appends what it can fail with (openapi_group_t), and closes the member `responses`, and the operation. */
void openapi_operation_end(const openapi_t *openapi, unsigned failures);

/* openapi_schema.c: what schemas are made of. */

/* How long a path and a cursor in an answer may be. */
enum { OPENAPI_PATH_MAX = 8192, OPENAPI_CURSOR_MAX = 2048 };

#define OPENAPI_CURSOR_PATTERN "^[A-Za-z0-9_-]+$"

/* Opens the schema of an object that has no members but those in `properties`. description may be NULL. */
void openapi_object_begin(const openapi_t *openapi, const char *name, const char *description);

/* Appends the schema of a text of at most max characters, or null. description may be NULL. */
void openapi_text(const openapi_t *openapi, const char *name, const char *description, int max, int or_null);

/* Appends the schema of an integer. */
void openapi_integer(const openapi_t *openapi, const char *name, const char *description, int min, int max);

/* Appends `{"$ref":"#/components/KIND/NAMESUFFIX"}`. */
void openapi_ref(const openapi_t *openapi, const char *member, const char *kind, const char *name,
                 const char *suffix);

/* openapi_schemas.c: bodies that are about resources. */

/* All schemas, as the member `schemas`. */
void openapi_schemas(const openapi_t *openapi);

/* Appends an example of a row, or of a body that is about one. */
void openapi_row_example(const openapi_t *openapi, const char *name, const resource_t *resource,
                         openapi_use_t use);

/* openapi_problem.c: the schemas of problems, and of what explains them. */
void openapi_problem_schemas(const openapi_t *openapi);

/* openapi_parameters.c */

/* What several operations take, as the member `parameters`. */
void openapi_parameters(const openapi_t *openapi);

/* Appends the parameters of a list's query, as items. */
void openapi_list_parameters(const openapi_t *openapi, const resource_t *resource);

/* The member `parameters` of the path of a row, and of a problem. */
void openapi_row_parameters(const openapi_t *openapi, const resource_t *resource);
void openapi_code_parameter(const openapi_t *openapi);

/* openapi_security.c */

/* All ways to say who asks, as the member `securitySchemes`. */
void openapi_security_schemes(const openapi_t *openapi);

/* The member `security` of an operation: who may read, or change, the resource; NULL: everybody may. */
void openapi_security(const openapi_t *openapi, const resource_t *resource, int is_read);

/* openapi_responses.c: headers, and answers with problems. */

/* All headers of answers, as the member `headers`. */
void openapi_headers(const openapi_t *openapi);

/* A response's member `headers`: those that every answer has, and these (ended by NULL; may be NULL). */
void openapi_header_refs(const openapi_t *openapi, const char *const *names);

/* Groups of problems, each of one status, that operations answer with. */
typedef enum openapi_group_t {
    OPENAPI_BAD_REQUEST = 1,
    OPENAPI_BAD_LIST = 2,
    OPENAPI_BAD_BODY = 4,
    OPENAPI_UNAUTHORIZED = 8,
    OPENAPI_FORBIDDEN = 16,
    OPENAPI_FORBIDDEN_ROTATION = 32,
    OPENAPI_NOT_FOUND = 64,
    OPENAPI_NOT_ACCEPTABLE = 128,
    OPENAPI_REQUEST_TIMEOUT = 256,
    OPENAPI_PRECONDITION_FAILED = 512,
    OPENAPI_BODY_TOO_LARGE = 1024,
    OPENAPI_UNSUPPORTED_MEDIA_TYPE = 2048,
    OPENAPI_INVALID = 4096,
    OPENAPI_INVALID_CREATE = 8192,
    OPENAPI_RATE_LIMITED = 16384,
    OPENAPI_INTERNAL = 32768,
    OPENAPI_UNAVAILABLE = 65536,
} openapi_group_t;

/* What nearly every operation can answer with, and those that take a body. */
enum {
    OPENAPI_ALWAYS = OPENAPI_UNAUTHORIZED | OPENAPI_FORBIDDEN | OPENAPI_NOT_ACCEPTABLE |
                     OPENAPI_RATE_LIMITED | OPENAPI_INTERNAL | OPENAPI_UNAVAILABLE,
    OPENAPI_WITH_BODY =
        OPENAPI_BAD_BODY | OPENAPI_REQUEST_TIMEOUT | OPENAPI_BODY_TOO_LARGE | OPENAPI_UNSUPPORTED_MEDIA_TYPE,
};

/* The response of each group, as the member `responses`. */
void openapi_responses(const openapi_t *openapi);

/* Appends references to those of some groups, by their status. */
void openapi_failures(const openapi_t *openapi, unsigned groups);

/* Appends a response with any of some problems, which have one status. */
void openapi_problems(const openapi_t *openapi, const char *name, const problem_t *const *problems,
                      int count);

#endif
