/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"

#include <apr_date.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <limits.h>
#include <string.h>

#include "../json/member.h"
#include "../resource/resources.h"
#include "../text.h"

/* --- Which parameter is which column -------------------------------------------------------------------- */

enum { NAMES_MAX = 3 };

/* A column and the parameters that have it: the first one counts that is there. */
typedef struct source_t {
    const char *column;
    const char *names[NAMES_MAX + 1];
} source_t;

/* A row of an event. */
typedef struct subject_t {
    upsert_table_t table;
    const char *sids[NAMES_MAX + 1]; /* parameters: all that are there have to be the same */
    const source_t *sources;         /* ended by a NULL column */
} subject_t;

static const subject_t call = {
    .table = UPSERT_CALLS,
    .sids = {"CallSid"},
    .sources =
        (const source_t[]){
            {"status", {"CallStatus"}},
            {"from_number", {"From"}},
            {"to_number", {"To"}},
            {"direction", {"Direction"}},
            {"duration", {"CallDuration"}}, /* in seconds; Duration is in minutes */
            {"parent_call_sid", {"ParentCallSid"}},
            {.column = NULL},
        },
};

/* The call that a <Dial> has made. */
static const subject_t leg = {
    .table = UPSERT_CALLS,
    .sids = {"DialCallSid"},
    .sources =
        (const source_t[]){
            {"status", {"DialCallStatus"}},
            {"duration", {"DialCallDuration"}},
            {"parent_call_sid", {"CallSid"}},
            {.column = NULL},
        },
};

static const subject_t message = {
    .table = UPSERT_MESSAGES,
    .sids = {"MessageSid", "SmsSid", "SmsMessageSid"},
    .sources =
        (const source_t[]){
            {"status", {"MessageStatus", "SmsStatus"}},
            {"from_number", {"From"}},
            {"to_number", {"To"}},
            {"direction", {"Direction"}},
            {"body", {"Body"}},
            {"error_code", {"ErrorCode"}},
            {"num_media", {"NumMedia"}},
            {.column = NULL},
        },
};

static const subject_t recording = {
    .table = UPSERT_RECORDINGS,
    .sids = {"RecordingSid"},
    .sources =
        (const source_t[]){
            {"status", {"RecordingStatus"}},
            {"call_sid", {"CallSid"}}, /* of the call that dialled, whichever leg was recorded */
            {"url", {"RecordingUrl"}},
            {"duration", {"RecordingDuration"}},
            {"channels", {"RecordingChannels"}},
            {"source", {"RecordingSource"}},
            {.column = NULL},
        },
};

static const subject_t call_resource = {
    .table = UPSERT_CALLS,
    .sids = {"sid"},
    .sources =
        (const source_t[]){
            {"status", {"status"}},
            {"from_number", {"from"}},
            {"to_number", {"to"}},
            {"direction", {"direction"}},
            {"duration", {"duration"}},
            {"parent_call_sid", {"parent_call_sid"}},
            {"ended_at", {"end_time"}},
            {.column = NULL},
        },
};

static const subject_t message_resource = {
    .table = UPSERT_MESSAGES,
    .sids = {"sid"},
    .sources =
        (const source_t[]){
            {"status", {"status"}},
            {"from_number", {"from"}},
            {"to_number", {"to"}},
            {"direction", {"direction"}},
            {"body", {"body"}},
            {"error_code", {"error_code"}},
            {"num_media", {"num_media"}},
            {.column = NULL},
        },
};

static const subject_t recording_resource = {
    .table = UPSERT_RECORDINGS,
    .sids = {"sid"},
    .sources =
        (const source_t[]){
            {"status", {"status"}},
            {"call_sid", {"call_sid"}},
            {"url", {"media_url"}},
            {"duration", {"duration"}},
            {"channels", {"channels"}},
            {"source", {"source"}},
            {.column = NULL},
        },
};

static const subject_t *const subjects[] = {
    [EVENT_VOICE] = &call,
    [EVENT_CALL_STATUS] = &call,
    [EVENT_DIAL_STATUS] = &call,
    [EVENT_MESSAGE] = &message,
    [EVENT_MESSAGE_STATUS] = &message,
    [EVENT_RECORDING] = &recording,
    [EVENT_CALL_RESOURCE] = &call_resource,
    [EVENT_MESSAGE_RESOURCE] = &message_resource,
    [EVENT_RECORDING_RESOURCE] = &recording_resource,
};

