/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_OPENAPI_RULE_H
#define TENANT_OPENAPI_RULE_H

#include "../resource/resource.h"

/* What the checks of fields mean, as OpenAPI says it. t/openapi/document.t holds both against each other. */

typedef struct openapi_rule_t {
    field_check_fn *check;
    const char *pattern;        /* ECMA 262, the same as the check past length and controls; NULL: none */
    const char *const *choices; /* all values there are, ended by NULL; or NULL */
    const char *example;
} openapi_rule_t;

/* The rule of a check; NULL when it has none: the schema then says less than the check. */
const openapi_rule_t *openapi_rule(field_check_fn *check);

#endif
