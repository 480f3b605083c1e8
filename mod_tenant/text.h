/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TEXT_H
#define TENANT_TEXT_H

#include <apr_pools.h>
#include <apr_time.h>

/* How many characters (code points) length bytes of valid UTF-8 are. */
int text_characters(const char *text, apr_size_t length);

/* Whether bytes are UTF-8 (RFC 3629) without NUL: what PostgreSQL takes as text. */
int text_is_utf8(const char *text, apr_size_t length);

/* Whether a text holds a C0 control character. */
int text_has_controls(const char *text, apr_size_t length);

/* Makes text of any bytes: what is not UTF-8, or is NUL, becomes U+FFFD, so do C0 control characters unless
 * keep_controls, and at most max characters remain. A NUL follows. *mended is set where the result differs;
 * it is never cleared. In pool. */
const char *text_mend(const char *bytes, apr_size_t length, int keep_controls, int max, int *mended,
                      apr_pool_t *pool);

/* Reads a rate, `100/60`, `100/1m` or `100/1m burst=20`: so many, from 1 to 1000000, in each period of
 * seconds, minutes or hours, at most a day; and how many of them at once, 0 where it does not say. 0: it is
 * none. */
int text_rate(const char *text, int *count, int *seconds, int *burst);

/* A moment by whole seconds, as RFC 3339 writes it in UTC: `2026-11-28T12:00:00Z`. In pool; NULL: it is
 * none. */
const char *text_utc(apr_time_t moment, apr_pool_t *pool);

#endif
