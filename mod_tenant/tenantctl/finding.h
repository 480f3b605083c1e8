/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_FINDING_H
#define TENANT_TENANTCTL_FINDING_H

#include "output.h"

/* Adds what a check of the doctor has found: the check's stable name, what it is about, and a sentence's end
 * that says what is wrong with it. */
void finding_add(output_t *findings, const char *check, const char *object, const char *what);

#endif
