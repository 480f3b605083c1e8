/* SPDX-License-Identifier: Apache-2.0 */
#include "row.h"

#include <apr_dbd.h>
#include <stdlib.h>

struct rows_t {
    const apr_dbd_driver_t *driver;
    apr_dbd_results_t *results;
    apr_dbd_row_t *row; /* the current one; one object, reused for every row */
    apr_pool_t *pool;
    uint64_t cluster;
    int count;
};

rows_t *rows_make(const apr_dbd_driver_t *driver, apr_dbd_results_t *results, uint64_t cluster,
                  apr_pool_t *pool)
{
    rows_t *rows = apr_palloc(pool, sizeof *rows);

    rows->driver = driver;
    rows->results = results;
    rows->row = NULL;
    rows->pool = pool;
    rows->cluster = cluster;
    rows->count = results ? apr_dbd_num_tuples(driver, results) : 0;
    return rows;
}

uint64_t rows_cluster(const rows_t *rows)
{
    return rows->cluster;
}

int rows_count(const rows_t *rows)
{
    return rows->count;
}

void rows_seek(rows_t *rows, int n)
{
    /* never past the last row: there apr_dbd_get_row() frees the result and with it every text handed out */
    apr_dbd_get_row(rows->driver, rows->pool, rows->results, &rows->row, n + 1);
}

const char *rows_text(const rows_t *rows, int column)
{
    char *text = NULL;

    if (apr_dbd_datum_get(rows->driver, rows->row, column, APR_DBD_TYPE_STRING, &text) != APR_SUCCESS)
        return NULL;
    return text;
}

int rows_int(const rows_t *rows, int column)
{
    const char *text = rows_text(rows, column);

    return text ? atoi(text) : 0;
}
