/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_OPENAPI_PARAMETERS_H
#define TENANT_OPENAPI_PARAMETERS_H

#include "reader.h"

/* What several operations take, as the member `parameters`. */
void openapi_parameters(const openapi_t *openapi);

/* Appends the parameters of a list's query, as items. */
void openapi_list_parameters(const openapi_t *openapi, const resource_t *resource);

/* The member `parameters` of the path of a row, of a row by its key alone, and of a problem. */
void openapi_row_parameters(const openapi_t *openapi, const resource_t *resource);
void openapi_key_parameter(const openapi_t *openapi, const resource_t *resource);
void openapi_code_parameter(const openapi_t *openapi);

#endif
