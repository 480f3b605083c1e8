/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TWILIO_SIGNATURE_H
#define TENANT_TWILIO_SIGNATURE_H

#include "../http/form.h"

/* What X-Twilio-Signature signs of a request: made once, and held against any number of auth tokens.
 *
 * It is the base64 of HMAC-SHA1, under the auth token, of the URL as Twilio has it configured, followed by
 * the name and value of each parameter of a form, in the order of their names' bytes, with nothing between.
 */
typedef struct signature_t signature_t;

/* url: scheme, host, path and query as they were asked for, byte by byte; a user's name and a fragment in it
 * do not count. Twilio signs some requests without the URL's port, and some with a port that the URL leaves
 * out: both are held against the signature. form: the fields of a form's body, none of them for an empty
 * body. NULL: the body, length bytes, is no form. Then it has to be what the query's bodySHA256 says, and may
 * be empty without that. All in pool. */
signature_t *signature_of_form(const char *url, const form_t *form, apr_pool_t *pool);
signature_t *signature_of_body(const char *url, const char *body, apr_size_t length, apr_pool_t *pool);

/* Whether given, the header's value, signs it under a token. How long that takes says nothing about token and
 * signature. Nothing of the token is left behind. */
int signature_verify(const signature_t *signature, const char *token, apr_size_t length, const char *given);

/* The signature under a token, of the URL with its port if it has one: the header's value. Nothing of the
 * token is left behind. In pool. */
const char *signature_make(const signature_t *signature, const char *token, apr_size_t length,
                           apr_pool_t *pool);

#endif
