/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_KEYUSE_H
#define TENANT_TENANTCTL_KEYUSE_H

#include "../secret/keyring.h"
#include "../store/console.h"

/* How much of what the database holds is sealed or hashed with which key. */
typedef struct keyuse_t keyuse_t;

/* One key that something was made with. */
typedef struct keyuse_entry_t {
    keyname_purpose_t purpose;
    uint32_t id;
    const char *count; /* how many values, in decimal */
} keyuse_entry_t;

/* Counts them. A retiring API key, and a Twilio auth token that is being replaced, count until their
 * time ends. NULL: the database failed. */
const keyuse_t *keyuse_read(console_t *database, apr_pool_t *pool);

/* The n-th key in use; NULL past the last. */
const keyuse_entry_t *keyuse_entry(const keyuse_t *use, int n);

/* How many values a key has made; "0" where none. */
const char *keyuse_count(const keyuse_t *use, keyname_purpose_t purpose, uint32_t id);

#endif
