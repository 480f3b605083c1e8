/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_OPENAPI_READER_H
#define TENANT_OPENAPI_READER_H

#include "../config.h"
#include "../json/member.h"
#include "../resource/rights.h"

/* A document that is being written, and for whom. Names and texts are in its pool. */

typedef struct openapi_t {
    writer_t *writer;
    const location_config_t *location; /* whose document it is */
    int has_gateway;                   /* its server has one to Twilio */
    apr_pool_t *pool;
} openapi_t;

/* Whose documents tell of something. */
typedef enum openapi_reader_t {
    OPENAPI_EVERYBODY,
    OPENAPI_TENANTS,
    OPENAPI_USERS,    /* tenants whose users may log in */
    OPENAPI_GATEWAYS, /* tenants whose server has a gateway to Twilio */
    OPENAPI_ADMINISTRATORS,
} openapi_reader_t;

/* Whether the document is one of those. */
int openapi_is_for(const openapi_t *openapi, openapi_reader_t reader);

#endif
