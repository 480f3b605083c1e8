/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a tenant can move: what would stop it on the way is found ahead of it. */
#include <apr_strings.h>
#include <string.h>

#include "../secret/keyname.h"
#include "cell.h"
#include "move.h"
#include "move_sql.h"
#include "nodes.h"
#include "output.h"

/* What keeps a database from its part, one line for each. */
static int check_fitness(const session_t *session, const char *sql, const char *const *values, int count)
{
    rowset_t *rows = move_run(session, sql, values, count);

    for (int n = 0; rows && n < rowset_count(rows); n++)
        complain(EXIT_FAILED, "%s: %s", session->name, rowset_text(rows, n, 0));
    return rows && rowset_count(rows) == 0 ? EXIT_DONE : EXIT_FAILED;
}

int move_check_clusters(const move_t *move)
{
    static const char sql[] = "SELECT pg_postmaster_start_time()::text";
    rowset_t *source = move_run(&move->source, sql, NULL, 0);
    rowset_t *target = source ? move_run(&move->target, sql, NULL, 0) : NULL;

    if (!target)
        return EXIT_FAILED;
    if (strcmp(rowset_text(source, 0, 0), rowset_text(target, 0, 0)) != 0)
        return EXIT_DONE;
    return complain(EXIT_FAILED, "both databases are of one PostgreSQL: a cell has a PostgreSQL of its own");
}

/* A table of the source, among those of the target. */
static int check_table(const move_table_t *table, const rowset_t *others)
{
    if (strcmp(table->has_identity, "t") != 0)
        return complain(
            EXIT_FAILED,
            "the table %s cannot be replicated: ALTER TABLE %s REPLICA IDENTITY USING INDEX with one "
            "that is unique and has %s, or FULL",
            table->name, table->name, table->key);
    for (int n = 0; n < rowset_count(others); n++) {
        if (strcmp(rowset_text(others, n, 0), table->name) == 0 &&
            strcmp(rowset_text(others, n, 2), table->columns) == 0)
            return EXIT_DONE;
    }
    return complain(EXIT_FAILED, "the table %s is not the same in both databases", table->name);
}

/* The tables whose rows go by no replication. */
static int check_apart(const move_t *move)
{
    rowset_t *source = move_run(&move->source, MOVE_APART, NULL, 0);
    rowset_t *target = source ? move_run(&move->target, MOVE_APART, NULL, 0) : NULL;

    if (!target)
        return EXIT_FAILED;
    for (int n = 0; n < rowset_count(source); n++) {
        if (strcmp(rowset_text(source, n, 1), rowset_text(target, n, 1)) != 0)
            return complain(EXIT_FAILED, "the table %s is not the same in both databases",
                            rowset_text(source, n, 0));
    }
    return EXIT_DONE;
}

/* Both databases have to be alike: what one has more of would be lost, or could not be stored. */
static int check_schema(const move_t *move)
{
    rowset_t *source = move_run(&move->source, MOVE_SCHEMA, NULL, 0);
    rowset_t *target = source ? move_run(&move->target, MOVE_SCHEMA, NULL, 0) : NULL;
    rowset_t *tables = target ? move_run(&move->target, MOVE_COLUMNS MOVE_TABLES, NULL, 0) : NULL;

    if (!tables)
        return EXIT_FAILED;
    if (strcmp(rowset_text(source, 0, 0), rowset_text(target, 0, 0)) != 0)
        return complain(EXIT_FAILED,
                        "the databases have different Sqitch changes: run sqitch deploy on both");
    for (int n = 0; n < move->tables->nelts; n++) {
        if (check_table(&APR_ARRAY_IDX(move->tables, n, move_table_t), tables) != EXIT_DONE)
            return EXIT_FAILED;
    }
    return rowset_count(tables) == move->tables->nelts
               ? check_apart(move)
               : complain(EXIT_FAILED, "the databases do not have the same tables of tenants");
}

/* --- Ids that are taken --------------------------------------------------------------------------------- */

/* A portion of a column's values behind `last`, of the tenant's; *last NULL: from the first one on. */
static int check_portion(const move_t *move, const rowset_t *keys, int n, const char **last, apr_pool_t *pool)
{
    const char *table = rowset_text(keys, n, 0), *column = rowset_text(keys, n, 2);
    const char *type = rowset_text(keys, n, 3), *values[] = {move->tenant, *last};
    const char *others[] = {NULL,
                            move->there.name ? move->tenant : NULL}; /* what has been copied is its own */
    rowset_t *portion = console_run(
        move->source.database, pool,
        apr_psprintf(pool,
                     "SELECT array_agg(x)::text, (array_agg(x))[count(*)]::text FROM (SELECT \"%s\" AS x FROM"
                     " public.\"%s\" WHERE tenant_id = $1::int AND \"%s\" IS NOT NULL AND ($2::%s IS NULL OR"
                     " \"%s\" > $2::%s) ORDER BY \"%s\" LIMIT 5000) portion",
                     column, table, column, type, column, type, column),
        values, 2);
    const char *list = portion ? rowset_text(portion, 0, 0) : NULL;
    rowset_t *taken;

    if (!portion)
        return complain(EXIT_FAILED, "source: %s", console_failure(move->source.database));
    *last = rowset_text(portion, 0, 1);
    if (!list)
        return EXIT_DONE;
    others[0] = list;
    taken = console_run(
        move->target.database, pool,
        apr_psprintf(pool,
                     "SELECT string_agg(x, ', ') FROM (SELECT \"%s\"::text AS x FROM public.\"%s\""
                     " WHERE \"%s\" = ANY ($1::%s[]) AND tenant_id IS DISTINCT FROM $2::int LIMIT 3) taken",
                     column, table, column, type),
        others, 2);
    if (!taken)
        return complain(EXIT_FAILED, "target: %s", console_failure(move->target.database));
    if (!rowset_text(taken, 0, 0))
        return EXIT_DONE;
    return complain(EXIT_FAILED,
                    "the target has rows with the same %s.%s already, such as %s: its ids are another's",
                    table, column, rowset_text(taken, 0, 0));
}

