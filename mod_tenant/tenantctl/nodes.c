/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes.h"

#include <apr_strings.h>
#include <string.h>

#include "finding.h"
#include "session.h"

/* Who has renewed its row since then serves: a node does so every ten seconds (presence.c). */
#define SERVES "seen_at > now() - interval '1 minute'"

/* *names: the nodes that serve now and of which the condition holds, with $1 `seal 2`. */
static int find(const char **names, const char *condition, console_t *database, keyname_purpose_t purpose,
                uint32_t id, apr_pool_t *pool)
{
    const char *key = apr_psprintf(pool, "%s %u", keyname_word(purpose), id);
    const char *sql = apr_pstrcat(pool,
                                  "SELECT string_agg(DISTINCT name, ', ' ORDER BY name) FROM public.nodes"
                                  " WHERE " SERVES " AND ",
                                  condition, NULL);
    rowset_t *rows = console_run(database, pool, sql, &key, 1);

    *names = rows ? rowset_text(rows, 0, 0) : NULL;
    return rows != NULL;
}

int nodes_without_key(const char **names, console_t *database, keyname_purpose_t purpose, uint32_t id,
                      apr_pool_t *pool)
{
    return find(names, "NOT $1 = ANY (keys)", database, purpose, id, pool);
}

int nodes_with_primary(const char **names, console_t *database, keyname_purpose_t purpose, uint32_t id,
                       apr_pool_t *pool)
{
    return find(names, "$1 = ANY (primary_keys)", database, purpose, id, pool);
}

int nodes_check(output_t *findings, console_t *database, apr_pool_t *pool)
{
    rowset_t *rows =
        console_run(database, pool,
                    "SELECT name, format('has ended without a word: last seen %s s ago',"
                    "                    extract(epoch FROM now() - seen_at)::int)"
                    " FROM public.nodes n WHERE NOT " SERVES " AND NOT EXISTS (SELECT FROM public.nodes other"
                    "                  WHERE other.name = n.name AND other.seen_at > n.seen_at)"
                    " UNION ALL"
                    " SELECT name, format('has version %s, others have %s', version, newest)"
                    " FROM (SELECT *, max(version) OVER () AS newest FROM public.nodes WHERE " SERVES ") n"
                    " WHERE version <> newest ORDER BY 1, 2",
                    NULL, 0);

    for (int n = 0; rows && n < rowset_count(rows); n++)
        finding_add(findings, "nodes", rowset_text(rows, n, 0), rowset_text(rows, n, 1));
    return rows != NULL;
}

int nodes_list(const call_t *call)
{
    static const output_column_t columns[] = {
        {.key = "name"},
        {.key = "version"},
        {.key = "keys"},
        {.key = "primary_keys"},
        {.key = "started_at"},
        {.key = "seen_at"},
        {.key = "serves", .type = OUTPUT_LITERAL},
        {0},
    };
    output_t *list = output_make(columns, call->pool);
    session_t session;
    rowset_t *rows;
    int status = session_open(&session, call, SESSION_DATABASE);

    if (status != EXIT_DONE)
        return status;
    rows =
        console_run(session.database, call->pool,
                    "SELECT name, version, array_to_string(keys, ', '), array_to_string(primary_keys, ', '),"
                    " to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
                    " to_char(seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
                    " CASE WHEN " SERVES " THEN 'true' ELSE 'false' END"
                    " FROM public.nodes ORDER BY name, nodes.started_at",
                    NULL, 0);
    if (!rows)
        return complain(EXIT_FAILED, "%s", console_failure(session.database));
    for (int n = 0; n < rowset_count(rows); n++) {
        const char *cells[sizeof columns / sizeof *columns - 1];

        for (int column = 0; columns[column].key; column++)
            cells[column] = rowset_text(rows, n, column);
        output_row(list, cells);
    }
    output_print(NULL, "nodes", list, call_has(call, OPTION_JSON), call->pool);
    return EXIT_DONE;
}
