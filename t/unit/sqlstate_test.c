/* SPDX-License-Identifier: Apache-2.0 */
/* What is read out of libpq's verbose messages. */
#include "../../mod_tenant/store/sqlstate.h"

#include <apr_general.h>

#include "tap.h"

static apr_pool_t *pool;

static const struct {
    const char *name;
    const char *text;
    const char *code, *constraint, *message;
} messages[] = {
    {"a unique violation",
     "ERROR:  23505: duplicate key value violates unique constraint \"calls_sid_key\"\n"
     "DETAIL:  Key (sid)=(CA00) already exists.\n"
     "SCHEMA NAME:  public\nTABLE NAME:  calls\nCONSTRAINT NAME:  calls_sid_key\n"
     "LOCATION:  _bt_check_unique, nbtinsert.c:664\n",
     "23505", "calls_sid_key", "duplicate key value violates unique constraint \"calls_sid_key\""},
    {"the same in German",
     "FEHLER:  23505: doppelter Schl\xc3\xbcsselwert verletzt Unique-Constraint \xc2\xbb"
     "calls_sid_key\xc2\xab\n"
     "CONSTRAINT NAME:  calls_sid_key\n",
     "23505", "calls_sid_key",
     "doppelter Schl\xc3\xbcsselwert verletzt Unique-Constraint \xc2\xbb"
     "calls_sid_key\xc2\xab"},
    {"one in Japanese", "\xe3\x82\xa8\xe3\x83\xa9\xe3\x83\xbc:  57014: x\n", "57014", NULL, "x"},
    {"one in French, with a space ahead of the colon",
     "ERREUR:  42P01: la relation n'existe pas\nLIGNE 1 : x\n", "42P01", NULL, "la relation n'existe pas"},
    {"a fatal one", "FATAL:  57P01: terminating connection due to administrator command\n", "57P01", NULL,
     "terminating connection due to administrator command"},
    {"a detail that quotes a constraint's line",
     "ERROR:  23505: duplicate key\nDETAIL:  Key (name)=(x\nCONSTRAINT NAME:  forged) already exists.\n"
     "SCHEMA NAME:  public\nCONSTRAINT NAME:  real_key\nLOCATION:  x\n",
     "23505", "real_key", "duplicate key"},
    {"a detail that quotes a whole message",
     "ERROR:  23505: duplicate key\nDETAIL:  Key (name)=(ERROR:  57P01: x\nCONSTRAINT NAME:  forged) "
     "exists.\n"
     "CONSTRAINT NAME:  real_key\n",
     "23505", "real_key", "duplicate key"},
    {"a constraint's name with spaces", "ERROR:  23514: x\nCONSTRAINT NAME:  a check\n", "23514", "a check",
     "x"},
    {"the end right behind the name", "ERROR:  23514: x\nCONSTRAINT NAME:  c", "23514", "c", "x"},
    {"a primary message that quotes a code", "ERROR:  22P02: invalid input: \"A:  23505: b\"\n", "22P02",
     NULL, "invalid input: \"A:  23505: b\""},
    {"a lost connection",
     "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n",
     "", NULL, "server closed the connection unexpectedly"},
    {"a connection refused",
     "connection to server on socket \"/tmp/.s.PGSQL.5432\" failed: No such file or directory\n", "", NULL,
     "connection to server on socket \"/tmp/.s.PGSQL.5432\" failed: No such file or directory"},
    {"a cut socket", "could not receive data from server: Connection timed out\n", "", NULL,
     "could not receive data from server: Connection timed out"},
    {"a message that is not verbose", "ERROR:  duplicate key value\n", "", NULL,
     "ERROR:  duplicate key value"},
    {"a code of four characters", "ERROR:  2350: x\n", "", NULL, "ERROR:  2350: x"},
    {"a code of six characters", "ERROR:  235055: x\n", "", NULL, "ERROR:  235055: x"},
    {"a code in lower case", "ERROR:  42p01: x\n", "", NULL, "ERROR:  42p01: x"},
    {"one space", "ERROR: 42P01: x\n", "", NULL, "ERROR: 42P01: x"},
    {"a code alone", "ERROR:  42P01", "", NULL, "ERROR:  42P01"},
    {"nothing behind the code", "ERROR:  42P01:", "42P01", NULL, ""},
    {"nothing behind the colon", "ERROR:  ", "", NULL, "ERROR:  "},
    {"nothing at all", "", "", NULL, ""},
    {"an empty line", "\n", "", NULL, ""},
};

