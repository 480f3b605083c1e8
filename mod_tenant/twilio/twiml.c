/* SPDX-License-Identifier: Apache-2.0 */
#include "twiml.h"

#include <limits.h>

#include "../text.h"

#define CALL_EVENTS      "initiated ringing answered completed"
#define RECORDING_EVENTS "in-progress completed absent"

/* What an XML document cannot hold as it is, by its bytes, or what would not come back from it: of characters
 * that are allowed, the end of a line in an attribute. */
static const struct {
    const char *bytes, *escaped;
} specials[] = {
    {"&", "&amp;"}, {"<", "&lt;"},   {">", "&gt;"},   {"\"", "&quot;"},     {"'", "&apos;"},
    {"\t", "&#9;"}, {"\n", "&#10;"}, {"\r", "&#13;"}, {"\xEF\xBF\xBE", ""}, {"\xEF\xBF\xBF", ""},
};

/* What comes instead of what text begins with, which has *length bytes; NULL: that itself. */
static const char *escape(const char *text, apr_size_t *length)
{
    *length = 1;
    for (size_t n = 0; n < sizeof specials / sizeof *specials; n++) {
        apr_size_t size = strlen(specials[n].bytes);

        if (strncmp(text, specials[n].bytes, size) == 0) {
            *length = size;
            return specials[n].escaped;
        }
    }
    return (unsigned char)*text < 0x20 ? "" : NULL;
}

static void write_raw(twiml_t *twiml, const char *text)
{
    writer_raw(&twiml->writer, text, strlen(text));
}

static void write_text(twiml_t *twiml, const char *given)
{
    int ignored;
    apr_size_t length;

    for (const char *text = text_mend(given, strlen(given), 1, INT_MAX, &ignored, twiml->writer.pool); *text;
         text += length) {
        const char *escaped = escape(text, &length);

        if (escaped)
            write_raw(twiml, escaped);
        else
            writer_raw(&twiml->writer, text, length);
    }
}

/* An attribute; none where value is NULL. */
static void write_attribute(twiml_t *twiml, const char *name, const char *value)
{
    if (!value)
        return;
    write_raw(twiml, " ");
    write_raw(twiml, name);
    write_raw(twiml, "=\"");
    write_text(twiml, value);
    write_raw(twiml, "\"");
}

/* An element of a text, its attributes having been written. */
static void write_content(twiml_t *twiml, const char *element, const char *text)
{
    write_raw(twiml, ">");
    write_text(twiml, text);
    write_raw(twiml, "</");
    write_raw(twiml, element);
    write_raw(twiml, ">");
}

static void write_recording(twiml_t *twiml, const char *callback)
{
    write_attribute(twiml, "recordingStatusCallback", callback);
    write_attribute(twiml, "recordingStatusCallbackEvent", callback ? RECORDING_EVENTS : NULL);
}

void twiml_start(twiml_t *twiml, apr_pool_t *pool)
{
    writer_init(&twiml->writer, pool, 512);
    write_raw(twiml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>");
}

void twiml_dial(twiml_t *twiml, const twiml_dial_t *dial)
{
    static const char *const elements[] = {
        [TWIML_NUMBER] = "Number", [TWIML_CLIENT] = "Client", [TWIML_SIP] = "Sip"};
    const char *element = elements[dial->kind];

    write_raw(twiml, "<Dial");
    write_attribute(twiml, "action", dial->action);
    write_attribute(twiml, "record", dial->record_callback ? "record-from-answer-dual" : NULL);
    write_recording(twiml, dial->record_callback);
    write_raw(twiml, "><");
    write_raw(twiml, element);
    write_attribute(twiml, "statusCallback", dial->status_callback); /* <Dial> itself has none: error 12200 */
    write_attribute(twiml, "statusCallbackEvent", dial->status_callback ? CALL_EVENTS : NULL);
    write_content(twiml, element, dial->target);
    write_raw(twiml, "</Dial>");
}

void twiml_say(twiml_t *twiml, const char *text)
{
    write_raw(twiml, "<Say");
    write_content(twiml, "Say", text);
}

void twiml_reject(twiml_t *twiml, int is_busy)
{
    write_raw(twiml, is_busy ? "<Reject reason=\"busy\"/>" : "<Reject/>");
}

void twiml_redirect(twiml_t *twiml, const char *url)
{
    write_raw(twiml, "<Redirect");
    write_content(twiml, "Redirect", url);
}

void twiml_message(twiml_t *twiml, const char *text)
{
    write_raw(twiml, "<Message");
    write_content(twiml, "Message", text);
}

void twiml_record(twiml_t *twiml, const char *callback)
{
    write_raw(twiml, "<Start><Recording");
    write_recording(twiml, callback);
    write_raw(twiml, "/></Start>");
}

const char *twiml_end(twiml_t *twiml, apr_size_t *length)
{
    write_raw(twiml, "</Response>\n");
    *length = twiml->writer.length;
    writer_raw(&twiml->writer, "", 1);
    return twiml->writer.text;
}
