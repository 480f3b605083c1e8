/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_INPUT_H
#define TENANT_RESOURCE_INPUT_H

#include <apr_tables.h>

#include "../json/tree.h"
#include "../problem.h"
#include "resource.h"

struct keyring_t;
struct password_slots_t;

/* What secrets of a body are turned into what is stored with. */
typedef struct input_secrets_t {
    struct password_slots_t *slots;
    const char *slots_owner; /* whose passwords are hashed (password_slots_take()); NULL: there are none */
    const struct keyring_t *keyring;
    int tenant_id;
} input_secrets_t;

/* The values of a body, by the number of their field in the resource. */
typedef struct input_t {
    const char **values; /* as statements take them; NULL is SQL NULL, and what is not given; of a FIELD_TEXTS
                             the object as JSON text */
    struct input_t **inner; /* of a FIELD_OBJECT: what its members are; NULL where it is not given */
    unsigned char *given;   /* whether the body has the member */
    int count;              /* members that it has */
} input_t;

typedef enum input_for_t {
    INPUT_CREATE,
    INPUT_UPDATE, /* a JSON Merge Patch (RFC 7396) */
} input_for_t;

/* Reads a body's object by the resource's fields; passwords and secrets are left for input_protect().
 * problem_invalid: *errors lists every wrong member, or says of "", the whole body, that it is no object. */
const problem_t *input_read(input_t *input, const resource_t *resource, input_for_t purpose,
                            const tree_t *body, apr_array_header_t **errors, apr_pool_t *pool);

/* Replaces passwords by their hashes, made in one of the machine's slots, and seals secrets.
 * problem_slots_busy, problem_misconfigured. */
const problem_t *input_protect(input_t *input, const resource_t *resource, const input_secrets_t *secrets,
                               apr_pool_t *pool);

#endif
