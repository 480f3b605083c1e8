/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/twilio/event.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "tap.h"

#define HEX  "0123456789abcdef0123456789abcdef"
#define HEX2 "fedcba9876543210fedcba9876543210"
#define AC   "AccountSid=AC" HEX "&"
#define CALL AC "CallSid=CA" HEX "&"

static apr_pool_t *pool;

static const char *const columns[] = {
    "sid",       "status",     "call_sid",  "from_number",     "to_number",
    "direction", "duration",   "channels",  "parent_call_sid", "answered_at",
    "ended_at",  "error_code", "num_media", "media",           "body",
    "url",       "source",
};

static int has_column(upsert_table_t table, const char *column)
{
    static const char *const of[] = {
        [UPSERT_CALLS] =
            "sid status from_number to_number direction duration parent_call_sid answered_at ended_at ",
        [UPSERT_MESSAGES] = "sid status from_number to_number direction error_code num_media media body ",
        [UPSERT_RECORDINGS] = "sid status call_sid url duration channels source ",
    };

    return strstr(apr_pstrcat(pool, " ", of[table], NULL), apr_pstrcat(pool, " ", column, " ", NULL)) != NULL;
}

/* What an event says, as `resource column=value …`, a line for each row, and which parameters were mended; or
 * the sentence. */
static const char *reading(event_kind_t kind, const char *text)
{
    const char *all = "";
    const char *why;
    form_t form;
    event_t event;

    if (form_parse(&form, text, strlen(text), 100, pool))
        return "no form";
    why = event_read(&event, kind, &form, pool);
    if (why)
        return why;
    for (int n = 0; n < event.count; n++) {
        all = apr_pstrcat(pool, all, n ? "\n" : "", upsert_resource(&event.rows[n]), NULL);
        for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
            const char *value = has_column(event.rows[n].table, columns[i])
                                    ? *upsert_value(&event.rows[n], columns[i])
                                    : NULL;

            if (value)
                all = apr_pstrcat(pool, all, " ", columns[i], "=", value, NULL);
        }
    }
    return event.mended ? apr_pstrcat(pool, all, " mended: ", event.mended, NULL) : all;
}

static void test_kinds(void)
{
    is_text(reading(EVENT_VOICE,
                    CALL "CallStatus=ringing&From=%2B1202&To=%2B1312&Direction=inbound&ApiVersion=2010-04-01&"
                         "CallToken=x&StirVerstat=y&ForwardedFrom=z&Body=no"),
            "calls sid=CA" HEX " status=ringing from_number=+1202 to_number=+1312 direction=inbound",
            "a call comes in");
    is_text(reading(EVENT_CALL_STATUS,
                    CALL "CallStatus=completed&Duration=1&CallDuration=42&"
                         "Timestamp=Wed%2C+24+Sep+2025+18%3A36%3A08+%2B0000&ParentCallSid=CA" HEX2),
            "calls sid=CA" HEX " status=completed duration=42 parent_call_sid=CA" HEX2
            " ended_at=2025-09-24T18:36:08Z",
            "it has ended");
    is_text(reading(EVENT_CALL_STATUS,
                    CALL "CallStatus=in-progress&Timestamp=Wed%2C+24+Sep+2025+20%3A36%3A08+%2B0200"),
            "calls sid=CA" HEX " status=in-progress answered_at=2025-09-24T18:36:08Z",
            "it was answered, in another zone");
    is_text(reading(EVENT_CALL_STATUS,
                    CALL "CallStatus=ringing&Timestamp=Wed%2C+24+Sep+2025+18%3A36%3A08+%2B0000"),
            "calls sid=CA" HEX " status=ringing", "it rings, which no column times");
    is_text(reading(EVENT_DIAL_STATUS,
                    CALL "CallStatus=in-progress&From=a&To=b&Direction=inbound&DialCallSid=CA" HEX2
                         "&DialCallStatus=no-answer&DialCallDuration=0&DialBridged=false"),
            "calls sid=CA" HEX " status=in-progress from_number=a to_number=b direction=inbound\n"
            "calls sid=CA" HEX2 " status=no-answer direction=outbound-dial duration=0 parent_call_sid=CA" HEX,
            "a call, and the leg that it dialled");
    is_text(reading(EVENT_DIAL_STATUS, CALL "DialCallStatus=failed"), "calls sid=CA" HEX,
            "a call that dialled nobody");
    is_text(reading(EVENT_DIAL_STATUS, CALL "DialCallSid=CA" HEX), "calls sid=CA" HEX,
            "a call is no leg of itself");
    is_text(reading(EVENT_DIAL_STATUS, CALL "DialCallSid=x"), "calls sid=CA" HEX " mended: DialCallSid",
            "a leg without a sid does not lose the call");
    is_text(reading(EVENT_MESSAGE,
                    AC "MessageSid=SM" HEX "&SmsSid=SM" HEX "&SmsMessageSid=SM" HEX
                       "&From=whatsapp%3A%2B1&To=12345&Body=+hi%0A%F0%9F%98%80&NumMedia=0&NumSegments=1&"
                       "SmsStatus=received"),
            "messages sid=SM" HEX
            " status=received from_number=whatsapp:+1 to_number=12345 direction=inbound num_media=0"
            " body= hi\n\xF0\x9F\x98\x80",
            "a message comes in");
    is_text(reading(EVENT_MESSAGE_STATUS,
                    AC "MessageSid=MM" HEX "&MessageStatus=undelivered&SmsStatus=sent&ErrorCode=30003&From=&"
                       "To=%2B1"),
            "messages sid=MM" HEX
            " status=undelivered from_number= to_number=+1 direction=outbound error_code=30003",
            "one that was sent is further on");
    is_text(reading(EVENT_MESSAGE_STATUS, AC "SmsSid=SM" HEX "&SmsStatus=received"),
            "messages sid=SM" HEX " status=received direction=inbound", "one that came in");
    is_text(reading(EVENT_RECORDING, CALL
                    "RecordingSid=RE" HEX "&RecordingUrl=https%3A%2F%2Fapi.example.com%2Fx&RecordingStatus="
                    "completed&RecordingDuration=5&RecordingChannels=2&RecordingSource=DialVerb"),
            "recordings sid=RE" HEX " status=completed call_sid=CA" HEX
            " duration=5 channels=2 url=https://api.example.com/x source=DialVerb",
            "a recording");
    is_text(reading(EVENT_RECORDING, AC "RecordingSid=RE" HEX "&ConferenceSid=CF" HEX),
            "recordings sid=RE" HEX, "one of a conference");
}