/* --- Values --------------------------------------------------------------------------------------------- */

/* The field that shows a column. */
static const field_t *field_of(const upsert_t *row, const char *column)
{
    const char *name = upsert_resource(row);

    return resource_field(resource_find(name, strlen(name), 0), column, strlen(column));
}

/* A text that a field may hold, or NULL. */
static const char *read_text(const field_t *field, const form_field_t *given, int *mended, apr_pool_t *pool)
{
    const char *text =
        text_mend(given->value, given->value_length, field->flags & FIELD_CONTROLS, field->max, mended, pool);

    if (given->value_length == 0 && field->min > 0)
        return NULL;
    if (field->check && field->check(text, strlen(text)) != NULL) {
        *mended = 1;
        return NULL;
    }
    return text;
}

/* A number that a field may hold, or NULL. */
static const char *read_number(const form_field_t *given, int *mended, apr_pool_t *pool)
{
    apr_int64_t number = 0;

    if (given->value_length == 0)
        return NULL;
    for (apr_size_t n = 0; n < given->value_length; n++) {
        if (!apr_isdigit(given->value[n]) || number > INT_MAX / 10) {
            *mended = 1;
            return NULL;
        }
        number = number * 10 + (given->value[n] - '0');
    }
    if (number > INT_MAX) {
        *mended = 1;
        return NULL;
    }
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, number);
}

/* A time of RFC 2822, such as `Wed, 24 Sep 2025 18:36:08 +0000`, as PostgreSQL takes it; or NULL. */
static const char *read_time(const form_field_t *given, int *mended, apr_pool_t *pool)
{
    apr_time_t time = apr_date_parse_rfc(given->value);
    const char *utc = time == APR_DATE_BAD ? NULL : text_utc(time, pool);

    if (given->value_length == 0)
        return NULL;
    *mended |= !utc;
    return utc;
}

static void note_mended(event_t *event, const char *name, apr_pool_t *pool)
{
    event->mended = event->mended ? apr_pstrcat(pool, event->mended, ", ", name, NULL) : name;
}

/* Gives a row what a parameter says of a column. */
static void take(event_t *event, upsert_t *row, const char *column, const char *name, const form_t *form,
                 apr_pool_t *pool)
{
    const form_field_t *given = form_find(form, name, NULL);
    const field_t *field = field_of(row, column);
    const char **value = upsert_value(row, column);
    int mended = 0;

    if (!given)
        return;
    if (field->type == FIELD_INTEGER)
        *value = read_number(given, &mended, pool);
    else if (field->type == FIELD_TIME)
        *value = read_time(given, &mended, pool);
    else
        *value = read_text(field, given, &mended, pool);
    if (mended)
        note_mended(event, name, pool);
}

/* --- Rows ----------------------------------------------------------------------------------------------- */

/* Gives a row its sid. NULL, or why not. */
static const char *take_sid(upsert_t *row, const subject_t *subject, const form_t *form, apr_pool_t *pool)
{
    const field_t *field = field_of(row, "sid");
    const char *sid = NULL;

    for (const char *const *name = subject->sids; *name; name++) {
        int repeated;
        const form_field_t *given = form_find(form, *name, &repeated);

        if (!given)
            continue;
        if (repeated)
            return apr_psprintf(pool, "%s is repeated.", *name);
        if (given->value_length != strlen(given->value) || field->check(given->value, given->value_length))
            return apr_psprintf(pool, "%s is no sid of these.", *name);
        if (sid && strcmp(sid, given->value) != 0)
            return apr_psprintf(pool, "%s and %s differ.", subject->sids[0], *name);
        sid = given->value;
    }
    *upsert_value(row, "sid") = sid;
    return sid ? NULL : apr_psprintf(pool, "%s is missing.", subject->sids[0]);
}

/* Adds a row to an event. NULL, or why it cannot be told which. */
static const char *add_row(event_t *event, const subject_t *subject, const form_t *form, apr_pool_t *pool)
{
    upsert_t *row = &event->rows[event->count];
    const char *why;

    memset(row, 0, sizeof *row);
    row->table = subject->table;
    why = take_sid(row, subject, form, pool);
    if (why)
        return why;
    for (const source_t *source = subject->sources; source->column; source++) {
        const char *const *name = source->names;

        while (*name && !form_find(form, *name, NULL))
            name++;
        if (*name)
            take(event, row, source->column, *name, form, pool);
    }
    event->count++;
    return NULL;
}

