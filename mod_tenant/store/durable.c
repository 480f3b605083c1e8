/* SPDX-License-Identifier: Apache-2.0 */
#include "durable.h"

run_t durable_wait(connection_t *connection, sqlstate_t *state, apr_pool_t *pool)
{
    static const statement_t wait = {.sql = "SELECT " DURABLE_SQL};
    static const char *const nothing[] = {NULL};

    return connection_run(connection, &wait, nothing, NULL, state, pool);
}
