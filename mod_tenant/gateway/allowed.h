/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_GATEWAY_ALLOWED_H
#define TENANT_GATEWAY_ALLOWED_H

#include <httpd.h>

/* What of Twilio's API tenants may use. Anything else may show or make credentials: an account's own resource
 * has its auth token, and API keys are made with their secret. */

typedef enum allowed_kind_t {
    ALLOWED_PLAIN,    /* goes there and back as it is */
    ALLOWED_CALLS,    /* a POST makes a call */
    ALLOWED_MESSAGES, /* a POST makes a message */
    ALLOWED_MEDIA,    /* a recording's sound */
} allowed_kind_t;

typedef struct allowed_t {
    const char *path;  /* behind the account's; {CA} stands for a sid that begins so */
    const char *allow; /* its methods: Allow's value */
    allowed_kind_t kind;
} allowed_t;

enum { ALLOWED_SID_LENGTH = 34 };

/* What a path is, as it is sent to Twilio: /2010-04-01/Accounts/AC…/…, byte by byte. *account points to the
 * account's sid in it. NULL: nothing that is allowed. */
const allowed_t *allowed_find(const char *path, const char **account);

/* Whether a method may be used there; HEAD is a GET. */
int allowed_method(const allowed_t *allowed, const request_rec *r);

/* Whether a request's target (RFC 9112 section 3.2) has a path that reads the same for everybody: letters,
 * digits and - . _ ~ between single slashes, no segment of dots. Two servers may take apart `%`, `;` or `//`
 * in two ways. */
int allowed_is_plain(const char *target);

#endif
