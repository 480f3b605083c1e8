/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_SLOTS_H
#define TENANT_SECRET_SLOTS_H

#include <apr_pools.h>
#include <apr_time.h>
#include <sys/types.h>

#include "../problem.h"

/* The machine's slots for hashing passwords: one argon2id hash takes 19 MiB, so only so many run at a time on
 * the whole machine. A slot is a flock() on a file: it is freed when its process dies, however it dies, and
 * every child of every generation of the server shares it. */
typedef struct password_slots_t password_slots_t;

/* Makes the slot files PREFIX.0 … PREFIX.(count-1), mode 0600, owned by uid and gid where these are not
 * (uid_t)-1; existing ones are kept. *slots lives in pool. Returns NULL, or a sentence (in pool) that says
 * what failed. To be called before privileges are dropped. */
const char *password_slots_make(password_slots_t **slots, const char *prefix, int count, uid_t uid, gid_t gid,
                                apr_pool_t *pool);

/* Takes a slot, waiting for one until deadline; at least one attempt is made. NULL: *slot is to be given to
 * password_slots_free(). problem_slots_busy: none was free until the deadline. problem_misconfigured: no slot
 * file can be opened, which waiting would not change. */
const problem_t *password_slots_take(const password_slots_t *slots, apr_time_t deadline, int *slot);

/* Frees a slot that was taken. */
void password_slots_free(int slot);

#endif
