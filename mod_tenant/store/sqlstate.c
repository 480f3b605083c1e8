/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlstate.h"

#include <apr_strings.h>
#include <string.h>

static int is_code(const char *text)
{
    for (int i = 0; i < SQLSTATE_LENGTH; i++) {
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'A' && text[i] <= 'Z')))
            return 0;
    }
    return text[SQLSTATE_LENGTH] == ':';
}

/* The name that a line of a message gives, or NULL. The detail, which stands ahead of it, may quote a row's
 * text: the last one is PostgreSQL's own. */
static const char *find_name(const char *message, const char *label, apr_pool_t *pool)
{
    const char *name = NULL;

    for (const char *found = strstr(message, label); found; found = strstr(found, label)) {
        found += strlen(label);
        name = apr_pstrmemdup(pool, found, strcspn(found, "\n"));
    }
    return name;
}

void sqlstate_parse(sqlstate_t *state, const char *message, apr_pool_t *pool)
{
    const char *colon = strchr(message, ':');
    const char *text = message;

    memset(state, 0, sizeof *state);
    /* `ERROR:  23505: duplicate key …`, the severity being in any language */
    if (colon && strncmp(colon, ":  ", 3) == 0 && is_code(colon + 3)) {
        memcpy(state->code, colon + 3, SQLSTATE_LENGTH);
        text = colon + 3 + SQLSTATE_LENGTH + 1;
        text += strspn(text, " ");
    }
    state->message = apr_pstrmemdup(pool, text, strcspn(text, "\n"));

    state->constraint = find_name(message, "\nCONSTRAINT NAME:  ", pool);
    state->table = find_name(message, "\nTABLE NAME:  ", pool);
    state->column = find_name(message, "\nCOLUMN NAME:  ", pool);
}

static int has_prefix(const char *code, const char *prefix)
{
    return strncmp(code, prefix, strlen(prefix)) == 0;
}

int sqlstate_ends_session(const char *code)
{
    return has_prefix(code, "08") || has_prefix(code, "57P") || strcmp(code, "25P03") == 0;
}

/* A class or a whole code, and what it says of the connection. The first match counts; all others, which are
 * about values, locks, time and the server's resources, say nothing. */
static const struct {
    const char *prefix;
    unfit_t unfit;
} fitness[] = {
    {"08", UNFIT_OLDER},    /* connection exception */
    {"57P", UNFIT_OLDER},   /* shutdown, crash, start-up */
    {"25P03", UNFIT_OLDER}, /* idle in transaction for too long */
    {"25006", UNFIT_OPEN},  /* read-only: a standby, or a setting that a new session may not have */
    {"0A000", UNFIT_PLANS}, /* a stale plan */
    {"25", UNFIT_ALONE},    /* a transaction that is not in the state that it should be in */
    {"26", UNFIT_ALONE},    /* a prepared statement is gone */
    {"42", UNFIT_ALONE},    /* a name, type or privilege: a temporary table, row_security, a role */
    {"0L", UNFIT_ALONE},    /* invalid grantor, role or authorization: SET ROLE */
    {"0P", UNFIT_ALONE},
    {"28", UNFIT_ALONE},
    {"34", UNFIT_ALONE}, /* a cursor, savepoint, database or schema that is not there */
    {"3B", UNFIT_ALONE},
    {"3D", UNFIT_ALONE},
    {"3F", UNFIT_ALONE},
    {"53200", UNFIT_ALONE}, /* out of memory, which ends with the session at the latest */
    {"XX", UNFIT_ALONE},    /* internal error */
};

unfit_t sqlstate_unfit(const char *code)
{
    for (size_t i = 0; i < sizeof fitness / sizeof *fitness; i++) {
        if (has_prefix(code, fitness[i].prefix))
            return fitness[i].unfit;
    }
    return UNFIT_NOT;
}

int sqlstate_is_passing(const char *code)
{
    return strcmp(code, "40001") == 0 || strcmp(code, "40P01") == 0;
}

/* A class or a whole code, and what it is to the caller: of a write, and of a read, where no value of a
 * client's can have caused what a write's can. The first match counts. */
