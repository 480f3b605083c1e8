/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECTION_H
#define TENANT_SECTION_H

#include <httpd.h>

#include <http_config.h>

/* Sections and directives of httpd's configuration, as its tree has them (ap_conftree): for what cannot be
 * known from the settings that they leave. */

int section_is_named(const ap_directive_t *directive, const char *name);

/* The argument of a section, which in the tree has its quotes and the closing bracket. In pool. */
const char *section_argument(const ap_directive_t *section, apr_pool_t *pool);

/* Whether a directive of that name stands in a list, or in a section of it. */
int section_contains(const ap_directive_t *list, const char *name);

/* Whether a section may apply to a path that is no file's: what cannot be told counts as yes. */
int section_may_apply(const ap_directive_t *section, const char *path, apr_pool_t *pool);

#endif