static void test_parse(void)
{
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        char *const text = strdup(messages[i].text);
        sqlstate_t state;

        sqlstate_parse(&state, text, pool);
        memset(text, '#', strlen(text));
        free(text);
        is_text(state.code, messages[i].code, "%s: the code", messages[i].name);
        is_text(state.constraint, messages[i].constraint, "... the constraint");
        ok(!state.column, "... no column");
        is_text(state.message, messages[i].message, "... the primary message, alone and copied");
    }
}

static void test_column(void)
{
    sqlstate_t state;

    sqlstate_parse(
        &state,
        "ERROR:  23502: null value in column \"x\"\nDETAIL:  Failing row contains (\nCOLUMN NAME:  y\n).\n"
        "SCHEMA NAME:  public\nTABLE NAME:  t\nCOLUMN NAME:  x\nLOCATION:  z\n",
        pool);
    is_text(state.column, "x", "the column that is NULL");
}

static void test_session(void)
{
    static const char *const ended[] = {"08000", "08006", "57P01", "57P02", "57P03", "57P05", "25P03"};
    static const char *const alive[] = {"", "23505", "57014", "25P02", "25006", "0A000", "40001", "53300"};
    static const struct {
        const char *code;
        unfit_t unfit;
    } fitness[] = {
        {"08006", UNFIT_OLDER}, {"57P01", UNFIT_OLDER}, {"25P03", UNFIT_OLDER}, {"25006", UNFIT_OPEN},
        {"0A000", UNFIT_PLANS}, {"42501", UNFIT_ALONE}, {"42P01", UNFIT_ALONE}, {"42704", UNFIT_ALONE},
        {"26000", UNFIT_ALONE}, {"25P02", UNFIT_ALONE}, {"0P000", UNFIT_ALONE}, {"34000", UNFIT_ALONE},
        {"XX000", UNFIT_ALONE}, {"53200", UNFIT_ALONE}, {"", UNFIT_NOT},        {"22001", UNFIT_NOT},
        {"23505", UNFIT_NOT},   {"40001", UNFIT_NOT},   {"53100", UNFIT_NOT},   {"55P03", UNFIT_NOT},
        {"57014", UNFIT_NOT},   {"P0001", UNFIT_NOT},   {"0B000", UNFIT_NOT},   {"38000", UNFIT_NOT},
    };

    for (size_t i = 0; i < sizeof ended / sizeof *ended; i++)
        ok(sqlstate_ends_session(ended[i]), "%s ends the session", ended[i]);
    for (size_t i = 0; i < sizeof alive / sizeof *alive; i++)
        ok(!sqlstate_ends_session(alive[i]), "`%s` does not", alive[i]);
    for (size_t i = 0; i < sizeof fitness / sizeof *fitness; i++)
        ok(sqlstate_unfit(fitness[i].code) == fitness[i].unfit, "what `%s` says of connections",
           fitness[i].code);
}

