/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_CHECK_H
#define TENANT_RESOURCE_CHECK_H

#include <apr_pools.h>

/* What the fields of the table require past type and length. Each takes length bytes of UTF-8 and returns
 * NULL, or the end of a sentence: "must be …". */
const char *check_call_sid(const char *text, apr_size_t length);
const char *check_message_sid(const char *text, apr_size_t length);
const char *check_recording_sid(const char *text, apr_size_t length);
const char *check_account_sid(const char *text, apr_size_t length);
const char *check_api_key_sid(const char *text, apr_size_t length);
const char *check_application_sid(const char *text, apr_size_t length);
const char *check_push_credential_sid(const char *text, apr_size_t length);
const char *check_identity(const char *text, apr_size_t length);   /* letters, digits and `_` of ASCII */
const char *check_phone(const char *text, apr_size_t length);      /* E.164: `+` and 2 to 15 digits */
const char *check_rate_limit(const char *text, apr_size_t length); /* text_rate() */
const char *check_tenant_status(const char *text, apr_size_t length);
const char *check_domain(const char *text, apr_size_t length);    /* a host name of A-labels, lower case */
const char *check_printable(const char *text, apr_size_t length); /* printable ASCII, no space */
const char *check_status(const char *text, apr_size_t length);
const char *check_email(const char *text, apr_size_t length);
const char *check_url(const char *text, apr_size_t length);
const char *check_grace_end(const char *text, apr_size_t length); /* a time within 30 days, or past */

/* An id in a path or cursor: [1-9][0-9]{0,9}, at most 2147483647. */
int check_is_id(const char *text, apr_size_t length);

/* The same up to 9007199254740991. */
int check_is_big_id(const char *text, apr_size_t length);

enum { CHECK_TIME_SIZE = sizeof "YYYY-MM-DDThh:mm:ss.ffffffZ" };

/* Reads a date-time of RFC 3339 section 5.6, with an offset; the instant must lie in the years 1970 to 9999
 * of UTC. Writes it in UTC with six digits of fraction (the rest is cut),
 * NUL-terminated. 0: it is not one. */
int check_time(const char *text, apr_size_t length, char utc[CHECK_TIME_SIZE]);

/* A day of the years 1970 to 9999, `2026-05-17`. */
const char *check_date(const char *text, apr_size_t length);

/* How long a replaced Twilio auth token may go on verifying, in seconds. */
enum { CHECK_GRACE_MAX = 30 * 24 * 60 * 60 };

enum { CHECK_ANY_TIME_SIZE = sizeof "YYYYYY-MM-DDThh:mm:ss.ffffffZ BC" };

/* The same of any time that PostgreSQL has, as it spells them: years of up to six digits, and ` BC` at the
 * end of a time ahead of year 1. A row may hold it, and so a cursor. */
int check_any_time(const char *text, apr_size_t length, char utc[CHECK_ANY_TIME_SIZE]);

#endif
