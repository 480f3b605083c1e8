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

void sqlstate_parse(sqlstate_t *state, const char *message, apr_pool_t *pool)
{
    static const char label[] = "\nCONSTRAINT NAME:  ";
    const char *colon = strchr(message, ':');
    const char *text = message;
    const char *found;

    memset(state, 0, sizeof *state);
    /* `ERROR:  23505: duplicate key …`, the severity being in any language */
    if (colon && strncmp(colon, ":  ", 3) == 0 && is_code(colon + 3)) {
        memcpy(state->code, colon + 3, SQLSTATE_LENGTH);
        text = colon + 3 + SQLSTATE_LENGTH + 1;
        text += strspn(text, " ");
    }
    state->message = apr_pstrmemdup(pool, text, strcspn(text, "\n"));

    /* the detail, which stands ahead of it, may quote a row's text: the last one is PostgreSQL's own */
    for (found = strstr(message, label); found; found = strstr(found, label)) {
        found += sizeof label - 1;
        state->constraint = apr_pstrmemdup(pool, found, strcspn(found, "\n"));
    }
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
    {"25006", UNFIT_OLDER}, /* read-only: a standby, or a setting that a new session may not have */
    {"0A000", UNFIT_ALL},   /* a stale plan */
    {"25", UNFIT_ALONE},    /* a transaction that is not in the state that it should be in */
    {"26", UNFIT_ALONE},    /* a prepared statement is gone */
    {"42", UNFIT_ALONE},    /* a name, type or privilege: a temporary table, row_security, a role */
    {"0L", UNFIT_ALONE},    /* invalid grantor, role or authorization: SET ROLE */
    {"0P", UNFIT_ALONE},
    {"28", UNFIT_ALONE},
    {"3", UNFIT_ALONE},     /* cursors, savepoints, schemas, functions that touch what they may not */
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

/* A class or a whole code, and what it is to the caller. The first match counts. */
static const struct {
    const char *prefix;
    const problem_t *problem;
} meanings[] = {
    {"08", &problem_database_away},    /* connection exception */
    {"22", &problem_invalid},          /* data exception: a value that our own checks let through */
    {"23", &problem_conflict},         /* integrity constraint violation */
    {"25P", &problem_query_timeout},   /* idle in transaction for too long */
    {"25006", &problem_database_away}, /* read-only: a standby, until a new connection finds the primary */
    {"26", &problem_misconfigured}, /* a prepared statement is gone: a transaction pooler with prepare=on */
    {"40", &problem_conflict},      /* serialization failure, deadlock */
    {"53", &problem_database_away}, /* insufficient resources: disk, memory, connections */
    {"55P03", &problem_query_timeout}, /* lock_timeout */
    {"57014", &problem_query_timeout}, /* statement_timeout */
    {"57P", &problem_database_away},   /* shutdown, crash, start-up */
    {"58", &problem_database_away},    /* system error outside of PostgreSQL */
    {"42", &problem_misconfigured},    /* a table, column or privilege that is not as the module expects */
    {"44", &problem_misconfigured},    /* WITH CHECK OPTION: a view of the sysadmin's own */
    {"54", &problem_misconfigured},    /* program limit exceeded */
    {"P0", &problem_misconfigured},    /* raised by a function or trigger of the sysadmin's own */
    {"0A", &problem_misconfigured},    /* a plan that is stale even in a new connection */
    {"XX", &problem_database_away},    /* corrupted data, internal error */
};

const problem_t *sqlstate_problem(const sqlstate_t *state, const conflict_t *conflicts)
{
    if (!*state->code)
        return &problem_database_away;
    if (strcmp(state->code, "23505") == 0 && state->constraint) {
        for (const conflict_t *c = conflicts; c && c->constraint; c++) {
            if (strcmp(c->constraint, state->constraint) == 0)
                return c->problem;
        }
    }
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (has_prefix(state->code, meanings[i].prefix))
            return meanings[i].problem;
    }
    return &problem_internal;
}
