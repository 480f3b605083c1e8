/* SPDX-License-Identifier: Apache-2.0 */
#include "conninfo.h"

#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <errno.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../monotonic.h"

static apr_status_t options_free(void *options)
{
    PQconninfoFree(options);
    return APR_SUCCESS;
}

/* The keyword that libpq does not know, of what it says against a connection string; NULL: it says something
 * else. The rest of what it says quotes values, and is not shown; nor is any word of a string that speaks of
 * a password, which an odd quote may have made a keyword of a part of. */
static const char *unknown_keyword(const char *conninfo, const char *complaint, apr_pool_t *pool)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_"; /* of which keywords are */
    const char *quote = strcasestr(conninfo, "pass") ? NULL : strchr(complaint, '"');
    size_t length = quote ? strspn(quote + 1, letters) : 0;
    const char *word;

    if (length == 0 || quote[length + 1] != '"')
        return NULL;
    word = apr_pstrmemdup(pool, quote + 1, length);
    return strcmp(complaint, apr_psprintf(pool, "invalid connection option \"%s\"\n", word)) == 0 ? word
                                                                                                  : NULL;
}

/* libpq's parse, freed with the pool; NULL when the string is not valid,
 * and *keyword one that is unknown or NULL. */
static PQconninfoOption *options_parse(const char *conninfo, const char **keyword, apr_pool_t *pool)
{
    char *why = NULL;
    PQconninfoOption *options = PQconninfoParse(conninfo, &why);

    if (keyword)
        *keyword = why ? unknown_keyword(conninfo, why, pool) : NULL;
    PQfreemem(why);
    if (options)
        apr_pool_cleanup_register(pool, options, options_free, apr_pool_cleanup_null);
    return options;
}

const char *conninfo_check(const char *conninfo, int may_hold_password, apr_pool_t *pool)
{
    const char *keyword;
    const PQconninfoOption *option = options_parse(conninfo, &keyword, pool);

    if (!option && keyword && !may_hold_password)
        return apr_psprintf(pool, "is not a libpq connection string: there is no keyword %s", keyword);
    if (!option)
        return "is not a libpq connection string";
    for (; option->keyword; option++) {
        if (option->val && !may_hold_password &&
            (strcmp(option->keyword, "password") == 0 || strcmp(option->keyword, "sslpassword") == 0))
            return "must not hold a password: use a passfile, peer authentication or exec:/path";
        if (option->val && strcmp(option->keyword, "client_encoding") == 0 &&
            strcasecmp(option->val, "UTF8") != 0 && strcasecmp(option->val, "UTF-8") != 0)
            return "must not set another client_encoding than UTF8";
        if (option->val && strcmp(option->keyword, "connect_timeout") == 0 && atoi(option->val) <= 0)
            return "must set no connect_timeout below 1 second: it would wait for ever";
    }
    return NULL;
}

/* value between single quotes, its quotes and backslashes escaped (PostgreSQL manual, 34.1.1.1). */
static const char *quote(const char *value, apr_pool_t *pool)
{
    char *quoted = apr_palloc(pool, 2 * strlen(value) + 3);
    char *to = quoted;

    *to++ = '\'';
    for (; *value; value++) {
        if (*value == '\'' || *value == '\\')
            *to++ = '\\';
        *to++ = *value;
    }
    *to++ = '\'';
    *to = '\0';
    return quoted;
}

const char *conninfo_complete(const char *conninfo, apr_pool_t *pool)
{
    static const struct {
        const char *keyword, *value;
    } defaults[] = {
        {"connect_timeout", "2"},                                    /* seconds; libpq knows no less */
        {"keepalives_idle", "10"},                                   /* seconds */
        {"keepalives_interval", "5"},                                /* seconds */
        {"keepalives_count", "3"},    {"tcp_user_timeout", "10000"}, /* milliseconds */
        {"client_encoding", "UTF8"},  {"fallback_application_name", "mod_tenant"},
    };
    const char *complete = "";

    for (const PQconninfoOption *option = options_parse(conninfo, NULL, pool); option && option->keyword;
         option++) {
        const char *value = option->val;

        for (size_t i = 0; !value && i < sizeof defaults / sizeof *defaults; i++) {
            if (strcmp(option->keyword, defaults[i].keyword) == 0)
                value = defaults[i].value;
        }
        if (value)
            complete = apr_pstrcat(pool, complete, *complete ? " " : "", option->keyword, "=",
                                   quote(value, pool), NULL);
    }
    return complete;
}

/* A list of two items or more with its first one at its end. */
static const char *turn_list(const char *list, apr_pool_t *pool)
{
    size_t first = strcspn(list, ",");

    return apr_pstrcat(pool, list + first + 1, ",", apr_pstrmemdup(pool, list, first), NULL);
}

