/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_OPENAPI_TOKEN_H
#define TENANT_OPENAPI_TOKEN_H

#include "reader.h"

/* POST /twilio/token in the document: its tag, its path, and the schemas of its body and its answer. */
void openapi_token_tag(const openapi_t *openapi);
void openapi_token_path(const openapi_t *openapi);
void openapi_token_schemas(const openapi_t *openapi);

#endif
