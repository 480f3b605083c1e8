/* SPDX-License-Identifier: Apache-2.0 */
#include "creation.h"

#include <apr_escape.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "../json/writer.h"
#include "../twilio/address.h"
#include "../twilio/recording.h"

APLOG_USE_MODULE(tenant);

int creation_is(const gateway_t *gateway)
{
    return gateway->exchange.r->method_number == M_POST &&
           (gateway->allowed->kind == ALLOWED_CALLS || gateway->allowed->kind == ALLOWED_MESSAGES);
}

label_creation_t creation_label(const gateway_t *gateway)
{
    if (!creation_is(gateway))
        return LABEL_ANY_OTHER;
    return gateway->allowed->kind == ALLOWED_CALLS ? LABEL_CALL : LABEL_MESSAGE;
}

/* --- Who it comes from ---------------------------------------------------------------------------------- */

/* Whether Twilio might take a field's name for another one's: letters and digits
 * count, in any case, and nothing else. */
static int reads_like(const form_field_t *field, const char *name)
{
    for (apr_size_t n = 0; n < field->name_length; n++) {
        if (!apr_isalnum(field->name[n]))
            continue;
        if (apr_tolower(field->name[n]) != apr_tolower(*name))
            return 0;
        name++;
    }
    return !*name;
}

/* The one field of a name. NULL: there is none, or it is not clear which one counts (*unclear). */
static const form_field_t *find_one(const form_t *form, const char *name, int *unclear)
{
    const form_field_t *found = NULL;

    for (int n = 0; n < form->count; n++) {
        if (!reads_like(&form->fields[n], name))
            continue;
        if (found || form->fields[n].name_length != strlen(name) || strcmp(form->fields[n].name, name) != 0)
            *unclear = 1;
        found = &form->fields[n];
    }
    return found;
}

const char *creation_check_sender(const gateway_t *gateway, int *code)
{
    int is_call = gateway->allowed->kind == ALLOWED_CALLS;
    int unclear = 0;
    const form_field_t *from = find_one(&gateway->form, "From", &unclear);

    *code = is_call ? 21212 : 21606;
    if (gateway->exchange.location->gateway_any_from == 1)
        return NULL;
    if (unclear)
        return "There is more than one From.";
    if (!gateway->credentials.phone)
        return "The tenant has no twilio_phone_number to send from.";
    if (from && from->value_length == strlen(gateway->credentials.phone) &&
        memcmp(from->value, gateway->credentials.phone, from->value_length) == 0)
        return NULL;
    if (!from)
        *code = is_call ? 21213 : 21603;
    return "From has to be the tenant's twilio_phone_number.";
}

/* --- What is added -------------------------------------------------------------------------------------- */

/* Appends a field; name is plain. */
static void add_field(writer_t *writer, const char *name, const char *value)
{
    if (writer->length > 0)
        writer_literal(writer, "&");
    writer_raw(writer, name, strlen(name));
    writer_literal(writer, "=");
    value = apr_pescape_urlencoded(writer->pool, value);
    writer_raw(writer, value, strlen(value));
}

/* The URL of a webhook of ours, in the Location that takes them. NULL: there is none, or it cannot be told,
 * which is logged. */
static const char *callback(const gateway_t *gateway, const char *name)
{
    request_rec *r = gateway->exchange.r;
    const char *path = gateway->exchange.server->webhooks;
    ap_conf_vector_t *settings = r->per_dir_config;
    exchange_t there = gateway->exchange;
    char *uri = r->uri;
    const char *url = NULL;

    if (!path)
        return NULL;
    r->uri = apr_pstrcat(r->pool, path, "/", name, NULL);
    if (config_enter_location(r, config_is_ours)) {
        there.location = config_location(r);
        url = address_of_webhook(&there, name);
    }
    r->uri = uri;
    r->per_dir_config = settings;
    return url;
}

/* Each of a call's statuses, of which Twilio would tell only the last. */
static void add_call_callback(writer_t *writer, const char *url)
{
    static const char *const events[] = {"initiated", "ringing", "answered", "completed", NULL};

    add_field(writer, "StatusCallback", url);
    add_field(writer, "StatusCallbackMethod", "POST");
    for (const char *const *event = events; *event; event++)
        add_field(writer, "StatusCallbackEvent", *event);
}

/* Whether a client has said anything of a call's recording. */
static int speaks_of_recording(const form_t *form)
{
    for (int n = 0; n < form->count; n++) {
        if (strncasecmp(form->fields[n].name, "Record", sizeof "Record" - 1) == 0)
            return 1;
    }
    return 0;
}

static void add_recording(writer_t *writer, const char *url)
{
    add_field(writer, "Record", "true");
    add_field(writer, "RecordingChannels", "dual");
    if (url) {
        add_field(writer, "RecordingStatusCallback", url);
        add_field(writer, "RecordingStatusCallbackMethod", "POST");
    }
}

const char *creation_complete(const gateway_t *gateway, apr_size_t *length)
{
    request_rec *r = gateway->exchange.r;
    int is_call = gateway->allowed->kind == ALLOWED_CALLS;
    writer_t writer;

    writer_init(&writer, r->pool, gateway->body_length + 1024);
    writer_raw(&writer, gateway->body, gateway->body_length);
    if (!form_find(&gateway->form, "StatusCallback", NULL)) {
        const char *url = callback(gateway, is_call ? "call-status" : "message-status");

        if (url && is_call)
            add_call_callback(&writer, url);
        else if (url)
            add_field(&writer, "StatusCallback", url);
    }
    if (is_call && !speaks_of_recording(&gateway->form) &&
        recording_is_wanted(r, gateway->exchange.server->database, gateway->tenant))
        add_recording(&writer, callback(gateway, "recording"));
    *length = writer.length;
    return writer.text;
}
