/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_CSV_H
#define TENANT_API_CSV_H

#include "../json/writer.h"

/* What ends each line (RFC 4180 section 2). */
#define CSV_LINE_END "\r\n"

/* Writes a text as a CSV field (RFC 4180): in quotes where it holds a comma, a quote or a line's end, and
 * where it is empty, so that it is told from null. A text that a spreadsheet would take for a formula gets a
 * `'` ahead of it, unless is_raw: one that starts with `=`, `@`, TAB or CR, or with a sign that is not
 * followed by digits alone, as it is in a telephone number. */
void csv_write(writer_t *writer, const char *text, int is_raw);

#endif
