/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TWILIO_MEMBERS_H
#define TENANT_TWILIO_MEMBERS_H

#include "../http/form.h"
#include "../json/tree.h"

/* The members of a JSON object that are text or whole numbers, in its order, as the fields of a form: what
 * else is in it says nothing of what is kept. In pool. */
void members_read(form_t *form, const tree_t *object, apr_pool_t *pool);

#endif
