/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/twilio/snapshot.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "../../mod_tenant/json/scan.h"
#include "tap.h"

#define HEX        "0123456789abcdef0123456789abcdef"
#define HEX2       "fedcba9876543210fedcba9876543210"
#define ACCOUNT    "AC" HEX
#define OF_ACCOUNT "\"account_sid\":\"" ACCOUNT "\","

static apr_pool_t *pool;

/* What a resource says, as `column=value …`, and which members were mended; or the sentence. */
static const char *reading(event_kind_t kind, const char *text)
{
    const char *all = "";
    const tree_t *root;
    scan_error_t error;
    const char *why;
    event_t event;

    if (scan_text(text, strlen(text), &scan_limits_default, &error, pool) ||
        !tree_parse(&root, text, strlen(text), pool))
        return "no JSON";
    why = snapshot_read(&event, kind, root, ACCOUNT, pool);
    if (why)
        return why;
    is(event.count, 1, "one row");
    for (const char *const *column = upsert_columns(event.rows[0].table); *column; column++) {
        const char *value = *upsert_value(&event.rows[0], *column);

        if (value)
            all = apr_pstrcat(pool, all, *all ? " " : "", *column, "=", value, NULL);
    }
    return event.mended ? apr_pstrcat(pool, all, " mended: ", event.mended, NULL) : all;
}

static void test_kinds(void)
{
    is_text(
        reading(
            EVENT_CALL_RESOURCE,
            "{" OF_ACCOUNT "\"sid\":\"CA" HEX "\",\"status\":\"completed\",\"from\":\"+1202\","
            "\"to\":\"client:x\",\"direction\":\"outbound-api\",\"duration\":\"15\",\"parent_call_sid\":"
            "\"CA" HEX2 "\",\"start_time\":\"Wed, 24 Sep 2025 18:35:08 +0000\",\"end_time\":"
            "\"Wed, 24 Sep 2025 18:36:08 +0000\",\"price\":\"-0.03\",\"subresource_uris\":{\"sid\":\"x\"}}"),
        "sid=CA" HEX " status=completed from_number=+1202 to_number=client:x direction=outbound-api "
        "duration=15 parent_call_sid=CA" HEX2 " ended_at=2025-09-24T18:36:08Z",
        "a call");
    is_text(reading(EVENT_CALL_RESOURCE,
                    "{" OF_ACCOUNT "\"sid\":\"CA" HEX "\",\"status\":\"queued\",\"duration\":null,"
                    "\"start_time\":null,\"end_time\":null,\"parent_call_sid\":null}"),
            "sid=CA" HEX " status=queued", "one that has not begun");
    is_text(reading(EVENT_MESSAGE_RESOURCE,
                    "{" OF_ACCOUNT "\"sid\":\"SM" HEX "\",\"status\":\"failed\",\"from\":null,\"to\":\"+1\","
                    "\"body\":\"a\\nb\",\"direction\":\"outbound-reply\",\"error_code\":30003,"
                    "\"num_media\":\"2\",\"num_segments\":\"1\"}"),
            "sid=SM" HEX " status=failed to_number=+1 body=a\nb direction=outbound-reply error_code=30003 "
            "num_media=2",
            "a message");
    is_text(reading(EVENT_RECORDING_RESOURCE,
                    "{" OF_ACCOUNT "\"sid\":\"RE" HEX "\",\"status\":\"completed\",\"call_sid\":\"CA" HEX
                    "\",\"duration\":\"5\",\"channels\":1,\"source\":\"DialVerb\",\"error_code\":null,"
                    "\"media_url\":\"https://api.example.com/x\",\"uri\":\"/x.json\"}"),
            "sid=RE" HEX " status=completed call_sid=CA" HEX
            " url=https://api.example.com/x duration=5 channels=1 source=DialVerb",
            "a recording");
}

static void test_refusals(void)
{
    static const struct {
        const char *text, *why;
    } refused[] = {
        {"[]", "It is no JSON object."},
        {"null", "It is no JSON object."},
        {"{\"sid\":\"CA" HEX "\"}", "account_sid is not the account's."},
        {"{\"account_sid\":\"AC" HEX2 "\",\"sid\":\"CA" HEX "\"}", "account_sid is not the account's."},
        {"{\"account_sid\":[\"" ACCOUNT "\"],\"sid\":\"CA" HEX "\"}", "account_sid is not the account's."},
        {"{" OF_ACCOUNT "\"status\":\"busy\"}", "sid is missing."},
        {"{" OF_ACCOUNT "\"sid\":null}", "sid is missing."},
        {"{" OF_ACCOUNT "\"sid\":1}", "sid is no sid of these."},
        {"{" OF_ACCOUNT "\"sid\":\"SM" HEX "\"}", "sid is no sid of these."},
    };

    for (size_t n = 0; n < sizeof refused / sizeof *refused; n++)
        is_text(reading(EVENT_CALL_RESOURCE, refused[n].text), refused[n].why, "%s", refused[n].text);
    is_text(reading(EVENT_CALL_RESOURCE,
                    "{" OF_ACCOUNT "\"sid\":\"CA" HEX "\",\"status\":{},\"duration\":1.5,\"from\":true,"
                    "\"parent_call_sid\":7,\"end_time\":\"never\"}"),
            "sid=CA" HEX " mended: parent_call_sid, end_time", "values of other types are left out");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_kinds();
    test_refusals();
    apr_terminate();
    return done();
}
