/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_FORMULA_H
#define TENANT_HTTP_FORMULA_H

#include <apr_pools.h>

/* What a program may take for the end of a cell that is not in a spreadsheet's own list of separators, which
 * differs by language: Excel in German knows no comma, and then no quotes behind one either. */
#define FORMULA_SEPARATORS ";\t\r\n"

/* The text (UTF-8) with a `'` ahead of each place where a spreadsheet would begin to compute: the beginning
 * of the text, and what is behind one of the separators. There a formula begins with `=`, `+`, `-` or `@`,
 * with what Unicode has for these in other widths, after any spaces and characters that do not show; a sign
 * and digits alone, as a telephone number has them, are none. A text that begins with TAB or CR gets it as
 * well. The text itself where nothing is to be done, else in pool. */
const char *formula_guard(const char *text, apr_pool_t *pool);

#endif
