/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_ROW_H
#define TENANT_STORE_ROW_H

#include <apr_pools.h>
#include <stdint.h>

/* The result of a statement, buffered whole in the request's pool: it needs no connection any more. */
typedef struct rows_t rows_t;

struct pg_result;

/* Takes over a result of libpq's, which goes with the pool. */
rows_t *rows_make(struct pg_result *result, apr_pool_t *pool);

/* A result of libpq's that rows of several pools, in any threads, are parts of. */
typedef struct result_t result_t;

/* One without rows, with one holder. NULL: out of memory. */
result_t *result_make(void);

/* Gives it what it is for, and so many holders. */
void result_set(result_t *result, struct pg_result *libpq, int holders);

/* One holder less; it goes with the last. */
void result_drop(result_t *result);

/* Takes over one holder's part: count rows from first on. */
rows_t *rows_of_part(result_t *result, int first, int count, apr_pool_t *pool);

/* How many rows there are. */
int rows_count(const rows_t *rows);

/* Makes row n the current one, 0 <= n < rows_count(). */
void rows_seek(rows_t *rows, int n);

/* Whether the values are in PostgreSQL's binary format, in which a string is what it is as text
 * (statement_t.is_binary). */
int rows_are_binary(const rows_t *rows);

/* How many bytes the values of row n have together. */
apr_size_t rows_size(const rows_t *rows, int n);

/* Gives the memory of all values back ahead of the pool's end, for who still has much to do; nothing may be
 * read of the rows any more. */
void rows_free(rows_t *rows);

/* Column n (from 0) of the current row in its format, with its length in bytes; NULL for SQL NULL, which is
 * not
 * "". A NUL follows. It lives as long as the rows' pool. */
const char *rows_value(const rows_t *rows, int column, apr_size_t *length);

/* The same without the length, of rows in text format or of a string. */
const char *rows_text(const rows_t *rows, int column);

/* Column n of the current row, in text format, an integer column that is not NULL. */
int rows_int(const rows_t *rows, int column);

#endif
