/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_CSV_H
#define TENANT_HTTP_CSV_H

#include "../json/writer.h"

/* What ends each line (RFC 4180 section 2). */
#define CSV_LINE_END "\r\n"

/* Writes a text as a CSV field (RFC 4180): in quotes where it holds a comma or another separator, a quote or
 * a line's end, and where it is empty, so that it is told from null. What a spreadsheet would take for a
 * formula gets a `'` ahead of it (formula.h), unless is_raw. */
void csv_write(writer_t *writer, const char *text, int is_raw);

#endif
