/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot.h"

#include <string.h>

#include "members.h"

const char *snapshot_read(event_t *event, event_kind_t kind, const tree_t *resource, const char *account,
                          apr_pool_t *pool)
{
    const form_field_t *owner;
    form_t form;

    if (tree_type(resource) != TREE_OBJECT)
        return "It is no JSON object.";
    members_read(&form, resource, pool);
    owner = form_find(&form, "account_sid", NULL);
    if (!owner || strcmp(owner->value, account) != 0)
        return "account_sid is not the account's.";
    return event_read(event, kind, &form, pool);
}