/* Whether no row of the target has an id or a sid of the tenant's, where there it can be but once. */
static int check_ids(const move_t *move)
{
    rowset_t *keys = move_run(&move->target, MOVE_KEYS, NULL, 0);
    int status = keys ? EXIT_DONE : EXIT_FAILED;
    apr_pool_t *pool;

    apr_pool_create(&pool, move->pool);
    for (int n = 0; status == EXIT_DONE && n < rowset_count(keys); n++) {
        const char *last = NULL;

        do {
            const char *kept = apr_pstrdup(move->pool, last);

            apr_pool_clear(pool);
            last = kept;
            status = check_portion(move, keys, n, &last, pool);
        } while (status == EXIT_DONE && last);
    }
    apr_pool_destroy(pool);
    return status;
}

/* Lines of the audit stay where a tenant is removed. Nobody could tell them from those that come, nor take
 * these back alone. */
static int check_remains(const move_t *move)
{
    for (int n = 0; !move->there.name && n < move->tables->nelts; n++) {
        const move_table_t *table = &APR_ARRAY_IDX(move->tables, n, move_table_t);
        rowset_t *rows =
            move_run(&move->target,
                     apr_psprintf(move->pool,
                                  "SELECT FROM public.\"%s\" WHERE \"%s\" = $1::int AND %s LIMIT 1",
                                  table->name, table->key, table->goes),
                     &move->tenant, 1);

        if (!rows)
            return EXIT_FAILED;
        if (rowset_count(rows) > 0 && strcmp(table->name, "usage_removed") != 0)
            return complain(
                EXIT_FAILED,
                "the target has rows in %s of a tenant %s that was removed there: take them out first%s",
                table->name, move->tenant,
                strcmp(table->name, "audit") == 0 ? ", by tenantctl audit purge" : "");
    }
    return EXIT_DONE;
}

/* --- Keys ----------------------------------------------------------------------------------------------- */

/* A key that a value of the tenant was made with: the target has to have the same one. */
static int check_key(const move_t *move, keyname_purpose_t purpose, uint32_t id)
{
    const keyring_key_t *here = keyring_find(move->source.keyring, purpose, id);
    const keyring_key_t *there = keyring_find(move->target.keyring, purpose, id);
    const char *word = keyname_word(purpose), *names;

    if (!here)
        return complain(EXIT_FAILED, "the key file %s lacks the key %s %u, which the tenant needs",
                        move->source.key_file, word, id);
    if (!there || memcmp(here->bytes, there->bytes, KEYRING_KEY_BYTES) != 0)
        return complain(
            EXIT_FAILED,
            "the target's key file %s %s %s %u, with which values of the tenant were made: the cells have "
            "to share it",
            move->target.key_file, there ? "has another key as" : "lacks the key", word, id);
    if (!nodes_without_key(&names, move->target.database, purpose, id, move->pool))
        return complain(EXIT_FAILED, "target: %s", console_failure(move->target.database));
    if (names)
        return complain(EXIT_FAILED, "servers of the target have not loaded the key %s %u: %s", word, id,
                        names);
    return EXIT_DONE;
}

int move_check_keys(const move_t *move)
{
    rowset_t *rows = move_run(&move->source, MOVE_KEY_IDS, &move->tenant, 1);
    int status = rows ? EXIT_DONE : EXIT_FAILED;

    for (int n = 0; status == EXIT_DONE && n < rowset_count(rows); n++) {
        const char *word = rowset_text(rows, n, 0), *id = rowset_text(rows, n, 1);
        uint32_t number = keyname_id(id, strlen(id));
        keyname_purpose_t purpose;

        if (number != 0 && keyname_purpose(&purpose, word, strlen(word)))
            status = check_key(move, purpose, number);
    }
    return status;
}

int move_check(const move_t *move)
{
    int status;

    move_say(move, "looks whether it can move");
    if ((status = check_fitness(&move->source, MOVE_FITNESS, &move->object, 1)) != EXIT_DONE ||
        (status = check_fitness(&move->target, MOVE_TARGET_FITNESS, NULL, 0)) != EXIT_DONE ||
        (status = check_schema(move)) != EXIT_DONE ||
        (status = cell_check_apart(&move->source, &move->target)) != EXIT_DONE ||
        (status = move_check_keys(move)) != EXIT_DONE || (status = check_remains(move)) != EXIT_DONE)
        return status;
    return check_ids(move);
}
