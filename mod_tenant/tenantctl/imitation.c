/* SPDX-License-Identifier: Apache-2.0 */
#include "imitation.h"

#include <apr_escape.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <apr_time.h>
#include <string.h>

/* A number that is nobody's: those of 555-01xx are for fiction. */
#define STRANGER "+12025550142"

enum { PARAMETERS_MAX = 20 };

/* Where a parameter's value comes from. */
typedef enum source_t {
    FIXED,
    ACCOUNT,
    SID,     /* --sid, or a new one, which starts as `value` says */
    CALL,    /* --call-sid, or a new one */
    INSIDE,  /* the tenant's number */
    OUTSIDE, /* who calls it, or is called by it */
    STATUS,
    TEXT,
    SECONDS,
    MEDIA, /* a recording's URL */
    NOW,
} source_t;

typedef struct parameter_t {
    const char *name;
    source_t source;
    const char *value; /* unless an option says another */
} parameter_t;

typedef struct event_t {
    const char *name;
    int is_outgoing; /* From is the tenant's number */
    parameter_t parameters[PARAMETERS_MAX];
} event_t;

#define COMMON                                                                                               \
    {"AccountSid", ACCOUNT, NULL},                                                                           \
    {                                                                                                        \
        "ApiVersion", FIXED, "2010-04-01"                                                                    \
    }
#define CALL_OF(status)                                                                                      \
    {"CallSid", SID, "CA"}, {"CallStatus", STATUS, status}, {"From", OUTSIDE, NULL}, {"To", INSIDE, NULL},   \
        {"Caller", OUTSIDE, NULL}, {"Called", INSIDE, NULL},                                                 \
    {                                                                                                        \
        "Direction", FIXED, "inbound"                                                                        \
    }

/* What Twilio documents of them, as far as it says something. */
static const event_t events[] = {
    {.name = "voice", .parameters = {COMMON, CALL_OF("ringing")}},
    {.name = "voice-fallback", .parameters = {COMMON, CALL_OF("ringing"), {"ErrorCode", FIXED, "11200"}}},
    {.name = "call-status",
     .parameters = {COMMON,
                    CALL_OF("completed"),
                    {"CallDuration", SECONDS, "42"},
                    {"Timestamp", NOW, NULL},
                    {"CallbackSource", FIXED, "call-progress-events"},
                    {"SequenceNumber", FIXED, "3"}}},
    {.name = "dial-status",
     .parameters = {COMMON,
                    {"CallSid", SID, "CA"},
                    {"CallStatus", FIXED, "in-progress"},
                    {"From", OUTSIDE, NULL},
                    {"To", INSIDE, NULL},
                    {"Direction", FIXED, "inbound"},
                    {"DialCallSid", CALL, "CA"},
                    {"DialCallStatus", STATUS, "completed"},
                    {"DialCallDuration", SECONDS, "42"},
                    {"DialBridged", FIXED, "true"}}},
    {.name = "message",
     .parameters = {COMMON,
                    {"MessageSid", SID, "SM"},
                    {"SmsSid", SID, "SM"},
                    {"SmsMessageSid", SID, "SM"},
                    {"SmsStatus", STATUS, "received"},
                    {"From", OUTSIDE, NULL},
                    {"To", INSIDE, NULL},
                    {"Body", TEXT, "Hello from tenantctl"},
                    {"NumMedia", FIXED, "0"},
                    {"NumSegments", FIXED, "1"}}},
    {.name = "message-status",
     .is_outgoing = 1,
     .parameters = {COMMON,
                    {"MessageSid", SID, "SM"},
                    {"SmsSid", SID, "SM"},
                    {"MessageStatus", STATUS, "delivered"},
                    {"SmsStatus", STATUS, "delivered"},
                    {"From", INSIDE, NULL},
                    {"To", OUTSIDE, NULL}}},
    {.name = "recording",
     .parameters = {{"AccountSid", ACCOUNT, NULL},
                    {"CallSid", CALL, "CA"},
                    {"RecordingSid", SID, "RE"},
                    {"RecordingUrl", MEDIA, NULL},
                    {"RecordingStatus", STATUS, "completed"},
                    {"RecordingDuration", SECONDS, "42"},
                    {"RecordingChannels", FIXED, "2"},
                    {"RecordingSource", FIXED, "DialVerb"},
                    {"RecordingStartTime", NOW, NULL}}},
};

enum { EVENTS = sizeof events / sizeof *events };

