/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_OUTPUT_H
#define TENANT_TENANTCTL_OUTPUT_H

#include <apr_pools.h>

/* One line to standard error, behind the command's name. Returns status. */
__attribute__((format(printf, 2, 3))) int complain(int status, const char *format, ...);

/* How a cell is written in JSON. */
typedef enum output_type_t {
    OUTPUT_TEXT,    /* a string */
    OUTPUT_LITERAL, /* a number or boolean, as it stands in the cell */
} output_type_t;

/* A column of a table, and a member of its rows as JSON objects. */
typedef struct output_column_t {
    const char *key; /* in JSON; upper-case in the table's head */
    output_type_t type;
    int json_only; /* too much for a table */
} output_column_t;

/* Rows of cells. A cell is UTF-8; NULL is JSON's null, and `-` in a table. */
typedef struct output_t output_t;

/* columns ends with a NULL key and outlives the table. */
output_t *output_make(const output_column_t *columns, apr_pool_t *pool);

/* Adds a row; the cells outlive the table. */
void output_row(output_t *output, const char *const *cells);

/* Gives a record a list of its own: a member of this name in JSON, a table below it for people. */
void output_attach(output_t *record, const char *name, const output_t *list);

int output_rows(const output_t *output);

/* Prints a document: the one row of record, and the rows of list as its member `name`. Either may be NULL.
 * For people: `KEY: value` lines, then a table. What was printed may be secret: no copy of it remains in
 * memory but in stdio's buffer. */
void output_print(const output_t *record, const char *name, const output_t *list, int json, apr_pool_t *pool);

#endif
