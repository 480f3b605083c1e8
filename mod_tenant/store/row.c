/* SPDX-License-Identifier: Apache-2.0 */
#include "row.h"

#include <apr_atomic.h>
#include <libpq-fe.h>
#include <stdlib.h>

struct rows_t {
    PGresult *result; /* or NULL */
    int first;        /* of the result's rows */
    int count;
    int current; /* of the result's rows */
    int is_binary;
    apr_pool_t *pool;
    void *held; /* what its cleanup gives back */
    apr_status_t (*release)(void *held);
};

struct result_t {
    PGresult *libpq;
    apr_uint32_t holders;
};

static apr_status_t clear_result(void *result)
{
    PQclear(result);
    return APR_SUCCESS;
}

static apr_status_t drop_result(void *result)
{
    result_drop(result);
    return APR_SUCCESS;
}

static rows_t *make(PGresult *result, int first, int count, apr_pool_t *pool)
{
    rows_t *rows = apr_palloc(pool, sizeof *rows);

    *rows = (rows_t){
        .pool = pool,
        .result = result,
        .first = first,
        .count = count,
        .current = first,
        .is_binary = PQbinaryTuples(result),
    };
    return rows;
}

/* Has something of theirs go with the pool, if not before. */
static rows_t *hold(rows_t *rows, void *held, apr_status_t (*release)(void *held))
{
    rows->held = held;
    rows->release = release;
    apr_pool_cleanup_register(rows->pool, held, release, apr_pool_cleanup_null);
    return rows;
}

rows_t *rows_make(PGresult *result, apr_pool_t *pool)
{
    return hold(make(result, 0, PQntuples(result), pool), result, clear_result);
}

rows_t *rows_of_part(result_t *result, int first, int count, apr_pool_t *pool)
{
    return hold(make(result->libpq, first, count, pool), result, drop_result);
}

result_t *result_make(void)
{
    result_t *result = malloc(sizeof *result);

    if (result)
        *result = (result_t){.holders = 1};
    return result;
}

void result_set(result_t *result, PGresult *libpq, int holders)
{
    result->libpq = libpq;
    result->holders = (apr_uint32_t)holders;
}

void result_drop(result_t *result)
{
    if (apr_atomic_dec32(&result->holders) != 0)
        return;
    PQclear(result->libpq);
    free(result);
}

int rows_count(const rows_t *rows)
{
    return rows->count;
}

int rows_are_binary(const rows_t *rows)
{
    return rows->is_binary;
}

void rows_seek(rows_t *rows, int n)
{
    rows->current = rows->first + n;
}

apr_size_t rows_size(const rows_t *rows, int n)
{
    int columns = PQnfields(rows->result);
    apr_size_t size = 0;

    for (int column = 0; column < columns; column++)
        size += (apr_size_t)PQgetlength(rows->result, rows->first + n, column);
    return size;
}

void rows_free(rows_t *rows)
{
    apr_pool_cleanup_run(rows->pool, rows->held, rows->release);
    rows->result = NULL;
    rows->count = 0;
}

const char *rows_value(const rows_t *rows, int column, apr_size_t *length)
{
    int bytes = PQgetlength(rows->result, rows->current, column);

    *length = (apr_size_t)bytes;
    /* most values are not empty, and what has bytes is not NULL */
    if (bytes == 0 && PQgetisnull(rows->result, rows->current, column))
        return NULL;
    return PQgetvalue(rows->result, rows->current, column);
}

const char *rows_text(const rows_t *rows, int column)
{
    apr_size_t ignored;

    return rows_value(rows, column, &ignored);
}

int rows_int(const rows_t *rows, int column)
{
    const char *text = rows_text(rows, column);

    return text ? atoi(text) : 0;
}
