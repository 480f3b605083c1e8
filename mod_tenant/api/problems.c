/* SPDX-License-Identifier: Apache-2.0 */
#include "problems.h"

#include <apr_strings.h>
#include <string.h>

#include "../http/html.h"
#include "../http/reply.h"
#include "../json/member.h"

enum { PAGE_SIZE = 4096, ALL_SIZE = 32768 };

static int wants_html(const api_t *api)
{
    return api->form == FORM_HTML;
}

static const char *path_of(const api_t *api, const char *code)
{
    return apr_pstrcat(api->exchange.r->pool, config_base_path(api->exchange.location), "/problems",
                       code ? "/" : "", code, NULL);
}

static const problem_t *answer(api_t *api, const writer_t *page)
{
    if (!wants_html(api))
        return exchange_answered(&api->exchange, reply_json(api->exchange.r, HTTP_OK, page));
    apr_table_setn(api->exchange.r->err_headers_out, "Content-Security-Policy", HTML_CONTENT_SECURITY_POLICY);
    apr_table_setn(api->exchange.r->err_headers_out, "Referrer-Policy", "no-referrer");
    return exchange_answered(&api->exchange, reply_bytes(api->exchange.r, "text/html; charset=utf-8",
                                                         page->text, page->length));
}

static void write_member(writer_t *writer, const char *name, const api_t *api, const problem_t *problem)
{
    member_object(writer, name);
    member_text(writer, "type", path_of(api, problem->code));
    member_text(writer, "code", problem->code);
    member_integer(writer, "status", problem->status);
    member_text(writer, "title", problem->title);
    member_text(writer, "meaning", problem->meaning);
    member_text(writer, "advice", problem->advice);
    member_object_end(writer);
}

static void write_json(writer_t *writer, const api_t *api)
{
    member_object(writer, NULL);
    member_array(writer, "data");
    for (const problem_t *const *problem = problem_table; *problem; problem++)
        write_member(writer, NULL, api, *problem);
    member_array_end(writer);
    member_object_end(writer);
    writer_literal(writer, "\n");
}

static void write_explanation(writer_t *writer, const problem_t *problem)
{
    writer_literal(writer, "<p>");
    html_prose(writer, problem->title);
    writer_literal(writer, "</p>\n<p>");
    html_prose(writer, problem->meaning);
    writer_literal(writer, "</p>\n<p>");
    html_prose(writer, problem->advice);
    writer_literal(writer, "</p>\n");
}

static void write_name(writer_t *writer, const problem_t *problem)
{
    writer_literal(writer, "<code>");
    html_text(writer, problem->code);
    writer_literal(writer, "</code> <span class=\"status\">");
    writer_integer(writer, problem->status);
    writer_literal(writer, "</span>");
}

static void write_html_one(writer_t *writer, const api_t *api, const problem_t *problem)
{
    html_begin(writer, problem->code);
    writer_literal(writer, "<h1>");
    write_name(writer, problem);
    writer_literal(writer, "</h1>\n");
    write_explanation(writer, problem);
    writer_literal(writer, "<p><a href=\"");
    html_text(writer, path_of(api, NULL));
    writer_literal(writer, "\">All problems</a></p>\n");
    html_end(writer);
}

static void write_html(writer_t *writer, const api_t *api)
{
    html_begin(writer, "Problems");
    writer_literal(writer, "<h1>Problems</h1>\n<p>What the errors of this API mean, and what to do.</p>\n");
    for (const problem_t *const *problem = problem_table; *problem; problem++) {
        writer_literal(writer, "<h2><a href=\"");
        html_text(writer, path_of(api, (*problem)->code));
        writer_literal(writer, "\">");
        write_name(writer, *problem);
        writer_literal(writer, "</a></h2>\n");
        write_explanation(writer, *problem);
    }
    html_end(writer);
}

const problem_t *problems_answer_all(api_t *api)
{
    writer_t writer;

    writer_init(&writer, api->exchange.r->pool, ALL_SIZE);
    if (wants_html(api))
        write_html(&writer, api);
    else
        write_json(&writer, api);
    return answer(api, &writer);
}

const problem_t *problems_answer_one(api_t *api)
{
    const problem_t *const *problem = problem_table;
    writer_t writer;

    while (*problem && strcmp((*problem)->code, api->route.id) != 0)
        problem++;
    if (!*problem)
        return &problem_not_found;
    writer_init(&writer, api->exchange.r->pool, PAGE_SIZE);
    if (wants_html(api)) {
        write_html_one(&writer, api, *problem);
    } else {
        write_member(&writer, NULL, api, *problem);
        writer_literal(&writer, "\n");
    }
    return answer(api, &writer);
}
