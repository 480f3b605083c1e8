/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_CURSOR_H
#define TENANT_RESOURCE_CURSOR_H

#include "page.h"

/* A row's place in a list, opaque to clients: base64url of version, resource, order, a hash of the filters
 * and the row's key and id. It needs no signature, since it can only point into the reader's own rows. */

/* The cursor that page->key and page->id stand for. In pool. */
const char *cursor_write(const page_t *page, apr_pool_t *pool);

/* Reads a cursor into page->key and page->id; the filters and the order are those of the query. 0: it is none
 * of this list. */
int cursor_read(page_t *page, const char *text, apr_pool_t *pool);

#endif
