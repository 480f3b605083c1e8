/* SPDX-License-Identifier: Apache-2.0 */
#include "user.h"

#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "../config.h"
#include "../monotonic.h"
#include "../secret/password.h"
#include "../store/database.h"
#include "../text.h"
#include "attempts.h"
#include "guesses.h"
#include "logins.h"
#include "network.h"
#include "origin.h"
#include "resolve.h"

APLOG_USE_MODULE(tenant);

/* How long a login waits for a slot. */
#define SLOT_WAIT apr_time_from_sec(2)

/* Under this name the request's pool keeps the outcome of its last login. */
#define OUTCOME_KEY "mod_tenant login"

enum { COLUMN_ID, COLUMN_HASH, COLUMN_EMAIL };

/* One row, be there such a user or not: with it comes the address as PostgreSQL compares it. */
static const statement_t find_user = {
    .label = "lookup_user",
    .shape = "ssS",
    .sql = "SELECT u.id, u.password_hash, lower(%s::text COLLATE \"und-x-icu\")"
           " FROM (VALUES (1)) one LEFT JOIN user_by_email(%d::int, %s) u ON true",
};

static const statement_t replace_hash = {
    .label = "user_rehash",
    .sql = "SELECT user_rehash(%s, %s, %s) WHERE set_config('mod_tenant.origin', %s, true) IS NOT NULL",
};

/* One login on its way. */
typedef struct login_t {
    request_rec *r; /* the one that the client sent */
    const server_config_t *config;
    const tenant_t *tenant;
    const char *email;
    const char *password;
    digest_t name;          /* among the logins that are known to be right */
    digest_t as_written;    /* among the attempts, by the address as it was given */
    digest_t attempt;       /* the same, by the address as PostgreSQL compares it */
    logins_moment_t moment; /* ahead of reading the next two */
    const char *user;       /* users.id; NULL: there is no such user */
    const char *stored;     /* the hash; NULL: the user cannot log in */
} login_t;

/* How a login went: it may be asked for again by a subrequest or an ErrorDocument. */
typedef struct outcome_t {
    digest_t name;
    const problem_t *problem;
    const char *user;
} outcome_t;

static outcome_t *outcome_of(const request_rec *r)
{
    void *outcome = NULL;

    apr_pool_userdata_get(&outcome, OUTCOME_KEY, tenant_origin(r)->pool);
    return outcome;
}

const problem_t *user_login_problem(const request_rec *r)
{
    const outcome_t *outcome = outcome_of(r);

    return outcome ? outcome->problem : NULL;
}

int user_is_logged_in(const request_rec *r)
{
    const outcome_t *outcome = outcome_of(r);

    return outcome && !outcome->problem;
}

const char *user_slots_owner(const request_rec *r, const tenant_t *tenant)
{
    return apr_pstrcat(r->pool, tenant->id_text, " ", config_server(r->server)->connect_name, NULL);
}

static int is_known(login_t *login)
{
    const generations_t *generations = login->config->generations;
    const char *user =
        generations ? logins_find(login->config->logins, &login->name, generations, login->r->pool) : NULL;

    if (user)
        login->user = user;
    return user != NULL;
}

/* Refuses the login while too many of the same have failed. */
static const problem_t *check_rate(const login_t *login, const digest_t *attempt)
{
    apr_interval_time_t wait = attempts_wait(login->config->attempts, &login->config->login_rate, attempt);

    if (wait == 0)
        return NULL;
    apr_table_setn(login->r->err_headers_out, "Retry-After",
                   apr_psprintf(login->r->pool, "%" APR_TIME_T_FMT, apr_time_sec(wait) + 1));
    return &problem_rate_limited;
}

static digest_t attempt_of(const login_t *login, const char *email)
{
    return attempts_name(login->config->attempts, login->config->connect_name, login->tenant->id_text, email,
                         network_of_client(login->r));
}

/* Reads who has the address, and the hash. */
static const problem_t *read_user(login_t *login)
{
    const char *values[] = {login->email, login->tenant->id_text, login->email};
    const problem_t *problem;
    rows_t *rows;

    if (!login->config->database)
        return &problem_misconfigured;
    if (login->config->generations)
        login->moment = logins_moment(login->config->generations);
    if (!text_is_utf8(login->email, strlen(login->email)))
        return NULL; /* PostgreSQL takes it for no text: nobody's address */
    problem = database_lookup(login->config->database, login->r, &find_user, values, &rows, login->r->pool);
    if (problem)
        return problem;
    rows_seek(rows, 0);
    login->attempt = attempt_of(login, rows_text(rows, COLUMN_EMAIL));
    login->user = rows_text(rows, COLUMN_ID);
    login->stored = rows_text(rows, COLUMN_HASH);
    return NULL;
}

const problem_t *user_stamp(request_rec *r, const char **stamp, apr_pool_t *pool)
{
    const char *values[] = {r->user, tenant_get(r)->id_text, r->user};
    const problem_t *problem;
    const char *hash;
    rows_t *rows;

    *stamp = NULL;
    problem = database_lookup(config_server(r->server)->database, r, &find_user, values, &rows, pool);
    if (problem)
        return problem;
    rows_seek(rows, 0);
    hash = rows_text(rows, COLUMN_HASH);
    if (hash)
        *stamp = apr_pstrcat(pool, rows_text(rows, COLUMN_ID), " ", hash, NULL);
    return NULL;
}

