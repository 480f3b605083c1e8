/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TWILIO_TWIML_H
#define TENANT_TWILIO_TWIML_H

#include "../json/writer.h"

/* An answer to Twilio: TwiML, which is XML 1.0 in UTF-8. Verbs come in the order in which they are to be
 * done. Texts and URLs may be of anybody: they are escaped, what is not UTF-8 becomes U+FFFD, and characters
 * that XML cannot hold are left out. URLs of callbacks have to be absolute. */
typedef struct twiml_t {
    writer_t writer;
} twiml_t;

/* Its media type. */
#define TWIML_TYPE "text/xml; charset=utf-8"

typedef enum twiml_target_t {
    TWIML_NUMBER,
    TWIML_CLIENT,
    TWIML_SIP,
} twiml_target_t;

/* Whom to dial, and who is told of it. */
typedef struct twiml_dial_t {
    twiml_target_t kind;
    const char *target; /* a phone number, an identity, a SIP URI */
    const char *
        action; /* where it is said how that ended, and what is to be done next is asked for; NULL: nowhere */
    const char *status_callback; /* where it is said how far the leg is; NULL: nowhere */
    const char *record_callback; /* records from the answer on, each side in a channel of its own, and is told
                                    of that; NULL: nothing is recorded */
} twiml_dial_t;

/* Starts an answer in pool. An answer without a verb ends a call, and says nothing to a message. */
void twiml_start(twiml_t *twiml, apr_pool_t *pool);

void twiml_dial(twiml_t *twiml, const twiml_dial_t *dial);
void twiml_say(twiml_t *twiml, const char *text);
void twiml_reject(twiml_t *twiml, int is_busy);
void twiml_redirect(twiml_t *twiml, const char *url);
void twiml_message(twiml_t *twiml, const char *text);

/* Records the call from now on, whatever comes next, by which it must not end; callback is told of that.
 * Beside a record_callback it would be recorded twice. */
void twiml_record(twiml_t *twiml, const char *callback);

/* Ends it: the whole text, NUL-terminated, and its length in bytes. */
const char *twiml_end(twiml_t *twiml, apr_size_t *length);

#endif