static int count_items(const char *list)
{
    int count = 1;

    for (; *list; list++)
        count += *list == ',';
    return count;
}

int conninfo_hosts(const char *complete, apr_pool_t *pool)
{
    int hosts = 1;

    for (const PQconninfoOption *option = options_parse(complete, NULL, pool); option && option->keyword;
         option++) {
        if (option->val &&
            (strcmp(option->keyword, "host") == 0 || strcmp(option->keyword, "hostaddr") == 0) &&
            count_items(option->val) > hosts)
            hosts = count_items(option->val);
    }
    return hosts;
}

const char *conninfo_turned(const char *complete, int turns, apr_pool_t *pool)
{
    const char *turned = complete;

    for (const PQconninfoOption *option = turns ? options_parse(complete, NULL, pool) : NULL;
         option && option->keyword; option++) {
        const char *list = option->val;

        if (!list || !strchr(list, ',') ||
            (strcmp(option->keyword, "host") != 0 && strcmp(option->keyword, "hostaddr") != 0 &&
             strcmp(option->keyword, "port") != 0))
            continue;
        for (int n = turns % count_items(list); n > 0; n--)
            list = turn_list(list, pool);
        turned = apr_pstrcat(pool, turned, " ", option->keyword, "=", quote(list, pool),
                             NULL); /* the last counts */
    }
    return turned;
}

const char *conninfo_at_home(const char *complete, const char *home, apr_pool_t *pool)
{
    static const struct {
        const char *keyword, *file;
    } files[] = {
        {"sslcert", ".postgresql/postgresql.crt"},
        {"sslkey", ".postgresql/postgresql.key"},
        {"sslrootcert", ".postgresql/root.crt"},
        {"sslcrl", ".postgresql/root.crl"},
        {"passfile", ".pgpass"},
    };
    const char *at_home = complete;

    for (const PQconninfoOption *option = options_parse(complete, NULL, pool); option && option->keyword;
         option++) {
        for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
            if (strcmp(option->keyword, files[i].keyword) == 0 && !option->val && !getenv(option->envvar))
                at_home = apr_pstrcat(pool, at_home, *at_home ? " " : "", option->keyword, "=",
                                      quote(apr_pstrcat(pool, home, "/", files[i].file, NULL), pool), NULL);
        }
    }
    return at_home;
}

/* What a keyword is set to, be it by the environment; NULL: it is not. */
static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
    for (const PQconninfoOption *option = options; option && option->keyword; option++) {
        const char *value = option->val;

        if (strcmp(option->keyword, keyword) != 0)
            continue;
        if (!value && option->envvar)
            value = getenv(option->envvar);
        return value && *value ? value : NULL;
    }
    return NULL;
}

const char *conninfo_place(const char *complete, apr_pool_t *pool)
{
    static const char *const keywords[] = {"host", "hostaddr", "port"};
    const PQconninfoOption *options = options_parse(complete, NULL, pool);
    const char *place = "";

    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        const char *value = value_of(options, keywords[i]);

        place = apr_pstrcat(pool, place, value ? value : "", " ", NULL);
    }
    return place;
}

const char *conninfo_name(const char *complete, apr_pool_t *pool)
{
    const char *name = "";

    for (const PQconninfoOption *option = options_parse(complete, NULL, pool); option && option->keyword;
         option++) {
        if (option->val && strcmp(option->keyword, "password") != 0 &&
            strcmp(option->keyword, "sslpassword") != 0)
            name = apr_pstrcat(pool, name, option->keyword, "=", quote(option->val, pool), " ", NULL);
    }
    return name;
}

int conninfo_is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

const char *conninfo_transport(const char *complete, int *is_safe, apr_pool_t *pool)
{
    static const struct {
        const char *mode, *what;
        int is_safe;
    } modes[] = {
        {"disable", "are in the clear", 0},
        {"allow", "are in the clear where the server allows that", 0},
        {"prefer", "are in the clear where the server offers no TLS, or somebody between says so", 0},
        {"require", "are encrypted, whoever answers", 1},
        {"verify-ca", "are encrypted, and the server's certificate is verified", 1},
        {"verify-full", "are encrypted, and the server's certificate and name are verified", 1},
    };
    const PQconninfoOption *options = options_parse(complete, NULL, pool);
    const char *address = value_of(options, "hostaddr");
    const char *host = value_of(options, "host");
    const char *mode = value_of(options, "sslmode");

    *is_safe = 1;
    if (!address && (!host || *host == '/' || *host == '@'))
        return NULL;
    if (!mode)
        mode = "prefer";
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(mode, modes[i].mode) != 0)
            continue;
        *is_safe = modes[i].is_safe || conninfo_is_loopback(address ? address : host) ||
                   strcmp(host ? host : "", "localhost") == 0;
        return apr_psprintf(pool, "%s %s (sslmode=%s)", host ? host : address, modes[i].what, mode);
    }
    return NULL;
}