/* Stores a hash as costly as a new one, if a slot is free this very moment: else the next login will do. */
static void rehash(const login_t *login)
{
    char stored[PASSWORD_HASH_SIZE];
    tenant_t as_user = *login->tenant;
    const char *values[] = {login->user, login->stored, stored, NULL};
    const problem_t *problem;
    rows_t *rows;

    as_user.via = TENANT_VIA_USER;
    as_user.user = login->user;
    values[3] = origin_text(login->r, &as_user);
    problem = password_hash(login->config->slots, user_slots_owner(login->r, login->tenant), login->password,
                            strlen(login->password), 0, stored);
    if (!problem)
        problem = database_change(login->config->database, login->r, login->tenant->id, &replace_hash, values,
                                  &rows);
    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, login->r, "new hash of user %s: %s", login->user,
                  problem ? problem->code : "stored");
}

/* Compares the password with the stored hash. The caller has a slot, for which it may have waited: what
 * others have found out meanwhile counts. */
static const problem_t *compare(login_t *login, password_match_t *match)
{
    const problem_t *problem;

    *match = PASSWORD_RIGHT;
    if (is_known(login))
        return NULL;
    problem = check_rate(login, &login->attempt);
    if (!problem)
        problem = password_verify(login->stored, login->password, strlen(login->password), match);
    if (problem)
        return problem;
    if (*match == PASSWORD_RIGHT || *match == PASSWORD_OUTDATED) {
        logins_keep(login->config->logins, &login->name, login->tenant->id, login->user, &login->moment);
        return NULL;
    }
    if (*match == PASSWORD_UNUSABLE)
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, login->r,
                      "the stored password hash of user %s of tenant %s is not argon2id, or asks for more "
                      "memory or time than is allowed: no login until the password is set anew",
                      login->user, login->tenant->id_text);
    guesses_count(login->r);
    attempts_count(login->config->attempts, &login->config->login_rate, &login->attempt);
    if (memcmp(&login->attempt, &login->as_written, sizeof login->attempt) != 0)
        attempts_count(login->config->attempts, &login->config->login_rate, &login->as_written);
    return &problem_login_invalid;
}

/* Finds out whether a login is right. An address without a user takes as long as a wrong password. */
static const problem_t *judge(login_t *login)
{
    password_match_t match;
    const problem_t *problem;
    password_slot_t slot;

    if (is_known(login))
        return NULL;
    problem = guesses_check(login->r);
    if (!problem)
        problem =
            check_rate(login, &login->as_written); /* spares the database those that repeat themselves */
    if (!problem)
        problem = read_user(login);
    if (!problem)
        problem = password_slots_take(login->config->slots, user_slots_owner(login->r, login->tenant),
                                      monotonic_now() + SLOT_WAIT, &slot);
    if (problem)
        return problem;
    problem = compare(login, &match);
    password_slots_free(&slot);
    if (match == PASSWORD_OUTDATED)
        rehash(login);
    return problem;
}

/* As PostgreSQL compares addresses, but for what is not ASCII. */
static const char *lower_case(const char *email, apr_pool_t *pool)
{
    char *lower = apr_pstrdup(pool, email);

    ap_str_tolower(lower);
    return lower;
}

/* Judges a login at the Host's tenant, unless the request has asked for the same before. */
static const problem_t *judge_once(login_t *login, const outcome_t *before)
{
    const server_config_t *config = login->config;
    const problem_t *problem = resolve_host(login->r, &login->tenant);

    if (problem)
        return problem;
    if (!config->logins)
        return &problem_misconfigured;
    if (!login->tenant || strlen(login->email) > USER_EMAIL_MAX || strlen(login->password) > PASSWORD_MAX)
        return &problem_login_invalid;
    login->name =
        logins_name(config->logins, config->connect, login->tenant->id_text, login->email, login->password);
    if (before && memcmp(&before->name, &login->name, sizeof login->name) == 0) {
        login->user = before->user;
        return before->problem;
    }
    login->attempt = login->as_written = attempt_of(login, lower_case(login->email, login->r->pool));
    return judge(login);
}

const problem_t *user_login(request_rec *r, const char *email, const char *password, const char **user)
{
    login_t login = {
        .r = tenant_origin(r),
        .config = config_server(r->server),
        .email = email,
        .password = password,
    };
    outcome_t *outcome = apr_palloc(login.r->pool, sizeof *outcome);

    outcome->problem = judge_once(&login, outcome_of(r));
    outcome->name = login.name;
    outcome->user = *user = login.user;
    apr_pool_userdata_setn(outcome, OUTCOME_KEY, NULL, login.r->pool);
    if (outcome->problem)
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "login at tenant %s: %s",
                      login.tenant ? login.tenant->id_text : "of nobody's Host", outcome->problem->code);
    else
        resolve_user(r, login.user);
    return outcome->problem;
}