/* When a call was answered, or ended, by what is true of it at that time. */
static void take_timestamp(event_t *event, const form_t *form, apr_pool_t *pool)
{
    static const struct {
        const char *status, *column;
    } times[] = {
        {"in-progress", "answered_at"}, {"answered", "answered_at"}, {"completed", "ended_at"},
        {"busy", "ended_at"},           {"failed", "ended_at"},      {"no-answer", "ended_at"},
        {"canceled", "ended_at"},
    };
    const char *status = *upsert_value(&event->rows[0], "status");

    for (size_t n = 0; status && n < sizeof times / sizeof *times; n++) {
        if (strcmp(times[n].status, status) == 0)
            take(event, &event->rows[0], times[n].column, "Timestamp", form, pool);
    }
}

/* The leg that a call has dialled, where there was one. */
static void add_leg(event_t *event, const form_t *form, apr_pool_t *pool)
{
    upsert_t *row = &event->rows[event->count];

    if (!form_find(form, "DialCallSid", NULL))
        return;
    if (add_row(event, &leg, form, pool))
        note_mended(event, "DialCallSid", pool);
    else if (strcmp(*upsert_value(row, "sid"), *upsert_value(&event->rows[0], "sid")) == 0)
        event->count--; /* a call is no leg of itself */
    else
        *upsert_value(row, "direction") = "outbound-dial";
}

/* Which way a message goes, where Twilio does not say: of one that came in it says so by its kind, and the
 * events of one that was sent do not tell for whom. */
static void set_direction(event_t *event, event_kind_t kind)
{
    const char **direction = upsert_value(&event->rows[0], "direction");
    const char *status = *upsert_value(&event->rows[0], "status");
    int came_in = kind == EVENT_MESSAGE || (status && strncmp(status, "receiv", 6) == 0);

    if (!*direction)
        *direction = came_in ? "inbound" : "outbound";
}

/* The files of a message: as many as its field holds, each of them whole. */
static void take_media(event_t *event, const form_t *form, apr_pool_t *pool)
{
    const field_t *field = field_of(&event->rows[0], "media");
    writer_t writer;
    apr_size_t fits = 0; /* bytes */
    int mended = 0;

    writer_init(&writer, pool, 256);
    member_array(&writer, NULL);
    for (int n = 0;; n++) {
        const form_field_t *url = form_find(form, apr_psprintf(pool, "MediaUrl%d", n), NULL);
        const form_field_t *type = form_find(form, apr_psprintf(pool, "MediaContentType%d", n), NULL);

        if (!url)
            break;
        member_object(&writer, NULL);
        member_text(&writer, "url", text_mend(url->value, url->value_length, 0, field->max, &mended, pool));
        member_text(&writer, "type",
                    type ? text_mend(type->value, type->value_length, 0, field->max, &mended, pool) : NULL);
        member_object_end(&writer);
        if (text_characters(writer.text, writer.length) >= field->max) { /* and the array's end */
            mended = 1;
            break;
        }
        fits = writer.length;
    }
    if (mended)
        note_mended(event, "MediaUrl", pool);
    if (fits > 0)
        *upsert_value(&event->rows[0], "media") =
            apr_pstrcat(pool, apr_pstrmemdup(pool, writer.text, fits), "]", NULL);
}

const char *event_read(event_t *event, event_kind_t kind, const form_t *form, apr_pool_t *pool)
{
    const char *why;
    int repeated;

    memset(event, 0, sizeof *event);
    if (form_find(form, "AccountSid", &repeated) && repeated)
        return "AccountSid is repeated.";
    why = add_row(event, subjects[kind], form, pool);
    if (why)
        return why;
    if (subjects[kind] == &call)
        take_timestamp(event, form, pool);
    if (kind == EVENT_DIAL_STATUS)
        add_leg(event, form, pool);
    if (subjects[kind] == &message)
        set_direction(event, kind);
    if (kind == EVENT_MESSAGE)
        take_media(event, form, pool);
    return NULL;
}
