/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_TOKENS_H
#define TENANT_API_TOKENS_H

#include "api.h"

/* POST /twilio/token: answers with an access token for Twilio's Voice SDKs (twilio/access.h), which the
 * tenant's API key secret signs in here. Nothing is stored, and the secret is gone from memory ahead of the
 * answer. A user's login gets a token in its own name alone. problem_user_forbidden; problem_invalid;
 * problem_twilio_not_set_up; problem_secret_unreadable; those of a read. */
const problem_t *tokens_run(api_t *api);

#endif
