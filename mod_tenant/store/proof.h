/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_PROOF_H
#define TENANT_STORE_PROOF_H

#include "pool.h"

/* How it is found out whether a database is of use, in one child process. */
typedef struct proof_t proof_t;

/* For the database that a pool leads to. NULL: there is no memory, mutex or condition left. */
proof_t *proof_open(pool_t *pool);

/* Whether the database serves requests. NULL where a statement has ended well on a connection of the pool
 * within the last second; otherwise one statement that does nothing is run, and has to end within a second:
 * whoever asks meanwhile waits for the outcome of that one. So a child sends at most one statement a second,
 * however often it is asked, and on a busy server none. problem_database_away, problem_misconfigured,
 * problem_pool_exhausted. */
const problem_t *proof_ask(proof_t *proof);

#endif
