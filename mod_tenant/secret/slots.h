/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_SLOTS_H
#define TENANT_SECRET_SLOTS_H

#include <apr_pools.h>
#include <apr_time.h>
#include <sys/types.h>

#include "../problem.h"

/* The machine's slots for hashing passwords: one argon2id hash takes 19 MiB, so only so many run at a time on
 * the whole machine. A slot is a flock() on a file: it is freed when its process dies, however it dies, and
 * every child of every generation of the server shares it. Of all slots one owner, which is a tenant, has at
 * most half at a time, but at least one; that is counted in the same way, by locks on another file. */
typedef struct password_slots_t password_slots_t;

/* A slot that was taken: descriptors whose locks it is. */
typedef struct password_slot_t {
    int slot;
    int share;
} password_slot_t;

/* How many there are, and whose they are. */
typedef struct password_slots_settings_t {
    const char *prefix; /* of the paths of the files */
    int count;          /* slots of the machine, 1 to PASSWORD_SLOTS_MAX */
    int waiting;        /* threads of each process that may wait for one at a time; at least 1 */
    uid_t uid;          /* who uses the files; (uid_t)-1: who makes them */
    gid_t gid;          /* likewise */
} password_slots_settings_t;

enum { PASSWORD_SLOTS_MAX = 1024 };

/* Makes the files PREFIX.0 … PREFIX.(count-1) and PREFIX.shares, mode 0600; existing ones are kept. *slots
 * lives in pool. Returns NULL, or a sentence (in pool) that says what failed. To be called before privileges
 * are dropped, and before the processes are forked that share the slots. */
const char *password_slots_make(password_slots_t **slots, const password_slots_settings_t *settings,
                                apr_pool_t *pool);

/* Takes a slot for an owner, any text that is the same for the same tenant. When there is none it waits for
 * one until deadline, by monotonic_now(), unless enough threads of this process wait already; at least one
 * attempt is made. NULL: *slot is to be given to password_slots_free(). problem_slots_busy: all slots, or
 * the owner's half, are in use. problem_misconfigured: the files cannot be opened, which waiting would not
 * change. */
const problem_t *password_slots_take(password_slots_t *slots, const char *owner, apr_time_t deadline,
                                     password_slot_t *slot);

/* Frees a slot that was taken. */
void password_slots_free(const password_slot_t *slot);

#endif
