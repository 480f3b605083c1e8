/* SPDX-License-Identifier: Apache-2.0 */

/* Prints every SQL statement that the API runs for its resources, for tests that run them without the module:
 *
 *     resource TAB label TAB statement
 *
 * `%s` stands for a parameter and `%%` for a percent sign (store/statement.h). */

#include <apr_general.h>
#include <stdio.h>

#include "api/sql.h"

static void print(const resource_t *resource, const statement_t *statement)
{
    printf("%s\t%s\t%s\n", resource->name, statement->label, statement->sql);
}

int main(void)
{
    apr_pool_t *pool;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return 1;
    sql_build(pool);
    sql_each(print);
    apr_terminate();
    return fflush(stdout) != 0;
}
