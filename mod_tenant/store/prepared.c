/* SPDX-License-Identifier: Apache-2.0 */
#include "prepared.h"

#include <apr_dbd.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "driver.h"

struct prepared_set_t {
    apr_hash_t *all; /* label -> prepared_t */
    unsigned uses;   /* the clock of the least recently used one */
    apr_dbd_t *handle;
    int may_prepare;
    apr_pool_t *pool; /* the connection's */
};

prepared_set_t *prepared_set_make(apr_dbd_t *handle, int may_prepare, apr_pool_t *pool)
{
    prepared_set_t *set = apr_pcalloc(pool, sizeof *set);

    set->all = apr_hash_make(pool);
    set->handle = handle;
    set->may_prepare = may_prepare;
    set->pool = pool;
    return set;
}

/* Makes room for one more prepared statement. What goes wrong here goes wrong again in the statement that
 * follows. */
static void evict(prepared_set_t *set, apr_pool_t *pool)
{
    prepared_t *oldest = NULL;
    int ignored;

    for (apr_hash_index_t *i = apr_hash_first(pool, set->all); i; i = apr_hash_next(i)) {
        prepared_t *prepared = apr_hash_this_val(i);

        if (!oldest || set->uses - prepared->used > set->uses - oldest->used)
            oldest = prepared;
    }
    if (set->may_prepare)
        apr_dbd_query(driver_pgsql(), set->handle, &ignored,
                      apr_pstrcat(pool, "DEALLOCATE ", oldest->label, NULL));
    apr_hash_set(set->all, oldest->label, APR_HASH_KEY_STRING, NULL);
    apr_pool_destroy(oldest->pool);
}

/* Prepares a statement under its label and keeps it. NULL: PostgreSQL has refused. */
static prepared_t *make(prepared_set_t *set, const statement_t *statement, apr_pool_t *pool)
{
    apr_dbd_prepared_t *ignored = NULL; /* PostgreSQL knows it by its label */
    apr_pool_t *own;
    prepared_t *prepared;

    if (apr_hash_count(set->all) >= PREPARED_MAX)
        evict(set, pool);
    apr_pool_create(&own, set->pool);
    prepared = apr_pcalloc(own, sizeof *prepared);
    prepared->pool = own;
    prepared->label = apr_pstrdup(own, statement->label);
    prepared->parameters = statement_parameters(statement->sql);
    if (!set->may_prepare) {
        prepared->text = statement_text(statement->sql, own);
    } else if (apr_dbd_prepare(driver_pgsql(), own, set->handle, statement->sql, prepared->label, &ignored) !=
               0) {
        apr_pool_destroy(own);
        return NULL;
    }
    apr_hash_set(set->all, prepared->label, APR_HASH_KEY_STRING, prepared);
    return prepared;
}

const prepared_t *prepared_find(prepared_set_t *set, const statement_t *statement, apr_pool_t *pool)
{
    prepared_t *prepared = apr_hash_get(set->all, statement->label, APR_HASH_KEY_STRING);

    if (!prepared)
        prepared = make(set, statement, pool);
    if (prepared)
        prepared->used = ++set->uses;
    return prepared;
}

int prepared_is_kept(const prepared_set_t *set, const statement_t *statement)
{
    return apr_hash_get(set->all, statement->label, APR_HASH_KEY_STRING) != NULL;
}

const char *prepared_names(const prepared_set_t *set, const statement_t *next, apr_pool_t *pool)
{
    apr_array_header_t *names = apr_array_make(pool, PREPARED_MAX + 1, sizeof(const char *));

    APR_ARRAY_PUSH(names, const char *) = next->label;
    for (apr_hash_index_t *i = apr_hash_first(pool, set->all); i; i = apr_hash_next(i)) {
        const prepared_t *prepared = apr_hash_this_val(i);

        APR_ARRAY_PUSH(names, const char *) = prepared->label;
    }
    return apr_pstrcat(pool, "{", apr_array_pstrcat(pool, names, ','), "}", NULL);
}
