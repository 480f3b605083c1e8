/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_LIST_H
#define TENANT_API_LIST_H

#include "api.h"

/* Answers the page of the collection that the query asks for. */
const problem_t *list_run(api_t *api);

#endif
