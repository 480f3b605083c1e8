/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_OPENAPI_OPERATION_H
#define TENANT_OPENAPI_OPERATION_H

#include "field.h"

/* What operations are made of. */

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

#endif
