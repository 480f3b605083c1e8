/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_PROOF_H
#define TENANT_STORE_PROOF_H

#include "pool.h"

/* Whether the database serves requests. NULL where a statement has ended well on a connection of the pool
 * within the last second; otherwise one statement that does nothing is run, and has to end within a second:
 * whoever asks meanwhile waits for the outcome of that one. So a child sends at most one statement a second,
 * however often it is asked, and on a busy server none. problem_database_away, problem_misconfigured,
 * problem_pool_exhausted. */
const problem_t *proof_ask(pool_t *pool);

/* Makes what those who ask wait on. 0: there is none. */
int proof_prepare(pool_t *pool);

#endif
