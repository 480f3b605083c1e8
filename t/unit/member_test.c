/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_general.h>
#include <apr_strings.h>

#include "../../mod_tenant/json/member.h"
#include "tap.h"

static apr_pool_t *pool;

static const char *text_of(const writer_t *writer)
{
    return apr_pstrmemdup(pool, writer->text, writer->length);
}

static writer_t make_writer(void)
{
    writer_t writer;

    writer_init(&writer, pool, 1);
    return writer;
}

static void test_members(void)
{
    static const char *const texts[] = {"a", "", "{[", NULL};
    writer_t writer = make_writer();

    member_object(&writer, NULL);
    member_text(&writer, "text", "\"x\"\n");
    member_text(&writer, "null", NULL);
    member_integer(&writer, "integer", -7);
    member_boolean(&writer, "yes", 1);
    member_boolean(&writer, "no", 0);
    member_texts(&writer, "texts", texts);
    member_object(&writer, "empty");
    member_object_end(&writer);
    member_array(&writer, "none");
    member_array_end(&writer);
    member_json(&writer, "json", "{\"a\": [1]}");
    member_json(&writer, "more", "2");
    member_object_end(&writer);
    is_text(text_of(&writer),
            "{\"text\":\"\\\"x\\\"\\n\",\"null\":null,\"integer\":-7,\"yes\":true,\"no\":false,"
            "\"texts\":[\"a\",\"\",\"{[\"],\"empty\":{},\"none\":[],\"json\":{\"a\": [1]},\"more\":2}",
            "members of every kind");
}

static void test_items(void)
{
    writer_t writer = make_writer();

    member_array(&writer, NULL);
    for (int i = 0; i < 2; i++) {
        member_array(&writer, NULL);
        member_object(&writer, NULL);
        member_integer(&writer, "[", i);
        member_object_end(&writer);
        member_integer(&writer, NULL, i);
        member_array_end(&writer);
    }
    member_text(&writer, NULL, "[");
    member_boolean(&writer, NULL, 0);
    member_array_end(&writer);
    is_text(text_of(&writer), "[[{\"[\":0},0],[{\"[\":1},1],\"[\",false]", "items, nested");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_members();
    test_items();
    apr_terminate();
    return done();
}