static const struct {
    const char *prefix;
    const problem_t *write;
    const problem_t *read;
} meanings[] = {
    {"08", &problem_database_away, &problem_database_away}, /* connection exception */
    /* values that our own checks let through, and a column of the site's own, narrower or of another type,
     * does not: too long, out of range, no time, of another form */
    {"22001", &problem_invalid, &problem_misconfigured},
    {"22003", &problem_invalid, &problem_misconfigured},
    {"22007", &problem_invalid, &problem_misconfigured},
    {"22008", &problem_invalid, &problem_misconfigured},
    {"22P02", &problem_invalid, &problem_misconfigured},
    {"22", &problem_misconfigured, &problem_misconfigured},  /* a sequence at its end, another encoding … */
    {"23", &problem_conflict, &problem_misconfigured},       /* integrity constraint violation */
    {"25P", &problem_query_timeout, &problem_query_timeout}, /* idle in transaction for too long */
    /* read-only: a standby, until a new connection finds the primary */
    {"25006", &problem_database_away, &problem_database_away},
    /* a prepared statement is gone: a transaction pooler with prepare=on */
    {"26", &problem_misconfigured, &problem_misconfigured},
    {"40", &problem_conflict, &problem_query_timeout},         /* serialization failure, deadlock */
    {"53", &problem_database_away, &problem_database_away},    /* insufficient resources: disk, memory … */
    {"55P03", &problem_query_timeout, &problem_query_timeout}, /* lock_timeout */
    {"57014", &problem_query_timeout, &problem_query_timeout}, /* statement_timeout */
    {"57P", &problem_database_away, &problem_database_away},   /* shutdown, crash, start-up */
    {"58", &problem_database_away, &problem_database_away},    /* system error outside of PostgreSQL */
    /* a table, column or privilege that is not as the module expects */
    {"42", &problem_misconfigured, &problem_misconfigured},
    {"44", &problem_misconfigured, &problem_misconfigured}, /* WITH CHECK OPTION: a view of the sysadmin's */
    {"54", &problem_misconfigured, &problem_misconfigured}, /* program limit exceeded */
    /* raised by tenant_move_guard() */
    {"MT001", &problem_tenant_moving, &problem_tenant_moving},
    {"MT002", &problem_tenant_moved, &problem_tenant_moved},
    {"P0", &problem_misconfigured, &problem_misconfigured}, /* raised by a function or trigger */
    {"0A", &problem_misconfigured,
     &problem_misconfigured}, /* a plan that is stale even in a new connection */
    {"XX", &problem_database_away, &problem_database_away}, /* corrupted data, internal error */
};

/* Whether a statement's text names a column. */
static int names_column(const char *sql, const char *column)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    apr_size_t length = strlen(column);

    for (const char *at = strstr(sql, column); at; at = strstr(at + 1, column)) {
        if ((at == sql || !strchr(letters, at[-1])) && (!at[length] || !strchr(letters, at[length])))
            return 1;
    }
    return 0;
}

const problem_t *sqlstate_conflict(const sqlstate_t *state, const statement_t *statement)
{
    if (strcmp(state->code, "23505") != 0 || !state->constraint)
        return NULL;
    for (const conflict_t *c = statement->conflicts; c && c->constraint; c++) {
        if (strcmp(c->constraint, state->constraint) == 0)
            return c->problem;
    }
    return NULL;
}

/* Whether a column must not be NULL that is the site's own: no request can fill it. */
static int lacks_column(const sqlstate_t *state, const statement_t *statement)
{
    return strcmp(state->code, "23502") == 0 && state->column && !names_column(statement->sql, state->column);
}

/* Whether the row has no place, since a partition is missing: an error that names a table and no check. One
 * that a trigger raises names neither. */
static int lacks_partition(const sqlstate_t *state)
{
    return strcmp(state->code, "23514") == 0 && state->table && !state->constraint;
}

const problem_t *sqlstate_problem(const sqlstate_t *state, const statement_t *statement, int is_write)
{
    const problem_t *conflict = is_write ? sqlstate_conflict(state, statement) : NULL;

    if (conflict)
        return conflict;
    if (state->fault || (is_write && (lacks_column(state, statement) || lacks_partition(state))))
        return &problem_misconfigured;
    if (!*state->code)
        return &problem_database_away;
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (has_prefix(state->code, meanings[i].prefix))
            return is_write ? meanings[i].write : meanings[i].read;
    }
    return &problem_internal;
}
