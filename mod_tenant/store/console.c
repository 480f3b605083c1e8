/* SPDX-License-Identifier: Apache-2.0 */
#include "console.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <errno.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conninfo.h"

struct console_t {
    apr_pool_t *pool;
    PGconn *connection;
    apr_hash_t *prepared;   /* the labels of the statements that are */
    const char *failure;    /* of the last statement */
    const char *constraint; /* a unique one that it hurt; or NULL */
    int is_blocked;         /* others' locks were in its way */
};

struct rowset_t {
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
static const char *check_role(console_t *console, apr_pool_t *pool)
{
    rowset_t *rows =
        console_run(console, pool,
                    "SELECT rolname, rolname IN ('tenant_admin', 'tenant_owner') OR rolsuper OR rolbypassrls"
                    " FROM pg_catalog.pg_roles WHERE rolname = current_user",
                    NULL, 0);

    if (!rows)
        return console_failure(console);
    if (rowset_count(rows) == 1 && strcmp(rowset_text(rows, 0, 1), "t") == 0)
        return NULL;
    return apr_pstrcat(pool, "the role ", PQuser(console->connection),
                       " does not see every tenant: connect as tenant_admin", NULL);
}

const char *console_open(console_t **console, const char *conninfo, const char *role, apr_pool_t *pool)
{
    const char *sentence;

    *console = apr_pcalloc(pool, sizeof **console);
    (*console)->pool = pool;
    (*console)->prepared = apr_hash_make(pool);
    conninfo = complete(conninfo, role, &sentence, pool);
    if (!conninfo)
        return sentence;
    (*console)->connection = PQconnectdb(conninfo);
    apr_pool_cleanup_register(pool, (*console)->connection, disconnect, apr_pool_cleanup_null);
    if (PQstatus((*console)->connection) != CONNECTION_OK)
        return first_line(PQerrorMessage((*console)->connection), pool);
    PQsetNoticeReceiver((*console)->connection, ignore, NULL);
    return check_role(*console, pool);
}

const char *console_check(const char *conninfo, apr_pool_t *pool)
{
    return conninfo_program(conninfo) ? "a server runs no program for it" : conninfo_check(conninfo, 0, pool);
}

/* Becomes the user; 0: that is not possible. */
static int become(const char *user)
{
    const struct passwd *account = getpwnam(user);

    if (!account)
        return 0;
    if (account->pw_uid == geteuid())
        return 1;
    return geteuid() == 0 && initgroups(user, account->pw_gid) == 0 && setgid(account->pw_gid) == 0 &&
           setuid(account->pw_uid) == 0;
}

/* The child: tries, and writes what is wrong. */
static void try_as(const char *conninfo, const char *user, int out, apr_pool_t *pool)
{
    PGconn *connection = become(user) ? PQconnectdb(conninfo) : NULL;
    const char *why = "";

    if (connection && PQstatus(connection) != CONNECTION_OK)
        why = first_line(PQerrorMessage(connection), pool);
    _exit(write(out, why, strlen(why)) < 0);
}

const char *console_try_as(const char *conninfo, const char *user, apr_pool_t *pool)
{
    enum { WHY_MAX = 1024 };
    char *why = apr_pcalloc(pool, WHY_MAX + 1);
    const char *sentence;
    int ends[2];
    ssize_t got;
    pid_t child;

    conninfo = complete(conninfo, NULL, &sentence, pool);
    if (!conninfo)
        return sentence;
    if (pipe(ends) != 0)
        return NULL;
    child = fork();
    if (child == 0)
        try_as(conninfo, user, ends[1], pool);
    close(ends[1]);
    while ((got = read(ends[0], why, WHY_MAX)) < 0 && errno == EINTR)
        ;
    close(ends[0]);
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return got > 0 ? why : NULL;
}

/* A column may hold a token in clear, which libpq would leave in freed memory. */
static apr_status_t wipe(void *data)
{
    PGresult *result = data;

    for (int row = 0; row < PQntuples(result); row++) {
        for (int column = 0; column < PQnfields(result); column++)
            explicit_bzero(PQgetvalue(result, row, column), (apr_size_t)PQgetlength(result, row, column));
    }
    PQclear(result);
    return APR_SUCCESS;
}

/* Keeps why a statement failed. */
static void fail(console_t *console, const PGresult *result)
{
    apr_pool_t *pool = console->pool;
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);

