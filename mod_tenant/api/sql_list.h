/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_SQL_LIST_H
#define TENANT_API_SQL_LIST_H

#include "../store/statement.h"
#include "page.h"

/* The statement of a page of a list: t, the filters' values, the order's values of the last row seen where it
 * is_after, limit. The administrator's resources take no t. */
void sql_list(statement_t *statement, const resource_t *resource, const page_t *page, apr_pool_t *pool);

/* Its text alone. */
const char *sql_list_text(const resource_t *resource, const page_t *page, apr_pool_t *pool);

#endif