static void test_sids(void)
{
    static const struct {
        event_kind_t kind;
        const char *form, *why;
    } refused[] = {
        {EVENT_VOICE, "", "CallSid is missing."},
        {EVENT_VOICE, "CallSid=", "CallSid is no sid of these."},
        {EVENT_VOICE, "CallSid=SM" HEX, "CallSid is no sid of these."},
        {EVENT_VOICE, "CallSid=CA" HEX "0", "CallSid is no sid of these."},
        {EVENT_VOICE, "CallSid=CA" HEX "%00", "CallSid is no sid of these."},
        {EVENT_VOICE, "CallSid=CA" HEX "&CallSid=CA" HEX, "CallSid is repeated."},
        {EVENT_VOICE, AC AC "CallSid=CA" HEX, "AccountSid is repeated."},
        {EVENT_CALL_STATUS, "callsid=CA" HEX, "CallSid is missing."},
        {EVENT_DIAL_STATUS, "DialCallSid=CA" HEX, "CallSid is missing."},
        {EVENT_MESSAGE, "CallSid=CA" HEX, "MessageSid is missing."},
        {EVENT_MESSAGE, "MessageSid=SM" HEX "&SmsSid=SM" HEX2, "MessageSid and SmsSid differ."},
        {EVENT_MESSAGE_STATUS, "MessageSid=CA" HEX, "MessageSid is no sid of these."},
        {EVENT_RECORDING, CALL, "RecordingSid is missing."},
    };

    for (size_t n = 0; n < sizeof refused / sizeof *refused; n++)
        is_text(reading(refused[n].kind, refused[n].form), refused[n].why, "`%s`", refused[n].form);
}

/* The characters of a value behind its name in what was read. */
static int characters_of(const char *text, const char *name)
{
    const char *start = strstr(text, name) + strlen(name);
    int count = 0;

    for (; *start && *start != ' '; start++)
        count += ((unsigned char)*start & 0xC0) != 0x80;
    return count;
}

static const char *repeat(const char *text, int count)
{
    char *all = apr_palloc(pool, strlen(text) * (size_t)count + 1);

    for (int n = 0; n < count; n++)
        memcpy(all + strlen(text) * (size_t)n, text, strlen(text) + 1);
    return all;
}

