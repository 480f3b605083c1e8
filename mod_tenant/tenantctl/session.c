/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <apr_strings.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../json/member.h"
#include "../text.h"
#include "httpd.h"
#include "output.h"

/* Who administers: the role that mod_tenant's SQL makes for it. */
#define ADMIN_ROLE "tenant_admin"

/* Who owns the tables. */
#define OWNER_ROLE "tenant_owner"

const char *session_path(const char *path, apr_pool_t *pool)
{
    char *here;

    if (*path == '/')
        return path;
    here = getcwd(NULL, 0);
    if (!here)
        return NULL;
    path = apr_pstrcat(pool, here, "/", path, NULL);
    free(here);
    return path;
}

/* Replaces paths that are given by absolute ones. */
static int make_absolute(const char **path, apr_pool_t *pool)
{
    if (!*path || (*path = session_path(*path, pool)) != NULL)
        return EXIT_DONE;
    return complain(EXIT_FAILED, "the working directory: %s", strerror(errno));
}

/* Takes from the configuration what the options leave out. */
static int read_config(session_t *session, const char *file)
{
    const char *sentence;
    httpd_t httpd;

    session->config = file;
    sentence = httpd_read(&httpd, file, session->pool);
    if (sentence)
        return complain(EXIT_FAILED, "%s", sentence);
    if (!session->conninfo && httpd.several)
        return complain(EXIT_USAGE, "%s has different TenantDatabase directives: choose with --database",
                        file);
    if (!session->conninfo && httpd.database) {
        session->conninfo = httpd.admin ? httpd.admin : httpd.database;
        session->role = httpd.admin ? NULL : ADMIN_ROLE;
    }
    session->service = httpd.database;
    session->reader = httpd.reader;
    session->user = httpd.user;
    if (!session->key_file)
        session->key_file = httpd.key_file;
    if (!session->runtime_dir)
        session->runtime_dir = httpd.runtime_dir;
    return EXIT_DONE;
}

static int lacks_key_file(const session_t *session, int wants)
{
    return (wants & (SESSION_KEY_FILE | SESSION_KEYS)) && !session->key_file;
}

static int lacks_database(const session_t *session, int wants)
{
    return (wants & SESSION_DATABASE) && !session->conninfo;
}

static int lacks(const session_t *session, int wants)
{
    return lacks_key_file(session, wants) || lacks_database(session, wants);
}

/* The configuration where the machine has it; NULL: nowhere. */
static const char *default_config(apr_pool_t *pool)
{
    const char *folder = getenv("APACHE_CONFDIR");
    const char *file = folder && *folder ? apr_pstrcat(pool, folder, "/apache2.conf", NULL) : HTTPD_CONFIG;

    return access(file, F_OK) == 0 ? file : NULL;
}

/* Where the connection is as somebody who does not own the tables. */
static int check_owner(const session_t *session)
{
    rowset_t *rows = console_run(session->database, session->pool,
                                 "SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_catalog.pg_class c"
                                 " WHERE c.oid = 'public.tenants'::regclass",
                                 NULL, 0);

    if (!rows)
        return complain(EXIT_FAILED, "%s", console_failure(session->database));
    if (strcmp(rowset_text(rows, 0, 0), "t") == 0)
        return EXIT_DONE;
    return complain(EXIT_FAILED, "this takes the owner of the tables: connect as " OWNER_ROLE);
}

/* Tells the audit who is at work: by the system's name of the user, or its number. */
static int introduce(const session_t *session)
{
    const struct passwd *account = getpwuid(getuid());
    const char *name = account && text_is_utf8(account->pw_name, strlen(account->pw_name))
                           ? account->pw_name
                           : apr_psprintf(session->pool, "%lu", (unsigned long)getuid());
    const char *origin;
    writer_t writer;

    writer_init(&writer, session->pool, 64);
    member_object(&writer, NULL);
    member_text(&writer, "actor_type", "tenantctl");
    member_text(&writer, "actor", name);
    member_object_end(&writer);
    origin = apr_pstrmemdup(session->pool, writer.text, writer.length);
    return console_run(session->database, session->pool, "SELECT set_config('mod_tenant.origin', $1, false)",
                       &origin, 1)
               ? EXIT_DONE
               : complain(EXIT_FAILED, "%s", console_failure(session->database));
}

static int read_options(session_t *session, const call_t *call, int wants)
{
    const char *const *values = call->options.values;
    const char *config = values[OPTION_CONFIG];
    int status;

    session->pool = call->pool;
    session->conninfo = values[OPTION_DATABASE];
    session->key_file = values[OPTION_KEY_FILE];
    session->runtime_dir = values[OPTION_RUNTIME_DIR];
    status = make_absolute(&session->key_file, call->pool);
    if (status == EXIT_DONE)
        status = make_absolute(&session->runtime_dir, call->pool);
    if (status == EXIT_DONE && !config && lacks(session, wants))
        config = default_config(call->pool);
    if (status == EXIT_DONE)
        status = make_absolute(&config, call->pool);
    if (status == EXIT_DONE && config)
        status = read_config(session, config);
    return status;
}

/* Says what a command needs, and where it was looked for. */
static int complain_of_lack(const char *option, const char *directive, const char *config)
{
    return complain(EXIT_USAGE, "this needs %s, or --config FILE with a %s%s%s%s", option, directive,
                    config ? ", which " : "", config ? config : "", config ? " has not" : "");
}

int session_open(session_t *session, const call_t *call, int wants)
{
    const char *sentence = NULL;
    int status;

    memset(session, 0, sizeof *session);
    status = read_options(session, call, wants);
    if (status != EXIT_DONE)
        return status;
    if (lacks_key_file(session, wants))
        return complain_of_lack("--key-file PATH", "TenantKeyFile", session->config);
    if (lacks_database(session, wants))
        return complain_of_lack("--database CONNINFO", "TenantDatabase", session->config);
    if ((wants & SESSION_OWNER) && !call_has(call, OPTION_DATABASE))
        session->role = OWNER_ROLE;
    if (wants & SESSION_KEYS)
        sentence = keyring_read(&session->keyring, session->key_file, call->pool);
    if (!sentence && (wants & SESSION_DATABASE))
        sentence = console_open(&session->database, session->conninfo, session->role, call->pool);
    if (sentence)
        return complain(EXIT_FAILED, "%s", sentence);
    if (wants & SESSION_OWNER)
        status = check_owner(session);
    return status == EXIT_DONE && session->database ? introduce(session) : status;
}

int session_open_other(session_t *session, const char *name, const char *conninfo, const char *key_file,
                       apr_pool_t *pool)
{
    const char *sentence = NULL;
    int status;

    *session = (session_t){.pool = pool, .name = name, .conninfo = conninfo, .key_file = key_file};
    status = make_absolute(&session->key_file, pool);
    if (status != EXIT_DONE)
        return status;
    if (key_file)
        sentence = keyring_read(&session->keyring, session->key_file, pool);
    if (!sentence)
        sentence = console_open(&session->database, conninfo, NULL, pool);
    if (sentence)
        return complain(EXIT_FAILED, "%s: %s", name, sentence);
    status = check_owner(session);
    return status == EXIT_DONE ? introduce(session) : status;
}
