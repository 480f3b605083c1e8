/* SPDX-License-Identifier: Apache-2.0 */
#include "prepared.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <libpq-fe.h>
#include <string.h>
#include <unistd.h>

/* pg_type.oid of what statement_t says of its parameters: PostgreSQL's own, the same in each database. */
enum { OID_INTEGER = 23, OID_VARCHAR = 1043 };

/* Behind a pooler so many are kept at most. It is the pooler that spares PostgreSQL's memory there, and libpq
 * has no way to tell it that a statement is given up. */
enum { POOLED_MAX = 256 };

/* How often a session behind a pooler was without what the pooler takes it to have: it goes on sending those
 * that it knows by their text there, so what is prepared from then on has another. */
static _Atomic unsigned losses;

struct prepared_set_t {
    apr_hash_t *all; /* label -> prepared_t */
    unsigned uses;   /* the clock of the least recently used one */
    PGconn *libpq;
    prepared_how_t how;
    const char *tag;  /* of PREPARED_POOLED */
    apr_pool_t *pool; /* the connection's */
};

prepared_set_t *prepared_set_make(PGconn *libpq, prepared_how_t how, apr_pool_t *pool)
{
    prepared_set_t *set = apr_pcalloc(pool, sizeof *set);

    set->all = apr_hash_make(pool);
    set->libpq = libpq;
    set->how = how;
    set->pool = pool;
    return set;
}

void prepared_set_pooled(prepared_set_t *set, const char *tag)
{
    set->how = PREPARED_POOLED;
    set->tag = losses ? apr_psprintf(set->pool, "%s %ld %u", tag, (long)getpid(), losses)
                      : apr_pstrdup(set->pool, tag);
}

int prepared_set_lost(const prepared_set_t *set)
{
    if (set->how != PREPARED_POOLED)
        return 0;
    losses++;
    return 1;
}

static void forget(prepared_set_t *set, prepared_t *prepared)
{
    apr_hash_set(set->all, prepared->label, APR_HASH_KEY_STRING, NULL);
    apr_pool_destroy(prepared->pool);
}

void prepared_set_unprepared(prepared_set_t *set, apr_pool_t *pool)
{
    set->how = PREPARED_NEVER;
    for (apr_hash_index_t *i = apr_hash_first(pool, set->all); i; i = apr_hash_next(i))
        forget(set, apr_hash_this_val(i));
}

/* Makes room for one more prepared statement. What goes wrong here goes wrong again in the statement that
 * follows. */
static void evict(prepared_set_t *set, apr_pool_t *pool)
{
    prepared_t *oldest = NULL;

    for (apr_hash_index_t *i = apr_hash_first(pool, set->all); i; i = apr_hash_next(i)) {
        prepared_t *prepared = apr_hash_this_val(i);

        if (!oldest || set->uses - prepared->used > set->uses - oldest->used)
            oldest = prepared;
    }
    if (set->how == PREPARED_HERE)
        PQclear(PQexec(set->libpq, apr_pstrcat(pool, "DEALLOCATE ", oldest->label, NULL)));
    forget(set, oldest);
}

/* Has PostgreSQL prepare a statement, by the protocol: a pooler knows what that means, but reads no SQL. */
static int prepare(const prepared_set_t *set, const prepared_t *prepared, const char *sql, apr_pool_t *pool)
{
    const char *text = statement_text(sql, pool);
    Oid *types = apr_palloc(pool, ((apr_size_t)prepared->parameters + 1) * sizeof *types);
    int count = 0;
    PGresult *result;
    int is_done;

    for (const char *at = strchr(sql, '%'); at; at = strchr(at + 2, '%')) {
        if (at[1] != '%')
            types[count++] = at[1] == 'd' ? OID_INTEGER : OID_VARCHAR;
    }
    if (set->tag)
        text = apr_pstrcat(pool, text, " /* ", set->tag, " */", NULL);
    result = PQprepare(set->libpq, prepared->label, text, count, types);
    is_done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return is_done;
}

static prepared_t *make_in(apr_pool_t *own, const statement_t *statement)
{
    prepared_t *prepared = apr_pcalloc(own, sizeof *prepared);

    prepared->pool = own;
    prepared->label = apr_pstrdup(own, statement->label);
    prepared->parameters = statement_parameters(statement->sql);
    return prepared;
}

/* A statement as it is sent where it is not prepared. */
static prepared_t *make_text(apr_pool_t *own, const statement_t *statement)
{
    prepared_t *prepared = make_in(own, statement);

    prepared->text = statement_text(statement->sql, own);
    return prepared;
}

/* Prepares a statement under its label and keeps it. NULL: PostgreSQL has refused. */
static prepared_t *make(prepared_set_t *set, const statement_t *statement, apr_pool_t *pool)
{
    apr_pool_t *own;
    prepared_t *prepared;

    if (set->how == PREPARED_POOLED && apr_hash_count(set->all) >= POOLED_MAX)
        return make_text(pool, statement);
    if (set->how != PREPARED_POOLED && apr_hash_count(set->all) >= PREPARED_MAX)
        evict(set, pool);
    apr_pool_create(&own, set->pool);
    prepared = set->how == PREPARED_NEVER ? make_text(own, statement) : make_in(own, statement);
    if (!prepared->text && !prepare(set, prepared, statement->sql, pool)) {
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
