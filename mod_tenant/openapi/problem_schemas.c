/* SPDX-License-Identifier: Apache-2.0 */
#include "problem_schemas.h"

#include <limits.h>

#include "schema.h"

enum { SENTENCE_MAX = 1024, CODE_MAX = 64, ERRORS_MAX = 8192 };

static void write_codes(const openapi_t *openapi)
{
    writer_t *writer = openapi->writer;

    member_object(writer, "code");
    member_text(writer, "type", "string");
    member_array(writer, "enum");
    for (const problem_t *const *problem = problem_table; *problem; problem++)
        member_text(writer, NULL, (*problem)->code);
    member_array_end(writer);
    member_text(writer, "description",
                "Which problem it is: what programs should look at. Later versions may add some.");
    member_object_end(writer);
}

static void write_problem_errors(const openapi_t *openapi)
{
    static const char *const required[] = {"pointer", "code", "detail", NULL};
    static const char *const codes[] = {"required", "unknown", "read-only", "type",      "length", "pattern",
                                        "range",    "null",    "nul",       "duplicate", NULL};
    writer_t *writer = openapi->writer;

    member_object(writer, "errors");
    member_text(writer, "type", "array");
    member_integer(writer, "maxItems", ERRORS_MAX);
    member_text(writer, "description", "With `invalid`: every member of the body that is wrong.");
    openapi_object_begin(openapi, "items", NULL);
    member_texts(writer, "required", required);
    member_object(writer, "properties");
    openapi_text(openapi, "pointer", "The member, as a JSON Pointer (RFC 6901).", INT_MAX, 0);
    member_object(writer, "code");
    member_text(writer, "type", "string");
    member_texts(writer, "enum", codes);
    member_object_end(writer);
    openapi_text(openapi, "detail", "What is wrong with it.", SENTENCE_MAX, 0);
    member_object_end(writer);
    member_object_end(writer);
    member_object_end(writer);
}

/* RFC 9457. */
static void write_problem(const openapi_t *openapi)
{
    static const char *const required[] = {"type", "title", "status", "code", "request_id", NULL};
    writer_t *writer = openapi->writer;

    openapi_object_begin(openapi, "Problem", "What went wrong (RFC 9457).");
    member_texts(writer, "required", required);
    member_object(writer, "properties");
    openapi_text(openapi, "type", "The path of a page about this problem.", OPENAPI_PATH_MAX, 0);
    openapi_text(openapi, "title", "The problem in a sentence, always the same one.", SENTENCE_MAX, 0);
    openapi_integer(openapi, "status", "The status of the answer.", 400, 599);
    write_codes(openapi);
    openapi_text(openapi, "detail", "More about this occurrence, for people.", SENTENCE_MAX, 0);
    openapi_text(openapi, "request_id", "The name of this request in the server's logs.", CODE_MAX, 0);
    write_problem_errors(openapi);
    member_object_end(writer);
    member_object_end(writer);
}

/* What /problems/{code} tells, and the list of all. */
static void write_explanations(const openapi_t *openapi)
{
    static const char *const required[] = {"type", "code", "status", "title", "meaning", "advice", NULL};
    static const char *const list_required[] = {"data", NULL};
    writer_t *writer = openapi->writer;

    openapi_object_begin(openapi, "ProblemExplanation", "What a problem means, and what to do about it.");
    member_texts(writer, "required", required);
    member_object(writer, "properties");
    openapi_text(openapi, "type", "The path of this explanation.", OPENAPI_PATH_MAX, 0);
    write_codes(openapi);
    openapi_integer(openapi, "status", "The status of its answers.", 400, 599);
    openapi_text(openapi, "title", "The problem in a sentence.", SENTENCE_MAX, 0);
    openapi_text(openapi, "meaning", "What it means.", SENTENCE_MAX, 0);
    openapi_text(openapi, "advice", "What to do.", SENTENCE_MAX, 0);
    member_object_end(writer);
    member_object_end(writer);

    openapi_object_begin(openapi, "ProblemExplanationList", "All problems.");
    member_texts(writer, "required", list_required);
    member_object(writer, "properties");
    member_object(writer, "data");
    member_text(writer, "type", "array");
    member_integer(writer, "maxItems", SENTENCE_MAX);
    openapi_ref(openapi, "items", "schemas", "ProblemExplanation", "");
    member_object_end(writer);
    member_object_end(writer);
    member_object_end(writer);
}

void openapi_problem_schemas(const openapi_t *openapi)
{
    write_problem(openapi);
    write_explanations(openapi);
}