    console->failure =
        apr_pstrcat(pool, "the database says: ",
                    first_line(message ? message : PQerrorMessage(console->connection), pool), NULL);
    console->constraint =
        state && constraint && strcmp(state, "23505") == 0 ? apr_pstrdup(pool, constraint) : NULL;
    console->is_blocked = state && (strcmp(state, "55P03") == 0 || strcmp(state, "40P01") == 0);
}

/* The rows of a result, which is released here where there are none. */
static rowset_t *rows_of(console_t *console, PGresult *result, apr_pool_t *pool)
{
    ExecStatusType status = PQresultStatus(result);
    rowset_t *rows;

    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        fail(console, result);
        PQclear(result);
        return NULL;
    }
    rows = apr_palloc(pool, sizeof *rows);
    rows->result = result;
    apr_pool_cleanup_register(pool, result, wipe, apr_pool_cleanup_null);
    return rows;
}

rowset_t *console_run(console_t *console, apr_pool_t *pool, const char *sql, const char *const *values,
                      int count)
{
    return rows_of(console, PQexecParams(console->connection, sql, count, NULL, values, NULL, NULL, 0), pool);
}

rowset_t *console_execute(console_t *console, apr_pool_t *pool, const statement_t *statement,
                          const char *const *values)
{
    const char *label = statement->label;

    if (!apr_hash_get(console->prepared, label, APR_HASH_KEY_STRING)) {
        const char *text = statement_text(statement->sql, pool);

        if (!rows_of(console, PQprepare(console->connection, label, text, 0, NULL), pool))
            return NULL;
        apr_hash_set(console->prepared, label, APR_HASH_KEY_STRING, label);
    }
    return rows_of(console,
                   PQexecPrepared(console->connection, label, statement_parameters(statement->sql), values,
                                  NULL, NULL, 0),
                   pool);
}

/* Ends what the server still sends. */
static void cancel(console_t *console)
{
    PGcancel *request = PQgetCancel(console->connection);
    char why[256];

    if (request)
        PQcancel(request, why, sizeof why);
    PQfreeCancel(request);
}

/* Hands one result over. 0: no more of them are wanted. */
static int take_rows(PGresult *result, console_row_fn *take, void *context)
{
    int goes_on = 1;

    for (int row = 0; goes_on && row < PQntuples(result); row++)
        goes_on = take(context, PQgetvalue(result, row, 0), (apr_size_t)PQgetlength(result, row, 0));
    return goes_on;
}

int console_each(console_t *console, const char *sql, const char *const *values, int count,
                 console_row_fn *take, void *context)
{
    int is_done = PQsendQueryParams(console->connection, sql, count, NULL, values, NULL, NULL, 0) &&
                  PQsetSingleRowMode(console->connection);
    int goes_on = 1;
    PGresult *result;

    if (!is_done)
        fail(console, NULL);
    while ((result = PQgetResult(console->connection)) != NULL) {
        ExecStatusType status = PQresultStatus(result);

        if (status != PGRES_TUPLES_OK && status != PGRES_SINGLE_TUPLE) {
            if (goes_on && is_done)
                fail(console, result);
            is_done = is_done && !goes_on;
        } else if (goes_on && !take_rows(result, take, context)) {
            goes_on = 0;
            cancel(console);
        }
        wipe(result);
    }
    return is_done;
}

const char *console_failure(const console_t *console)
{
    return console->failure;
}

int console_hurt(const console_t *console, const char *constraint)
{
    return console->constraint && strcmp(console->constraint, constraint) == 0;
}

int console_blocked(const console_t *console)
{
    return console->is_blocked;
}

const char *console_clear_host(const console_t *console)
{
    const char *address = PQhostaddr(console->connection);

    if (PQsslInUse(console->connection) || !address || !*address || conninfo_is_loopback(address))
        return NULL;
    return PQhost(console->connection);
}

int rowset_count(const rowset_t *rows)
{
    return PQntuples(rows->result);
}

int rowset_changed(const rowset_t *rows)
{
    return atoi(PQcmdTuples(rows->result));
}

const char *rowset_text(const rowset_t *rows, int row, int column)
{
    return PQgetisnull(rows->result, row, column) ? NULL : PQgetvalue(rows->result, row, column);
}
