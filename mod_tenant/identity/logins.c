/* SPDX-License-Identifier: Apache-2.0 */
#include "logins.h"

#include <apr_strings.h>
#include <string.h>

#include "../monotonic.h"
#include "../secret/fingerprint.h"
#include "table.h"

enum { ENTRIES = 2048, WORDS = 20, ID_MAX = 128 };

#define KEPT apr_time_from_sec(60)

/* What the table keeps. */
typedef union record_t {
    uint64_t words[WORDS];
    struct {
        logins_moment_t moment;
        apr_time_t until; /* by monotonic_now() */
        int tenant;
        char user[ID_MAX]; /* users.id with its NUL */
    };
} record_t;

_Static_assert(sizeof(record_t) == sizeof(uint64_t[WORDS]), "a record has its words");

struct logins_t {
    fingerprint_key_t key;
    table_t *table;
};

logins_t *logins_open(apr_pool_t *process)
{
    logins_t *logins = apr_palloc(process, sizeof *logins);

    fingerprint_key_make(&logins->key);
    logins->table = table_make(ENTRIES, WORDS, process);
    return logins->table ? logins : NULL;
}

digest_t logins_name(const logins_t *logins, const char *database, const char *tenant, const char *email,
                     const char *password)
{
    const char *texts[] = {database, tenant, email, password, NULL};

    return fingerprint_make(&logins->key, texts);
}

const char *logins_find(logins_t *logins, const digest_t *name, const generations_t *generations,
                        apr_pool_t *pool)
{
    record_t record;

    if (!table_get(logins->table, name, record.words) || monotonic_now() >= record.until ||
        !generations_hold(generations, GENERATIONS_TENANTS, record.tenant, record.moment.tenants) ||
        !generations_hold(generations, GENERATIONS_LOGINS, record.tenant, record.moment.logins))
        return NULL;
    return apr_pstrdup(pool, record.user);
}

logins_moment_t logins_moment(const generations_t *generations)
{
    return (logins_moment_t){
        .tenants = generations_now(generations, GENERATIONS_TENANTS),
        .logins = generations_now(generations, GENERATIONS_LOGINS),
    };
}

void logins_keep(logins_t *logins, const digest_t *name, int tenant, const char *user,
                 const logins_moment_t *moment)
{
    record_t record = {.moment = *moment, .until = monotonic_now() + KEPT, .tenant = tenant};
    apr_size_t length = strlen(user) + 1;

    if (moment->tenants == 0 || moment->logins == 0 || length > sizeof record.user)
        return;
    memcpy(record.user, user, length);
    table_put(logins->table, name, record.words, WORDS);
}
