/* SPDX-License-Identifier: Apache-2.0 */
#include "keyuse.h"

#include <apr_strings.h>
#include <apr_tables.h>
#include <string.h>

#include "sealed.h"

struct keyuse_t {
    apr_array_header_t *entries; /* keyuse_entry_t */
};

/* The ids that API keys' hashes start with. '!' starts what is no hash. */
#define PEPPERS_SQL                                                                                          \
    "SELECT 'pepper' AS purpose, split_part(hash, ':', 1) AS id"                                             \
    " FROM (SELECT api_key_hash AS hash FROM public.tenants"                                                 \
    " UNION ALL SELECT retiring_api_key_hash FROM public.tenants WHERE retiring_api_key_expires_at > now())" \
    " hashes WHERE hash ~ '^[0-9]+:'"

/* The ids in envelopes, and those in hashes. */
static const char *ids_sql(apr_pool_t *pool)
{
    const char *sql = PEPPERS_SQL;

    for (const sealed_column_t *column = sealed_columns(pool); column->table; column++)
        sql = apr_psprintf(pool,
                           "%s UNION ALL SELECT 'seal', split_part(%s, '.', 3) FROM public.%s"
                           " WHERE %s%s%s ~ '^mt[0-9]+[.]'",
                           sql, column->name, column->table, column->holds ? column->holds : "",
                           column->holds ? " AND " : "", column->name);
    return sql;
}

const keyuse_t *keyuse_read(console_t *database, apr_pool_t *pool)
{
    keyuse_t *use = apr_palloc(pool, sizeof *use);
    const char *sql = apr_psprintf(pool,
                                   "SELECT purpose, id, count(*)::text FROM (%s) used"
                                   " GROUP BY purpose, id ORDER BY purpose, length(id), id",
                                   ids_sql(pool));
    rowset_t *rows = console_run(database, pool, sql, NULL, 0);

    if (!rows)
        return NULL;
    use->entries = apr_array_make(pool, 4, sizeof(keyuse_entry_t));
    for (int n = 0; n < rowset_count(rows); n++) {
        keyuse_entry_t entry = {.count = rowset_text(rows, n, 2)};
        const char *word = rowset_text(rows, n, 0), *id = rowset_text(rows, n, 1);

        entry.id = keyname_id(id, strlen(id));
        if (entry.id != 0 && keyname_purpose(&entry.purpose, word, strlen(word)))
            APR_ARRAY_PUSH(use->entries, keyuse_entry_t) = entry;
    }
    return use;
}

const keyuse_entry_t *keyuse_entry(const keyuse_t *use, int n)
{
    return n < use->entries->nelts ? &APR_ARRAY_IDX(use->entries, n, keyuse_entry_t) : NULL;
}

const char *keyuse_count(const keyuse_t *use, keyname_purpose_t purpose, uint32_t id)
{
    const keyuse_entry_t *entry;

    for (int n = 0; (entry = keyuse_entry(use, n)) != NULL; n++) {
        if (entry->purpose == purpose && entry->id == id)
            return entry->count;
    }
    return "0";
}
