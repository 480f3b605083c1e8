/* SPDX-License-Identifier: Apache-2.0 */
#include "shape.h"

#include <ctype.h>
#include <libpq-fe.h>
#include <string.h>

/* PostgreSQL's types (src/include/catalog/pg_type.dat), whose numbers are the same in every database. */
enum {
    TYPE_BOOL = 16,
    TYPE_INT8 = 20,
    TYPE_INT2 = 21,
    TYPE_INT4 = 23,
    TYPE_TEXT = 25,
    TYPE_VARCHAR = 1043,
    TYPE_DATE = 1082,
    TYPE_TIMESTAMP = 1114,
    TYPE_TIMESTAMPTZ = 1184,
};

/* Whether a type is one of those that a letter stands for. Any type is a text in text format. */
static int is_of_kind(Oid type, char kind, int is_binary)
{
    switch (kind) {
    case 'i':
        return type == TYPE_INT4 || type == TYPE_INT8 || type == TYPE_INT2;
    case 'b':
        return type == TYPE_BOOL;
    case 'd':
        return type == TYPE_DATE;
    case 't':
        return type == TYPE_TIMESTAMPTZ || type == TYPE_TIMESTAMP;
    default:
        return !is_binary || type == TYPE_TEXT || type == TYPE_VARCHAR;
    }
}

static int has_null(const PGresult *rows, int column)
{
    for (int row = 0; row < PQntuples(rows); row++) {
        if (PQgetisnull(rows, row, column))
            return 1;
    }
    return 0;
}

int shape_mismatch(const PGresult *rows, const statement_t *statement)
{
    int columns = PQnfields(rows);
    int is_binary = PQbinaryTuples(rows);
    int column = 0;

    for (const char *kind = statement->shape; *kind; kind++, column++) {
        if (column >= columns || !is_of_kind(PQftype(rows, column), (char)tolower(*kind), is_binary) ||
            (isupper(*kind) && has_null(rows, column)))
            return column + 1;
    }
    return column < columns ? column + 1 : 0;
}
