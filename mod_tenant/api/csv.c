/* SPDX-License-Identifier: Apache-2.0 */
#include "csv.h"

#include <string.h>

/* Whether a spreadsheet may compute it. */
static int is_formula(const char *text)
{
    size_t digits;

    if (*text == '=' || *text == '@' || *text == '\t' || *text == '\r')
        return 1;
    if (*text != '+' && *text != '-')
        return 0;
    digits = strspn(text + 1, "0123456789");
    return digits == 0 || text[1 + digits] != '\0';
}

/* Writes a text in quotes, each of its own doubled; ahead of it what `first` is. */
static void write_quoted(writer_t *writer, const char *first, const char *text)
{
    writer_literal(writer, "\"");
    writer_raw(writer, first, strlen(first));
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
    const char *first = !is_raw && is_formula(text) ? "'" : "";

    if (!*text || text[strcspn(text, ",\"\r\n")]) {
        write_quoted(writer, first, text);
        return;
    }
    writer_raw(writer, first, strlen(first));
    writer_raw(writer, text, strlen(text));
}
