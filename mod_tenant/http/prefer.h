/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_PREFER_H
#define TENANT_HTTP_PREFER_H

/* Whether a Prefer header (RFC 7240; NULL: none) states the preference name=value. Of a preference that is
 * stated more than once the first counts; what is no preference is skipped.
 * Whoever honours one says so in Preference-Applied. */
int prefer_states(const char *prefer, const char *name, const char *value);

#endif
