/* SPDX-License-Identifier: Apache-2.0 */
#include "sheet.h"

#include "portion.h"

enum {
    SHEET_BYTES = 1024 * 1024,    /* where these have come together a page ends */
    PART_BYTES = 4 * 1024 * 1024, /* what libpq gets at a time, at most: it buffers all of it */
    FEW_BYTES = 256 * 1024,       /* what may be kept without a look at how much it is */
    SHORT_PAGE = 50, /* a page of so many rows takes so little time that others may wait for it */
};

int sheet_part_rows(const resource_t *resource)
{
    apr_size_t rows = PART_BYTES / resource_row_size(resource);

    return rows > 0 ? (int)rows : 1;
}

/* Whether the page is a short one, with no rows in between that a filter turns down. */
static int is_short(const api_t *api)
{
    return api->page.filter_count == 0 && api->page.limit <= SHORT_PAGE && api->scope.tenant;
}

/* Adds a part to the page, whose rows come to their end where they are too long. */
static void add_part(sheet_t *sheet, rows_t *rows, int is_counted)
{
    int count = rows_count(rows);
    int fitting = is_counted ? 0 : count;

    while (fitting < count && sheet->size < SHEET_BYTES)
        sheet->size += rows_size(rows, fitting++);
    sheet->parts[sheet->part_count++] = rows;
    sheet->count += fitting;
    sheet->has_more = fitting < count;
}

/* Reads as many parts as it takes, each behind the one before. left: how many rows there may be. */
static const problem_t *read_parts(const api_t *api, sheet_t *sheet, int left)
{
    page_t page = api->page;
    apr_pool_t *pool = api->exchange.r->pool;

    sheet->parts = apr_palloc(pool, (apr_size_t)(left / sheet->part_rows + 1) * sizeof *sheet->parts);
    for (;;) {
        int wanted = left < sheet->part_rows ? left : sheet->part_rows;
        rows_t *rows;
        const problem_t *problem = portion_read(api, &page, wanted, &rows, pool);

        if (problem)
            return problem;
        add_part(sheet, rows, 1);
        left -= wanted;
        if (sheet->has_more || left == 0 || rows_count(rows) < wanted)
            return NULL;
        portion_advance(&page, rows, wanted - 1, pool);
    }
}

const problem_t *sheet_read(const api_t *api, sheet_t *sheet)
{
    const page_t *page = &api->page;
    int wanted = page->limit + 1; /* by one more is seen that there are others */
    int is_counted = (apr_size_t)wanted * resource_row_size(page->resource) > FEW_BYTES;
    const problem_t *problem;

    *sheet =
        (sheet_t){.part_rows = sheet_part_rows(page->resource), .is_reversed = page->seek == PAGE_BEFORE};
    if (wanted <= sheet->part_rows) {
        sheet->parts = &sheet->only;
        problem = is_short(api) ? portion_read_short(api, wanted, &sheet->only)
                                : portion_read(api, page, wanted, &sheet->only, api->exchange.r->pool);
        if (!problem)
            add_part(sheet, sheet->only, is_counted);
    } else {
        problem = read_parts(api, sheet, wanted);
    }
    if (sheet->count == wanted) {
        sheet->count = page->limit;
        sheet->has_more = 1;
    }
    return problem;
}

rows_t *sheet_row(const sheet_t *sheet, int n, int *row)
{
    int number = sheet->is_reversed ? sheet->count - 1 - n : n;

    *row = number % sheet->part_rows;
    return sheet->parts[number / sheet->part_rows];
}

void sheet_free(sheet_t *sheet)
{
    for (int n = 0; n < sheet->part_count; n++)
        rows_free(sheet->parts[n]);
}
