/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../json/writer.h"
#include "../secret/secret.h"

struct output_t {
    const output_column_t *columns;
    int width;                /* how many columns */
    apr_array_header_t *rows; /* const char *const * */
    const char *name;         /* of the list that is attached */
    const output_t *attached; /* NULL: none */
};

int complain(int status, const char *format, ...)
{
    va_list arguments;

    fputs("tenantctl: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return status;
}

output_t *output_make(const output_column_t *columns, apr_pool_t *pool)
{
    output_t *output = apr_pcalloc(pool, sizeof *output);

    output->columns = columns;
    while (columns[output->width].key)
        output->width++;
    output->rows = apr_array_make(pool, 16, sizeof(const char *const *));
    return output;
}

void output_row(output_t *output, const char *const *cells)
{
    APR_ARRAY_PUSH(output->rows, const char *const *) =
        apr_pmemdup(output->rows->pool, cells, (apr_size_t)output->width * sizeof *cells);
}

void output_attach(output_t *record, const char *name, const output_t *list)
{
    record->name = name;
    record->attached = list;
}

int output_rows(const output_t *output)
{
    return output->rows->nelts;
}

static const char *const *row_of(const output_t *output, int n)
{
    return APR_ARRAY_IDX(output->rows, n, const char *const *);
}

/* The members of one row, without braces. */
static void write_members(writer_t *writer, const output_t *output, int row)
{
    for (int n = 0; n < output->width; n++) {
        const char *cell = row_of(output, row)[n];

        if (n > 0)
            writer_literal(writer, ",");
        writer_text(writer, output->columns[n].key);
        writer_literal(writer, ":");
        if (cell && output->columns[n].type == OUTPUT_LITERAL)
            writer_raw(writer, cell, strlen(cell));
        else
            writer_text(writer, cell);
    }
}

static void write_list(writer_t *writer, const char *name, const output_t *list)
{
    writer_text(writer, name);
    writer_literal(writer, ":[");
    for (int n = 0; n < list->rows->nelts; n++) {
        writer_raw(writer, n > 0 ? ",{" : "{", n > 0 ? 2 : 1);
        write_members(writer, list, n);
        writer_literal(writer, "}");
    }
    writer_literal(writer, "]");
}

static void print_json(const output_t *record, const char *name, const output_t *list, apr_pool_t *pool)
{
    writer_t writer;

    writer_init(&writer, pool, 4096);
    writer_literal(&writer, "{");
    if (record)
        write_members(&writer, record, 0);
    if (record && record->attached) {
        writer_literal(&writer, ",");
        write_list(&writer, record->name, record->attached);
    }
    if (record && list)
        writer_literal(&writer, ",");
    if (list)
        write_list(&writer, name, list);
    writer_literal(&writer, "}\n");
    fwrite(writer.text, 1, writer.length, stdout);
    secret_wipe(writer.text, writer.length);
}

/* How many characters a cell takes in a table. */
static int cell_width(const char *cell)
{
    int width = 0;

    if (!cell)
        return 1;
    for (; *cell; cell++)
        width += ((unsigned char)*cell & 0xC0) != 0x80;
    return width;
}

/* A stored text must not steer the terminal: a control character (C0, DEL; C1 is C2 80 to C2 9F) is shown as
 * a question mark. */
static void print_cell(const char *cell)
{
    for (const char *at = cell ? cell : "-"; *at; at++) {
        unsigned char c = (unsigned char)*at, next = (unsigned char)at[1];

        if (c == 0xC2 && next >= 0x80 && next < 0xA0)
            at++;
        putchar(apr_iscntrl(c) || (c == 0xC2 && next >= 0x80 && next < 0xA0) ? '?' : c);
    }
}

static void print_padding(int width)
{
    while (width-- > 0)
        putchar(' ');
}

static void print_record(const output_t *record)
{
    int width = 0;

    for (int n = 0; n < record->width; n++) {
        if (cell_width(record->columns[n].key) > width)
            width = cell_width(record->columns[n].key);
    }
    for (int n = 0; n < record->width; n++) {
        const char *key = record->columns[n].key;

        if (record->columns[n].json_only)
            continue;
        printf("%s:", key);
        print_padding(width - cell_width(key) + 1);
        print_cell(row_of(record, 0)[n]);
        putchar('\n');
    }
}

/* One line of a table; NULL is its head. */
static void print_line(const output_t *list, const char *const *row, const int *widths)
{
    int padding = 0;

    for (int n = 0; n < list->width; n++) {
        const char *key = list->columns[n].key;

        if (list->columns[n].json_only)
            continue;
        print_padding(padding);
        if (row)
            print_cell(row[n]);
        else
            for (const char *at = key; *at; at++)
                putchar(*at == '_' ? ' ' : apr_toupper(*at));
        padding = widths[n] - cell_width(row ? row[n] : key) + 2;
    }
    putchar('\n');
}

static void print_table(const output_t *list, apr_pool_t *pool)
{
    int *widths = apr_palloc(pool, (size_t)list->width * sizeof *widths);

    for (int n = 0; n < list->width; n++) {
        widths[n] = cell_width(list->columns[n].key);
        for (int row = 0; row < list->rows->nelts; row++) {
            int width = cell_width(row_of(list, row)[n]);

            if (width > widths[n])
                widths[n] = width;
        }
    }
    print_line(list, NULL, widths);
    for (int row = 0; row < list->rows->nelts; row++)
        print_line(list, row_of(list, row), widths);
}

void output_print(const output_t *record, const char *name, const output_t *list, int json, apr_pool_t *pool)
{
    if (json) {
        print_json(record, name, list, pool);
        return;
    }
    if (record)
        print_record(record);
    if (record && record->attached)
        print_table(record->attached, pool);
    if (list && list->rows->nelts > 0)
        print_table(list, pool);
}
