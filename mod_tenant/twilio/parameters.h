/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TWILIO_PARAMETERS_H
#define TENANT_TWILIO_PARAMETERS_H

#include "twilio.h"

/* Reads what a request tells into its form: of a GET the query's fields, of a POST the form that it
 * brings, or the members of a JSON object that are text or whole numbers. NULL, or a sentence that says
 * why it tells nothing. */
const char *parameters_read(webhook_t *webhook);

#endif
