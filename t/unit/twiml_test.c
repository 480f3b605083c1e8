/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/twilio/twiml.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_xml.h>

#include "tap.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>"
#define TAIL "</Response>\n"

static apr_pool_t *pool;

static const char *end(twiml_t *twiml)
{
    apr_size_t length;
    const char *text = twiml_end(twiml, &length);

    return strlen(text) == length ? text : "another length";
}

static void test_verbs(void)
{
    const twiml_dial_t plain = {.kind = TWIML_NUMBER, .target = "+12025550100"};
    const twiml_dial_t full = {
        .kind = TWIML_SIP,
        .target = "sip:bob@example.com;transport=tls",
        .action = "https://a.test/dial-status",
        .status_callback = "https://a.test/call-status",
        .record_callback = "https://a.test/recording",
    };
    const twiml_dial_t client = {.kind = TWIML_CLIENT,
                                 .target = "alice",
                                 .status_callback = "https://a.test/c?x=1&y=2"};
    twiml_t twiml;

    twiml_start(&twiml, pool);
    is_text(end(&twiml), HEAD TAIL, "an answer without a verb");
    twiml_start(&twiml, pool);
    twiml_dial(&twiml, &plain);
    is_text(end(&twiml), HEAD "<Dial><Number>+12025550100</Number></Dial>" TAIL, "a number is dialled");
    twiml_start(&twiml, pool);
    twiml_dial(&twiml, &full);
    is_text(end(&twiml),
            HEAD "<Dial action=\"https://a.test/dial-status\" record=\"record-from-answer-dual\""
                 " recordingStatusCallback=\"https://a.test/recording\""
                 " recordingStatusCallbackEvent=\"in-progress completed absent\">"
                 "<Sip statusCallback=\"https://a.test/call-status\""
                 " statusCallbackEvent=\"initiated ringing answered "
                 "completed\">sip:bob@example.com;transport=tls</Sip>"
                 "</Dial>" TAIL,
            "a SIP address, recorded, and everybody is told");
    twiml_start(&twiml, pool);
    twiml_record(&twiml, "https://a.test/recording");
    twiml_dial(&twiml, &client);
    is_text(end(&twiml),
            HEAD "<Start><Recording recordingStatusCallback=\"https://a.test/recording\""
                 " recordingStatusCallbackEvent=\"in-progress completed absent\"/></Start>"
                 "<Dial><Client statusCallback=\"https://a.test/c?x=1&amp;y=2\""
                 " statusCallbackEvent=\"initiated ringing answered completed\">alice</Client></Dial>" TAIL,
            "a recording, then a client");
    twiml_start(&twiml, pool);
    twiml_say(&twiml, "Hello");
    twiml_redirect(&twiml, "https://app.test/voice?a=1&b=2");
    is_text(end(&twiml), HEAD "<Say>Hello</Say><Redirect>https://app.test/voice?a=1&amp;b=2</Redirect>" TAIL,
            "several verbs");
    twiml_start(&twiml, pool);
    twiml_reject(&twiml, 0);
    is_text(end(&twiml), HEAD "<Reject/>" TAIL, "a call is rejected");
    twiml_start(&twiml, pool);
    twiml_reject(&twiml, 1);
    is_text(end(&twiml), HEAD "<Reject reason=\"busy\"/>" TAIL, "... as if busy");
    twiml_start(&twiml, pool);
    twiml_message(&twiml, "Bye");
    is_text(end(&twiml), HEAD "<Message>Bye</Message>" TAIL, "a reply");
}

/* What an XML parser reads of an answer: its first verb's text, and its first verb's attribute. */
static const char *parsed(const char *text, int is_attribute)
{
    apr_xml_parser *parser = apr_xml_parser_create(pool);
    const char *all = "";
    apr_xml_doc *document;

    if (apr_xml_parser_feed(parser, text, strlen(text)) != APR_SUCCESS ||
        apr_xml_parser_done(parser, &document) != APR_SUCCESS)
        return "not well-formed";
    if (is_attribute)
        return document->root->first_child->attr->value;
    for (const apr_text *part = document->root->first_child->first_cdata.first; part; part = part->next)
        all = apr_pstrcat(pool, all, part->text, NULL);
    return all;
}

static void test_texts(void)
{
    static const struct {
        const char *text, *read;
    } texts[] = {
        {"a & b < c > d \" e ' f ]]> &amp; <!-- -->", NULL},
        {"</Say><Hangup/><Say>", NULL},
        {"Gr\xC3\xBC\xC3\x9F Gott \xF0\x9F\x98\x80", NULL},
        {"a\tb\nc\rd\r\ne", NULL},
        {"", NULL},
        {"a\x01\x08\x0B\x0C\x1F"
         "b",
         "ab"},
        {"a\x7F\xC2\x85"
         "b",
         NULL},
        {"a\xEF\xBF\xBE\xEF\xBF\xBF"
         "b",
         "ab"},
        {"a\xEF\xBF\xBD"
         "b",
         NULL},
        {"a\xFF"
         "b\xC3",
         "a\xEF\xBF\xBD"
         "b\xEF\xBF\xBD"},
        {"a\xED\xA0\x80"
         "b",
         "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
         "b"},
    };

    for (size_t n = 0; n < sizeof texts / sizeof *texts; n++) {
        const char *read = texts[n].read ? texts[n].read : texts[n].text;
        twiml_dial_t dial = {.kind = TWIML_NUMBER, .target = "1", .action = texts[n].text};
        twiml_t twiml;

        twiml_start(&twiml, pool);
        twiml_say(&twiml, texts[n].text);
        is_text(parsed(end(&twiml), 0), read, "text %zu comes back from an element", n);
        twiml_start(&twiml, pool);
        twiml_dial(&twiml, &dial);
        is_text(parsed(end(&twiml), 1), read, "... and from an attribute");
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_verbs();
    test_texts();
    apr_terminate();
    return done();
}
