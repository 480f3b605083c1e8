/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_OPENAPI_RESPONSES_H
#define TENANT_OPENAPI_RESPONSES_H

#include "../problem.h"
#include "reader.h"

/* Headers, and answers with problems. */

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
    OPENAPI_MISDIRECTED = 131072,
} openapi_group_t;

/* What nearly every operation can answer with, and those that take a body. */
enum {
    OPENAPI_ALWAYS = OPENAPI_UNAUTHORIZED | OPENAPI_FORBIDDEN | OPENAPI_NOT_ACCEPTABLE | OPENAPI_MISDIRECTED |
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