/* How long a program may take to print its connection string and to end: httpd's start must not hang. */
#define EXEC_TIMEOUT apr_time_from_sec(10)

/* Reads all that a program prints, up to size bytes. Whether it has printed it until end. */
static int read_output(apr_proc_t *program, char *output, apr_size_t size, apr_size_t *length, apr_time_t end)
{
    apr_status_t result = APR_SUCCESS;

    for (*length = 0; *length < size && result == APR_SUCCESS;) {
        apr_time_t left = end - monotonic_now();
        apr_size_t count = size - *length;

        if (left <= 0)
            return 0;
        apr_file_pipe_timeout_set(program->out, left);
        result = apr_file_read(program->out, output + *length, &count);
        *length += result == APR_SUCCESS ? count : 0;
    }
    return result != APR_TIMEUP;
}

/* Whether a program has ended. apr_proc_wait() reports one that was stopped (SIGSTOP) as well, as
 * APR_EGENERAL. */
static int has_ended(apr_proc_t *program, int *status, apr_exit_why_e *why, apr_wait_how_e how)
{
    apr_status_t result = apr_proc_wait(program, status, why, how);

    return result != APR_CHILD_NOTDONE && result != APR_EGENERAL;
}

/* Waits for a program's end, and brings it about if it has not come until end. Whether it has. */
static int wait_for_end(apr_proc_t *program, int *status, apr_exit_why_e *why, apr_time_t end)
{
    while (!has_ended(program, status, why, APR_NOWAIT)) {
        if (monotonic_now() >= end) {
            apr_proc_kill(program, SIGKILL);
            while (!has_ended(program, status, why, APR_WAIT))
                ;
            return 0;
        }
        apr_sleep(apr_time_from_msec(5));
    }
    return 1;
}

const char *conninfo_exec(const char **conninfo, const char *path, apr_pool_t *pool)
{
    enum { OUTPUT_MAX = 4096 };
    char *output = apr_pcalloc(pool, OUTPUT_MAX + 1);
    const char *args[] = {path, NULL};
    apr_procattr_t *attributes;
    apr_proc_t program;
    apr_size_t length;
    apr_exit_why_e why;
    apr_time_t end = monotonic_now() + EXEC_TIMEOUT;
    int status, is_late;

    if (access(path, X_OK) != 0)
        return apr_psprintf(pool, "the program %s cannot be started: %s", path, strerror(errno));
    if (apr_procattr_create(&attributes, pool) != APR_SUCCESS ||
        apr_procattr_io_set(attributes, APR_NO_PIPE, APR_FULL_BLOCK, APR_NO_PIPE) != APR_SUCCESS ||
        apr_procattr_cmdtype_set(attributes, APR_PROGRAM_ENV) != APR_SUCCESS ||
        apr_proc_create(&program, path, args, NULL, attributes, pool) != APR_SUCCESS)
        return apr_psprintf(pool, "the program %s cannot be started", path);
    is_late = !read_output(&program, output, OUTPUT_MAX, &length, end);
    apr_file_close(program.out);
    is_late |= !wait_for_end(&program, &status, &why, is_late ? monotonic_now() : end);
    if (is_late)
        return apr_psprintf(pool, "the program %s had not ended after 10 s", path);
    if (length == OUTPUT_MAX) /* how it ended says nothing then: who writes on may end by SIGPIPE */
        return apr_psprintf(pool, "the program %s printed no connection string, but %d bytes or more", path,
                            OUTPUT_MAX);
    if (APR_PROC_CHECK_EXIT(why) && status != 0)
        return apr_psprintf(pool, "the program %s failed with exit status %d", path, status);
    if (!APR_PROC_CHECK_EXIT(why))
        return apr_psprintf(pool, "the program %s was ended by signal %d", path, status);
    output[strcspn(output, "\r\n")] = '\0';
    if (!*output)
        return apr_psprintf(pool, "the program %s printed no connection string", path);
    *conninfo = output;
    return NULL;
}

const char *conninfo_program(const char *given)
{
    static const char prefix[] = "exec:";

    return strncmp(given, prefix, sizeof prefix - 1) == 0 ? given + sizeof prefix - 1 : NULL;
}

const char *conninfo_find(const char **conninfo, const char *given, apr_pool_t *pool)
{
    const char *program = conninfo_program(given);
    const char *why = program ? conninfo_exec(conninfo, program, pool) : NULL;

    if (!program)
        *conninfo = given;
    return why ? why : conninfo_check(*conninfo, program != NULL, pool);
}
