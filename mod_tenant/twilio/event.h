/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TWILIO_EVENT_H
#define TENANT_TWILIO_EVENT_H

#include "../http/form.h"
#include "upsert.h"

/* What Twilio tells of, by the path that it was told to use. */
typedef enum event_kind_t {
    EVENT_VOICE,          /* a call comes in */
    EVENT_CALL_STATUS,    /* a call is further on */
    EVENT_DIAL_STATUS,    /* what a call has dialled has ended: the call, and the leg that it dialled */
    EVENT_MESSAGE,        /* a message comes in */
    EVENT_MESSAGE_STATUS, /* a message that was sent is further on */
    EVENT_RECORDING,      /* a recording is further on */

    /* What Twilio's REST API shows of one. Of a call it tells no answered_at: its start_time is when it was
     * dialled. */
    EVENT_CALL_RESOURCE,
    EVENT_MESSAGE_RESOURCE,
    EVENT_RECORDING_RESOURCE,
} event_kind_t;

enum { EVENT_ROWS_MAX = 2 };

/* What an event says of the rows that it is about. */
typedef struct event_t {
    upsert_t rows[EVENT_ROWS_MAX];
    int count;
    const char
        *mended; /* the names of parameters whose value had to be changed, separated by ", "; NULL: none */
} event_t;

/* Takes from a form what is kept. Each value is made to fit its field in the table of resources, so that the
 * API shows what it promises: what is not UTF-8, or a control character, becomes U+FFFD, what is too long is
 * cut, what has another form is left out. Parameters that are not known here do not matter. Returns NULL, or
 * the sentence that says why the event belongs to no row: a sid, or AccountSid, is missing, repeated or
 * malformed. All in pool. */
const char *event_read(event_t *event, event_kind_t kind, const form_t *form, apr_pool_t *pool);

#endif
