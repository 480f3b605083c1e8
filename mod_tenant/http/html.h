/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_HTML_H
#define TENANT_HTTP_HTML_H

#include "../json/writer.h"

/* Small pages for people, that need nothing but themselves: no script, no other file. What comes from outside
 * goes through html_text(); writer_literal() appends markup. */

/* Begins a page, and ends it. title is text. */
void html_begin(writer_t *writer, const char *title);
void html_end(writer_t *writer);

/* Appends a text so that it is text between tags as well as in a quoted attribute. */
void html_text(writer_t *writer, const char *text);

/* Appends a sentence whose `code` in backquotes becomes an element. */
void html_prose(writer_t *writer, const char *text);

/* What such a page is served with, beside what all answers are: nothing may be loaded,
 * nobody may frame it. */
#define HTML_CONTENT_SECURITY_POLICY                                                                         \
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors "   \
    "'none'"

#endif
