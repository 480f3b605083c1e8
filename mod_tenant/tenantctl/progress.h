/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_PROGRESS_H
#define TENANT_TENANTCTL_PROGRESS_H

#include <stdint.h>

/* Where standard error is a terminal: one line there that says how far a table has come. */
void progress_show(const char *table, int64_t rows, int64_t all);

/* The same, of what is done to it that has no measure. */
void progress_step(const char *table, const char *step);

/* Takes the line away. */
void progress_end(void);

#endif
