/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_TENANT_EXPORT_H
#define TENANT_TENANTCTL_TENANT_EXPORT_H

#include "manifest.h"
#include "output.h"
#include "session.h"

/* Writes everything of a tenant to a file that is not there yet, or to standard output (`-`), as one snapshot
 * shows it. Returns EXIT_…, having said what failed; *manifest says what was written. */
int tenant_export_to(manifest_t *manifest, const session_t *session, const char *id, const char *path,
                     int with_passwords);

#endif