const char *imitation_names(apr_pool_t *pool)
{
    const char *names = events[0].name;

    for (int n = 1; n < EVENTS; n++)
        names = apr_pstrcat(pool, names, n < EVENTS - 1 ? ", " : " or ", events[n].name, NULL);
    return names;
}

/* What is the same wherever it stands in an event. */
typedef struct facts_t {
    const account_t *account;
    const options_t *options;
    const char *sid, *call;
    const char *inside, *outside;
} facts_t;

static const char *new_sid(const char *start, apr_pool_t *pool)
{
    unsigned char bytes[16];

    apr_generate_random_bytes(bytes, sizeof bytes);
    return apr_pstrcat(pool, start, apr_pescape_hex(pool, bytes, sizeof bytes, 0), NULL);
}

/* The time as RFC 2822 has it. */
static const char *now(apr_pool_t *pool)
{
    char *text = apr_palloc(pool, APR_RFC822_DATE_LEN);

    apr_rfc822_date(text, apr_time_now());
    return apr_pstrcat(pool, apr_pstrndup(pool, text, strcspn(text, "G")), "+0000", NULL);
}

static const char *value_of(const parameter_t *parameter, const facts_t *facts, apr_pool_t *pool)
{
    static const option_t options[] = {
        [STATUS] = OPTION_STATUS, [TEXT] = OPTION_BODY, [SECONDS] = OPTION_DURATION};
    const char *given;

    switch (parameter->source) {
    case ACCOUNT:
        return facts->account->sid;
    case SID:
        return facts->sid;
    case CALL:
        return facts->call;
    case INSIDE:
        return facts->inside;
    case OUTSIDE:
        return facts->outside;
    case MEDIA:
        return apr_pstrcat(pool, "https://api.twilio.com/2010-04-01/Accounts/", facts->account->sid,
                           "/Recordings/", facts->sid, NULL);
    case NOW:
        return now(pool);
    case STATUS:
    case TEXT:
    case SECONDS:
        given = facts->options->values[options[parameter->source]];
        return given ? given : parameter->value;
    case FIXED:
    default:
        return parameter->value;
    }
}

static const event_t *find_event(const char *name)
{
    for (int n = 0; n < EVENTS; n++) {
        if (strcmp(events[n].name, name) == 0)
            return &events[n];
    }
    return NULL;
}

static const char *either(const char *one, const char *other)
{
    return one ? one : other;
}

static facts_t facts_of(const event_t *event, const account_t *account, const options_t *options,
                        apr_pool_t *pool)
{
    const char *const *given = options->values;
    const char *inside = given[event->is_outgoing ? OPTION_FROM : OPTION_TO];
    const char *outside = given[event->is_outgoing ? OPTION_TO : OPTION_FROM];
    const char *start = "CA";

    for (const parameter_t *parameter = event->parameters; parameter->name; parameter++) {
        if (parameter->source == SID)
            start = parameter->value;
    }
    return (facts_t){
        .account = account,
        .options = options,
        .sid = given[OPTION_SID] ? given[OPTION_SID] : new_sid(start, pool),
        .call = given[OPTION_CALL_SID] ? given[OPTION_CALL_SID] : new_sid("CA", pool),
        .inside = either(inside, either(account->number, "+12025550199")),
        .outside = either(outside, STRANGER),
    };
}

int imitation_is_known(const char *name)
{
    return find_event(name) != NULL;
}

void imitation_make(imitation_t *imitation, const char *name, const account_t *account,
                    const options_t *options, apr_pool_t *pool)
{
    const event_t *event = find_event(name);
    apr_array_header_t *fields = apr_array_make(pool, PARAMETERS_MAX, sizeof(form_field_t));
    facts_t facts = facts_of(event, account, options, pool);

    for (const parameter_t *parameter = event->parameters; parameter->name; parameter++) {
        const char *value = value_of(parameter, &facts, pool);

        APR_ARRAY_PUSH(fields, form_field_t) =
            (form_field_t){parameter->name, value, strlen(parameter->name), strlen(value)};
    }
    imitation->sid = facts.sid;
    imitation->form = (form_t){(const form_field_t *)fields->elts, fields->nelts};
}

const char *imitation_encode(const form_t *form, apr_pool_t *pool)
{
    const char *text = "";

    for (int n = 0; n < form->count; n++)
        text = apr_pstrcat(pool, text, n > 0 ? "&" : "", form->fields[n].name, "=",
                           apr_pescape_urlencoded(pool, form->fields[n].value), NULL);
    return text;
}