static void test_values(void)
{
    const char *text =
        reading(EVENT_VOICE, apr_pstrcat(pool, CALL "From=sip:", repeat("\xC3\xA9", 500), NULL));

    is(characters_of(text, "from_number="), 320, "a long sender is cut by characters");
    ok(strstr(text, "mended: From"), "... which is noted");
    text = reading(EVENT_VOICE, apr_pstrcat(pool, CALL "From=", repeat("\xF0\x9F\x98\x80", 320), NULL));
    ok(characters_of(text, "from_number=") == 320 && !strstr(text, "mended"), "one that just fits is not");
    is_text(reading(EVENT_VOICE, CALL "From=a%FFb%00c%C3&To=%ED%A0%80x"),
            "calls sid=CA" HEX " from_number=a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD"
            "c\xEF\xBF\xBD"
            " to_number=\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDx mended: From, To",
            "what is no text is replaced");
    is_text(reading(EVENT_VOICE, CALL "From=a%01b"),
            "calls sid=CA" HEX " from_number=a\xEF\xBF\xBD"
            "b mended: From",
            "as are control characters in a number");
    is_text(reading(EVENT_MESSAGE, "MessageSid=SM" HEX "&Body=a%01b"),
            "messages sid=SM" HEX " direction=inbound body=a\x01"
            "b",
            "but not in a body");
    is_text(reading(EVENT_VOICE, CALL "CallStatus=Odd+one&Direction="),
            "calls sid=CA" HEX " mended: CallStatus", "a status of another form is left out");
    is_text(reading(EVENT_VOICE, CALL "CallStatus=new-word"), "calls sid=CA" HEX " status=new-word",
            "not one that is new");
    is_text(reading(EVENT_VOICE, CALL "CallStatus=&From="),
            "calls sid=CA" HEX " from_number=", "an empty status is none, an empty sender is one");
    is_text(reading(EVENT_CALL_STATUS, CALL "CallDuration=2147483647"),
            "calls sid=CA" HEX " duration=2147483647", "a number");
    for (const char *const *wrong = (const char *const[]){"2147483648", "99999999999999999999", "-1", "1.5",
                                                          "x", " 1", "1%00", NULL};
         *wrong; wrong++)
        is_text(reading(EVENT_CALL_STATUS, apr_pstrcat(pool, CALL "CallDuration=", *wrong, NULL)),
                "calls sid=CA" HEX " mended: CallDuration", "`%s` is none", *wrong);
    is_text(reading(EVENT_CALL_STATUS, CALL "CallDuration="), "calls sid=CA" HEX, "nothing is none");
    is_text(reading(EVENT_CALL_STATUS, CALL "CallStatus=busy&Timestamp=yesterday"),
            "calls sid=CA" HEX " status=busy mended: Timestamp", "a time that is none");
    is_text(reading(EVENT_RECORDING, "RecordingSid=RE" HEX "&RecordingUrl=javascript:x&CallSid=x"),
            "recordings sid=RE" HEX " mended: CallSid, RecordingUrl",
            "what the API could not show is left out");
}

static void test_media(void)
{
    const char *text =
        reading(EVENT_MESSAGE,
                "MessageSid=MM" HEX "&NumMedia=2&MediaUrl0=https%3A%2F%2Fx%2F%220&MediaContentType0="
                "image%2Fpng&MediaUrl1=https%3A%2F%2Fx%2F1&MediaUrl3=no");
    const char *many = "MessageSid=MM" HEX "&NumMedia=10";

    is_text(text,
            "messages sid=MM" HEX
            " direction=inbound num_media=2 media=[{\"url\":\"https://x/\\\"0\",\"type\":\"image/png\"},"
            "{\"url\":\"https://x/1\",\"type\":null}]",
            "the files of a message");
    for (int n = 0; n < 10; n++)
        many = apr_psprintf(pool, "%s&MediaUrl%d=https://x/%s&MediaContentType%d=image/png", many, n,
                            repeat("y", 600), n);
    text = strstr(reading(EVENT_MESSAGE, many), "media=[");
    ok(text && characters_of(text, "media=") <= 4096 && strstr(text, "\"}] mended: MediaUrl"),
       "of many as many as there is room for, each of them whole");
    is(text ? characters_of(text, "media=") / 600 : 0, 6, "... and no fewer");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_kinds();
    test_sids();
    test_values();
    test_media();
    apr_terminate();
    return done();
}
