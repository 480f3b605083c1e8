/* SPDX-License-Identifier: Apache-2.0 */
#include "csv.h"

#include <string.h>

#include "formula.h"

/* What a field has in quotes: what ends one, here or in another language's CSV, and quotes. */
#define QUOTED ",\"" FORMULA_SEPARATORS

/* Writes a text in quotes, each of its own doubled. */
static void write_quoted(writer_t *writer, const char *text)
{
    writer_literal(writer, "\"");
    for (;;) {
        size_t length = strcspn(text, "\"");

        writer_raw(writer, text, length);
        if (!text[length])
            break;
        writer_literal(writer, "\"\"");
        text += length + 1;
    }
    writer_literal(writer, "\"");
}

void csv_write(writer_t *writer, const char *text, int is_raw)
{
    if (!is_raw)
        text = formula_guard(text, writer->pool);
    if (!*text || text[strcspn(text, QUOTED)])
        write_quoted(writer, text);
    else
        writer_raw(writer, text, strlen(text));
}
