/* SPDX-License-Identifier: Apache-2.0 */
#include "html.h"

static const char *entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static void put(writer_t *writer, char c)
{
    const char *escaped = entity(c);

    if (escaped)
        writer_raw(writer, escaped, strlen(escaped));
    else
        writer_raw(writer, &c, 1);
}

void html_text(writer_t *writer, const char *text)
{
    for (; *text; text++)
        put(writer, *text);
}

void html_prose(writer_t *writer, const char *text)
{
    int is_code = 0;

    for (; *text; text++) {
        if (*text != '`') {
            put(writer, *text);
            continue;
        }
        is_code = !is_code;
        if (is_code)
            writer_literal(writer, "<code>");
        else
            writer_literal(writer, "</code>");
    }
}

void html_begin(writer_t *writer, const char *title)
{
    writer_literal(writer,
                   "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    html_text(writer, title);
    writer_literal(writer,
                   "</title>\n<style>\n"
                   ":root { color-scheme: light dark; }\n"
                   "body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, "
                   "sans-serif; }\n"
                   "h1 { font-size: 1.5rem; }\nh2 { font-size: 1.1rem; margin: 2rem 0 0; }\n"
                   "p { margin: .5rem 0; }\ncode { font: .9em ui-monospace, monospace; }\n"
                   ".status { opacity: .7; }\n"
                   "</style>\n");
}

void html_end(writer_t *writer)
{
    writer_literal(writer, "</html>\n");
}
