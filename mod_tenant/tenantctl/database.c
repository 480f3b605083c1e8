/* SPDX-License-Identifier: Apache-2.0 */
#include "database.h"

#include <apr_strings.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "../secret/secret.h"
#include "../store/conninfo.h"

struct database_t {
    apr_pool_t *pool;
    PGconn *connection;
    const char *failure;    /* of the last statement */
    const char *constraint; /* a unique one that it hurt; or NULL */
};

struct rows_t {
    PGresult *result;
};

static apr_status_t disconnect(void *data)
{
    PQfinish(data);
    return APR_SUCCESS;
}

/* Notices are for who types SQL. */
static void ignore(void *context, const PGresult *notice)
{
    (void)context;
    (void)notice;
}

/* The first line of what libpq or PostgreSQL said. */
static const char *first_line(const char *text, apr_pool_t *pool)
{
    return apr_pstrmemdup(pool, text, strcspn(text, "\n"));
}

/* The connection string that is used, or NULL with a sentence. */
static const char *complete(const char *given, const char *role, const char **sentence, apr_pool_t *pool)
{
    const char *conninfo;

    *sentence = conninfo_find(&conninfo, given, pool);
    if (*sentence) {
        *sentence = apr_pstrcat(pool, "the connection string of the database: ", *sentence, NULL);
        return NULL;
    }
    /* Of a keyword that is repeated the last one counts. */
    return apr_pstrcat(pool, conninfo_complete(conninfo, pool), role ? " user=" : "", role ? role : "",
                       " fallback_application_name=tenantctl", NULL);
}

/* A role that the policies hide tenants from would take what it does not see for what is not there. */
static const char *check_role(database_t *database, apr_pool_t *pool)
{
    rows_t *rows = database_run(database, pool,
                                "SELECT rolname, rolname = 'tenant_admin' OR rolsuper OR rolbypassrls"
                                " FROM pg_catalog.pg_roles WHERE rolname = current_user",
                                NULL, 0);

    if (!rows)
        return database_failure(database);
    if (rows_count(rows) == 1 && strcmp(rows_text(rows, 0, 1), "t") == 0)
        return NULL;
    return apr_pstrcat(pool, "the role ", PQuser(database->connection),
                       " does not see every tenant: connect as tenant_admin", NULL);
}

const char *database_open(database_t **database, const char *conninfo, const char *role, apr_pool_t *pool)
{
    const char *sentence;

    *database = apr_pcalloc(pool, sizeof **database);
    (*database)->pool = pool;
    conninfo = complete(conninfo, role, &sentence, pool);
    if (!conninfo)
        return sentence;
    (*database)->connection = PQconnectdb(conninfo);
    apr_pool_cleanup_register(pool, (*database)->connection, disconnect, apr_pool_cleanup_null);
    if (PQstatus((*database)->connection) != CONNECTION_OK)
        return first_line(PQerrorMessage((*database)->connection), pool);
    PQsetNoticeReceiver((*database)->connection, ignore, NULL);
    return check_role(*database, pool);
}

/* A column may hold a token in clear, which libpq would leave in freed memory. */
static apr_status_t wipe(void *data)
{
    PGresult *result = data;

    for (int row = 0; row < PQntuples(result); row++) {
        for (int column = 0; column < PQnfields(result); column++)
            secret_wipe(PQgetvalue(result, row, column), (apr_size_t)PQgetlength(result, row, column));
    }
    PQclear(result);
    return APR_SUCCESS;
}

/* Keeps why a statement failed. */
static void fail(database_t *database, const PGresult *result)
{
    apr_pool_t *pool = database->pool;
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);

    database->failure =
        apr_pstrcat(pool, "the database says: ",
                    first_line(message ? message : PQerrorMessage(database->connection), pool), NULL);
    database->constraint =
        state && constraint && strcmp(state, "23505") == 0 ? apr_pstrdup(pool, constraint) : NULL;
}

rows_t *database_run(database_t *database, apr_pool_t *pool, const char *sql, const char *const *values,
                     int count)
{
    PGresult *result = PQexecParams(database->connection, sql, count, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);
    rows_t *rows;

    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        fail(database, result);
        PQclear(result);
        return NULL;
    }
    rows = apr_palloc(pool, sizeof *rows);
    rows->result = result;
    apr_pool_cleanup_register(pool, result, wipe, apr_pool_cleanup_null);
    return rows;
}

const char *database_failure(const database_t *database)
{
    return database->failure;
}

int database_hurt(const database_t *database, const char *constraint)
{
    return database->constraint && strcmp(database->constraint, constraint) == 0;
}

int rows_count(const rows_t *rows)
{
    return PQntuples(rows->result);
}

int rows_changed(const rows_t *rows)
{
    return atoi(PQcmdTuples(rows->result));
}

const char *rows_text(const rows_t *rows, int row, int column)
{
    return PQgetisnull(rows->result, row, column) ? NULL : PQgetvalue(rows->result, row, column);
}