static void test_problems(void)
{
    static const struct {
        const char *code;
        const problem_t *write, *read;
    } meanings[] = {
        {"", &problem_database_away, &problem_database_away},
        {"08006", &problem_database_away, &problem_database_away},
        {"57P01", &problem_database_away, &problem_database_away},
        {"25006", &problem_database_away, &problem_database_away},
        {"53100", &problem_database_away, &problem_database_away},
        {"53300", &problem_database_away, &problem_database_away},
        {"58030", &problem_database_away, &problem_database_away},
        {"XX001", &problem_database_away, &problem_database_away},
        {"57014", &problem_query_timeout, &problem_query_timeout},
        {"55P03", &problem_query_timeout, &problem_query_timeout},
        {"25P03", &problem_query_timeout, &problem_query_timeout},
        {"22001", &problem_invalid, &problem_misconfigured},
        {"22003", &problem_invalid, &problem_misconfigured},
        {"22P02", &problem_invalid, &problem_misconfigured},
        {"22021", &problem_misconfigured, &problem_misconfigured},
        {"22P05", &problem_misconfigured, &problem_misconfigured},
        {"2200H", &problem_misconfigured, &problem_misconfigured},
        {"22012", &problem_misconfigured, &problem_misconfigured},
        {"23503", &problem_conflict, &problem_misconfigured},
        {"23514", &problem_conflict, &problem_misconfigured},
        {"23505", &problem_conflict, &problem_misconfigured},
        {"40001", &problem_conflict, &problem_query_timeout},
        {"40P01", &problem_conflict, &problem_query_timeout},
        {"42P01", &problem_misconfigured, &problem_misconfigured},
        {"42501", &problem_misconfigured, &problem_misconfigured},
        {"0A000", &problem_misconfigured, &problem_misconfigured},
        {"21000", &problem_internal, &problem_internal},
    };
    static const statement_t statement = {.sql = "x"};

    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        sqlstate_t state = {.message = "x"};

        strcpy(state.code, meanings[i].code);
        is_text(sqlstate_problem(&state, &statement, 1)->code, meanings[i].write->code,
                "what `%s` means to a write", meanings[i].code);
        is_text(sqlstate_problem(&state, &statement, 0)->code, meanings[i].read->code, "... and to a read");
    }
    ok(sqlstate_is_passing("40001") && sqlstate_is_passing("40P01") && !sqlstate_is_passing("40003") &&
           !sqlstate_is_passing(""),
       "a serialization failure and a deadlock pass");
}

static void test_conflicts(void)
{
    static const conflict_t conflicts[] = {
        {"calls_sid_key", &problem_sid_taken},
        {"users_tenant_email_key", &problem_email_taken},
        {NULL, NULL},
    };
    static const statement_t some = {.sql = "INSERT INTO calls (tenant_id, sid, to_number)",
                                     .conflicts = conflicts};
    static const statement_t none = {.sql = "x"};
    sqlstate_t state = {.code = "23505", .constraint = "users_tenant_email_key", .message = "x"};

    ok(sqlstate_problem(&state, &some, 1) == &problem_email_taken, "a constraint's own problem");
    ok(sqlstate_problem(&state, &none, 1) == &problem_conflict, "... unless the statement has none");
    state.constraint = "users_tenant_email";
    ok(sqlstate_problem(&state, &some, 1) == &problem_conflict, "another constraint is a conflict");
    state.constraint = NULL;
    ok(sqlstate_problem(&state, &some, 1) == &problem_conflict, "... and so is none");
    state = (sqlstate_t){.code = "23514", .constraint = "calls_sid_key", .message = "x"};
    ok(sqlstate_problem(&state, &some, 1) == &problem_conflict, "only a unique violation has its own");
    state = (sqlstate_t){.code = "23514", .table = "calls", .constraint = "calls_check", .message = "x"};
    ok(sqlstate_problem(&state, &some, 1) == &problem_conflict, "a check that a row does not pass");
    state.constraint = NULL;
    ok(sqlstate_problem(&state, &some, 1) == &problem_misconfigured, "... and a row that no partition takes");
    state.table = NULL;
    ok(sqlstate_problem(&state, &some, 1) == &problem_conflict, "... and what a trigger does not let pass");
    state = (sqlstate_t){.code = "23502", .column = "to_number", .message = "x"};
    ok(sqlstate_problem(&state, &some, 1) == &problem_conflict, "a NULL where the client has a say");
    state.column = "number";
    ok(sqlstate_problem(&state, &some, 1) == &problem_misconfigured, "... and where it has none");
    state.column = "id";
    ok(sqlstate_problem(&state, &some, 1) == &problem_misconfigured, "... nor for an id");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_parse();
    test_column();
    test_session();
    test_problems();
    test_conflicts();
    apr_terminate();
    return done();
}
