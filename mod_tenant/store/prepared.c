/* SPDX-License-Identifier: Apache-2.0 */
#include "prepared.h"

#include <apr_dbd.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <stdio.h>
#include <string.h>

#include "driver.h"
#include "pipeline.h"

/* A list statement costs PostgreSQL 54 KiB in each backend: so many are kept, the least recently used goes.
 */
enum { PREPARED_MAX = 64 };
_Static_assert(PIPELINE_MAX + 1 < (int)PREPARED_MAX, "what runs together is kept together");

/* Makes room for one more prepared statement. */
static void evict(connection_t *connection, apr_pool_t *pool)
{
    prepared_t *oldest = NULL;
    apr_time_t deadline = connection->deadline;
    sqlstate_t ignored; /* what goes wrong here goes wrong again in the statement that follows */

    for (apr_hash_index_t *i = apr_hash_first(pool, connection->prepared); i; i = apr_hash_next(i)) {
        prepared_t *prepared = apr_hash_this_val(i);

        if (!oldest || connection->uses - prepared->used > connection->uses - oldest->used)
            oldest = prepared;
    }
    if (connection->prepare)
        connection_command(connection, apr_pstrcat(pool, "DEALLOCATE ", oldest->label, NULL), &ignored, pool);
    connection->deadline = deadline; /* which the command has stopped */
    apr_hash_set(connection->prepared, oldest->label, APR_HASH_KEY_STRING, NULL);
    apr_pool_destroy(oldest->pool);
}

int prepared_count(const char *sql)
{
    int count = 0;

    while ((sql = strchr(sql, '%')) != NULL) {
        count += sql[1] != '%';
        sql += 2;
    }
    return count;
}

const char *prepared_text(const char *sql, apr_pool_t *pool)
{
    /* `%s` or `%d` may become as long as $65535 */
    char *text = apr_palloc(pool, strlen(sql) + (apr_size_t)prepared_count(sql) * (sizeof "$65535" - 3) + 1);
    char *to = text;
    int count = 0;

    for (; *sql; sql++) {
        if (*sql != '%')
            *to++ = *sql;
        else if (*++sql == '%')
            *to++ = '%';
        else
            to += sprintf(to, "$%d", ++count);
    }
    *to = '\0';
    return text;
}

/* Prepares a statement under its label and keeps it. NULL: PostgreSQL has refused. */
static prepared_t *make(connection_t *connection, const statement_t *statement, apr_pool_t *pool)
{
    apr_dbd_prepared_t *ignored = NULL; /* PostgreSQL knows it by its label */
    apr_pool_t *own;
    prepared_t *prepared;

    if (apr_hash_count(connection->prepared) >= PREPARED_MAX)
        evict(connection, pool);
    apr_pool_create(&own, connection->pool);
    prepared = apr_pcalloc(own, sizeof *prepared);
    prepared->pool = own;
    prepared->label = apr_pstrdup(own, statement->label);
    prepared->parameters = prepared_count(statement->sql);
    if (!connection->prepare) {
        prepared->text = prepared_text(statement->sql, own);
    } else if (apr_dbd_prepare(driver_pgsql(), own, connection->handle, statement->sql, prepared->label,
                               &ignored) != 0) {
        apr_pool_destroy(own);
        return NULL;
    }
    apr_hash_set(connection->prepared, prepared->label, APR_HASH_KEY_STRING, prepared);
    return prepared;
}

const prepared_t *prepared_find(connection_t *connection, const statement_t *statement, apr_pool_t *pool)
{
    prepared_t *prepared = apr_hash_get(connection->prepared, statement->label, APR_HASH_KEY_STRING);

    if (!prepared)
        prepared = make(connection, statement, pool);
    if (prepared)
        prepared->used = ++connection->uses;
    return prepared;
}

int prepared_is_kept(const connection_t *connection, const statement_t *statement)
{
    return apr_hash_get(connection->prepared, statement->label, APR_HASH_KEY_STRING) != NULL;
}

const char *prepared_names(const connection_t *connection, const statement_t *next, apr_pool_t *pool)
{
    apr_array_header_t *names = apr_array_make(pool, PREPARED_MAX + 1, sizeof(const char *));

    APR_ARRAY_PUSH(names, const char *) = next->label;
    for (apr_hash_index_t *i = apr_hash_first(pool, connection->prepared); i; i = apr_hash_next(i)) {
        const prepared_t *prepared = apr_hash_this_val(i);

        APR_ARRAY_PUSH(names, const char *) = prepared->label;
    }
    return apr_pstrcat(pool, "{", apr_array_pstrcat(pool, names, ','), "}", NULL);
}
