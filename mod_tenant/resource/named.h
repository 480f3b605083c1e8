/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_NAMED_H
#define TENANT_RESOURCE_NAMED_H

#include "../store/statement.h"
#include "page.h"
#include "resource.h"

/* Statements that name their values. A statement's text says behind each placeholder, in braces, what the
 * value is: `WHERE tenant_id = %d{tenant}::int AND sid = %s{row.sid}`. Which value comes where is said
 * nowhere else: who runs the statement has the values by their names. */
typedef enum name_kind_t {
    NAME_TENANT, /* {tenant}: the tenant's id */
    NAME_ROW, /* {row.FIELD}: the field of the row that is meant: its id, or what else names it in a path */
    NAME_KEY_HASH, /* {key_hash}: of a new tenant's API key */
    NAME_REQUEST,  /* {request}: a request with an Idempotency-Key, {fingerprint}: of its body, {lock}: the
                      number  of the lock that its twins share */
    NAME_FINGERPRINT,
    NAME_LOCK,
    NAME_IF_MATCH, /* {if_match}, {if_none_match}: xid[] literals: the row's version has to be in the first
                      and must not be in the second; NULL asks for nothing */
    NAME_IF_NONE_MATCH,
    NAME_ORIGIN, /* {origin}: whom the audit names (identity/origin.h) */
    NAME_LIMIT,  /* {limit}: how many rows of a list */
    NAME_NEW,    /* {new.FIELD}: what a body gives the field */
    NAME_HAS,    /* {has.FIELD}: whether it gives it anything, true or false */
    NAME_FILTER, /* {filter.NUMBER}: the value of that filter of the page, from 0 */
    NAME_ORDER,  /* {order.FIELD}: the field of the row at the page's cursor: its id, or what the list is in
                    the  order of */
    NAME_KINDS,
} name_kind_t;

/* What one parameter stands for. */
typedef struct name_t {
    const char *text; /* what is between the braces; NULL: nothing, and its value is NULL */
    name_kind_t kind;
    int number; /* of the field, from 0, or of the filter */
} name_t;

/* A statement, and the names of its parameters in their order. */
typedef struct named_t {
    statement_t statement;
    const name_t *names;
    int count;
} named_t;

/* The values at hand. Those that a statement does not name need not be there. */
typedef struct given_t {
    const char *single[NAME_LIMIT + 1]; /* of a name that has one value, by its kind */
    const char *const *fields;          /* NAME_NEW, by the number of the field */
    const unsigned char *has;           /* NAME_HAS, likewise */
    const page_t *page;                 /* NAME_FILTER, NAME_ORDER */
} given_t;

/* How many values a statement takes at most: an upsert three for each field. */
enum { NAMED_VALUES_MAX = 3 * RESOURCE_FIELDS_MAX + 8 };

/* Makes a statement's text and names of a text with names, whose fields are the resource's, in pool. Its
 * other members stay. A placeholder without such a name gets none (NULL); build/unit/statements finds that.
 */
void named_make(named_t *named, const resource_t *resource, const char *text, apr_pool_t *pool);

/* Fills in the values of a statement, in the order of its parameters. Returns values, which has room for
 * NAMED_VALUES_MAX. */
const char **named_values(const named_t *named, const given_t *given, const char **values);

#endif
