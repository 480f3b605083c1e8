/* SPDX-License-Identifier: Apache-2.0 */
#include "row.h"

#include <libpq-fe.h>
#include <stdlib.h>

struct rows_t {
    PGresult *result; /* or NULL */
    uint64_t cluster;
    int current;
    int is_binary;
};

static apr_status_t clear_result(void *result)
{
    PQclear(result);
    return APR_SUCCESS;
}

rows_t *rows_make(PGresult *result, uint64_t cluster, apr_pool_t *pool)
{
    rows_t *rows = apr_palloc(pool, sizeof *rows);

    rows->result = result;
    rows->cluster = cluster;
    rows->current = 0;
    rows->is_binary = PQbinaryTuples(result);
    apr_pool_cleanup_register(pool, result, clear_result, apr_pool_cleanup_null);
    return rows;
}

uint64_t rows_cluster(const rows_t *rows)
{
    return rows->cluster;
}

int rows_count(const rows_t *rows)
{
    return PQntuples(rows->result);
}

int rows_are_binary(const rows_t *rows)
{
    return rows->is_binary;
}

void rows_seek(rows_t *rows, int n)
{
    rows->current = n;
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
