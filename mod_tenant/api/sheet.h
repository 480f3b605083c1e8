/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_SHEET_H
#define TENANT_API_SHEET_H

#include "api.h"

/* The rows of a page, in memory. Of short ones there are as many as the page may have; of long ones fewer,
 * for they end at some size: whatever the rows hold, a page takes no more than some MB. */
typedef struct sheet_t {
    rows_t *only;   /* what most pages are: the rows of one statement */
    rows_t **parts; /* as they were read, by several where so many rows might be too long for one */
    int part_count;
    int part_rows;   /* so many in each part but the last */
    int count;       /* rows of the page */
    apr_size_t size; /* bytes of their values, where they may be many; else 0 */
    int is_reversed; /* they were read from the last to the first */
    int has_more;    /* there are others in the direction in which they were read */
} sheet_t;

/* Reads the page that is asked for. */
const problem_t *sheet_read(const api_t *api, sheet_t *sheet);

/* Row n of the page by its number in the rows that are returned. */
rows_t *sheet_row(const sheet_t *sheet, int n, int *row);

/* Gives the rows' memory back; the page is not used any more. */
void sheet_free(sheet_t *sheet);

/* How many rows of a resource are read at a time, at most: so many as take some MB if each is as long as a
 * row can be. */
int sheet_part_rows(const resource_t *resource);

#endif
