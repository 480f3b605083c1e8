/* SPDX-License-Identifier: Apache-2.0 */
#include "ids.h"

#include <apr_strings.h>
#include <libpq-fe.h>

#include "ids_sql.h" /* IDS_PAST_HALF, made from ids.sql by the build */

const char *ids_past_half(const notify_settings_t *settings, apr_pool_t *pool)
{
    PGconn *libpq = PQconnectdb(settings->conninfo);
    PGresult *row = PQstatus(libpq) == CONNECTION_OK
                        ? notify_ask(libpq, IDS_PAST_HALF, settings->wake, settings->limit)
                        : NULL;
    const char *found = row && !PQgetisnull(row, 0, 0) ? apr_pstrdup(pool, PQgetvalue(row, 0, 0)) : NULL;

    PQclear(row);
    PQfinish(libpq);
    return found;
}
