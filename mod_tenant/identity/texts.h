/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_TEXTS_H
#define TENANT_IDENTITY_TEXTS_H

#include <stddef.h>

#include "../mod_tenant.h"

/* How many members of a tenant_t are texts, each of which a copy needs anew. */
enum { TENANT_TEXTS = 5 };

/* The text of that number, from 0; it may be NULL. */
static inline const char **tenant_text(tenant_t *tenant, int number)
{
    static const size_t texts[TENANT_TEXTS] = {offsetof(tenant_t, id_text), offsetof(tenant_t, name),
                                               offsetof(tenant_t, domain), offsetof(tenant_t, rate_limit),
                                               offsetof(tenant_t, user)};

    return (const char **)((char *)tenant + texts[number]);
}

#endif
