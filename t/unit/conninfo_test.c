/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/store/conninfo.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "scratch.h"
#include "tap.h"

static apr_pool_t *pool;

#define DEFAULTS_WITHOUT_TIMEOUT                                                                             \
    "keepalives_idle='10' keepalives_interval='5' keepalives_count='3' tcp_user_timeout='10000'"

static void test_check(void)
{
    static const char *const good[] = {
        "",
        "dbname=tenant",
        "host=/run/postgresql dbname=tenant user=tenant_api passfile=/etc/x",
        "host = 'a' dbname = 'it\\'s'",
        "postgresql:///tenant?host=/run/postgresql",
        "postgres://tenant_api@[::1]:5433/tenant?sslmode=verify-full",
        "dbname=tenant client_encoding=utf8",
    };
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"s3cret", "connection string"},
        {"s3cret=x", "connection string"},
        {"hots=s3cret", "there is no keyword hots"},
        {"postgresql://h/db?dbnam=s3cret", "connection string"},
        {"dbname='s3cret", "connection string"},
        {"dbname=tenant s3cret", "connection string"},
        {"postgresql://s3cret:s3cret@h/%zz", "connection string"},
        {"postgresql://h/db?s3cret=1", "connection string"},
        {"dbname=tenant password=s3cret", "password"},
        {"dbname=tenant password=''", "password"},
        {"password = 's3cret' dbname=tenant", "password"},
        {"postgresql://tenant_api:s3cret@h/tenant", "password"},
        {"postgresql://tenant_api@h/tenant?password=s3cret", "password"},
        {"dbname=tenant client_encoding=s3cret", "client_encoding"},
        {"dbname=tenant client_encoding=auto", "client_encoding"},
    };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        is_text(conninfo_check(good[i], 0, pool), NULL, "`%s` may be used", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *const sentence = conninfo_check(bad[i].text, 0, pool);

        ok(sentence && strstr(sentence, bad[i].says), "connection string %zu is refused", i);
        ok(sentence && !strstr(sentence, "s3cret") && !strstr(sentence, "%"), "... with nothing of it shown");
    }
    is_text(conninfo_check("dbname=tenant password=x", 1, pool), NULL, "a program may print a password");
    is_text(conninfo_check("postgres://u:p@h/d", 1, pool), NULL, "... also in a URI");
    ok(conninfo_check("password=x client_encoding=LATIN1", 1, pool),
       "... but another encoding is still refused");
}

static void test_name(void)
{
    const char *const one = conninfo_name("dbname=d user=u password='o ne' sslpassword=x", pool);

    is_text(one, conninfo_name("user=u dbname=d password=two", pool), "a password is no part of the name");
    is_text(one, "user='u' dbname='d' ", "... all else is");
    ok(strcmp(one, conninfo_name("dbname=d user=v", pool)) != 0, "... and tells one from another");
}

static void test_complete(void)
{
    is_text(conninfo_complete("user=u dbname=d host=h", pool),
            conninfo_complete("  host='h'   dbname = d user=u", pool), "order and form make no difference");
    is_text(conninfo_complete("postgresql://u@h:5433/d", pool),
            conninfo_complete("port=5433 host=h user=u dbname=d", pool), "... nor does a URI");
    is_text(conninfo_complete("dbname=d", pool),
            "connect_timeout='2' dbname='d' client_encoding='UTF8' "
            "fallback_application_name='mod_tenant' " DEFAULTS_WITHOUT_TIMEOUT,
            "what is missing is added");
    is_text(conninfo_complete("dbname=d connect_timeout=7 keepalives_idle=1 keepalives_interval=2 "
                              "keepalives_count=4 tcp_user_timeout=5 fallback_application_name=x "
                              "client_encoding=utf8",
                              pool),
            "connect_timeout='7' dbname='d' client_encoding='utf8' fallback_application_name='x' "
            "keepalives_idle='1' keepalives_interval='2' keepalives_count='4' tcp_user_timeout='5'",
            "what is given stays");
}

static void test_home(void)
{
    const char *const bare = conninfo_complete("dbname=d", pool);
    const char *const given = conninfo_complete("dbname=d sslcert=/c sslrootcert=system passfile=/p", pool);

    unsetenv("PGSSLCRL");
    is_text(conninfo_at_home(bare, "/home/it's", pool),
            apr_pstrcat(pool, bare,
                        " passfile='/home/it\\'s/.pgpass' sslcert='/home/it\\'s/.postgresql/postgresql.crt'"
                        " sslkey='/home/it\\'s/.postgresql/postgresql.key'"
                        " sslrootcert='/home/it\\'s/.postgresql/root.crt'"
                        " sslcrl='/home/it\\'s/.postgresql/root.crl'",
                        NULL),
            "the files of a home folder are named");
    setenv("PGSSLCRL", "/crl", 1);
    is_text(conninfo_at_home(given, "/h", pool),
            apr_pstrcat(pool, given, " sslkey='/h/.postgresql/postgresql.key'", NULL),
            "... unless the string or the environment does");
    unsetenv("PGSSLCRL");
}

static void test_turned(void)
{
    static const char one[] = "host='a' port='5433'";
    static const char three[] = "host='a,b,c' port='1,2,3' dbname='x,y'";

    is_text(conninfo_turned(one, 1, pool), one, "one host stays");
    is_text(conninfo_turned(three, 0, pool), three, "no turn");
    is_text(conninfo_place(conninfo_turned(three, 1, pool), pool), "b,c,a  2,3,1 ",
            "hosts go with their ports");
    is_text(conninfo_place(conninfo_turned(three, 2, pool), pool), "c,a,b  3,1,2 ", "two turns");
    is_text(conninfo_place(conninfo_turned(three, 3, pool), pool), "a,b,c  1,2,3 ", "all the way");
    is_text(conninfo_place(conninfo_turned("host='a,,c' port='5433'", 1, pool), pool), ",c,a  5433 ",
            "a host that is not named, and a port for all");
    is_text(conninfo_place("hostaddr=::1 user=other dbname=other", pool), " ::1  ", "a role is no place");
    ok(conninfo_hosts(one, pool) == 1 && conninfo_hosts(three, pool) == 3 &&
           conninfo_hosts("dbname=d", pool) == 1 && conninfo_hosts("hostaddr='::1,::2' port=1", pool) == 2,
       "how many hosts there are");
}

static void test_transport(void)
{
    static const struct {
        const char *conninfo, *transport;
        int is_safe;
    } cases[] = {
        {"dbname=d", NULL, 1},
        {"host=/run/postgresql", NULL, 1},
        {"host=@abstract", NULL, 1},
        {"host=h sslmode=disable", "h are in the clear (sslmode=disable)", 0},
        {"host=h",
         "h are in the clear where the server offers no TLS, or somebody between says so (sslmode=prefer)",
         0},
        {"hostaddr=192.0.2.1 sslmode=require", "192.0.2.1 are encrypted, whoever answers (sslmode=require)",
         1},
        {"host=localhost sslmode=disable", "localhost are in the clear (sslmode=disable)", 1},
        {"host=h hostaddr=127.0.0.2 sslmode=disable", "h are in the clear (sslmode=disable)", 1},
        {"host=::1 sslmode=disable", "::1 are in the clear (sslmode=disable)", 1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int is_safe;

        is_text(conninfo_transport(conninfo_complete(cases[i].conninfo, pool), &is_safe, pool),
                cases[i].transport, "how `%s` goes", cases[i].conninfo);
        ok(is_safe == cases[i].is_safe, "... and whether that is safe");
    }
}

/* The keyword's value in a complete connection string that is read again. */
static void test_quoting(void)
{
    static const char *const values[] = {
        "x", "a b", "it\\'s", "back\\\\slash", "\\\\\\'", "=", " lead", "\xc3\xa9",
    };

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const char *const given = apr_psprintf(pool, "dbname='%s' user='%s'", values[i], values[i]);
        const char *const once = conninfo_complete(given, pool);

        is_text(conninfo_check(once, 0, pool), NULL, "`%s` stays a connection string", values[i]);
        ok(strstr(once, apr_psprintf(pool, " dbname='%s'", values[i])), "... with its value quoted");
        is_text(conninfo_complete(once, pool), once, "... and complete");
    }
}

static const char *run(const char *script, const char **conninfo)
{
    const char *const text = apr_pstrcat(pool, "#!/bin/sh\n", script, "\n", NULL);

    *conninfo = "untouched";
    return conninfo_exec(conninfo, scratch_write("program", text, strlen(text), 0700), pool);
}

static void test_exec(void)
{
    static const struct {
        const char *script, *printed;
    } good[] = {
        {"echo dbname=d password=s3cret", "dbname=d password=s3cret"},
        {"printf dbname=d", "dbname=d"},
        {"printf 'dbname=d\\r\\n'", "dbname=d"},
        {"printf dbname=; sleep 0.1; echo d", "dbname=d"},
        {"printf \"dbname='a b'\"", "dbname='a b'"},
    };
    static const struct {
        const char *script, *says;
    } bad[] = {
        {"exit 1", "program failed with exit status 1"},
        {"echo dbname=s3cret; exit 3", "program failed with exit status 3"},
        {"echo dbname=s3cret; kill -9 $$", "program was ended by signal 9"},
        {":", "no connection string"},
        {"echo", "no connection string"},
        {"echo; echo dbname=s3cret", "no connection string"},
        {"head -c 5120 /dev/zero | tr '\\0' s", "no connection string, but 4096 bytes or more"},
        {"head -c 5120 /dev/zero | tr '\\0' s; exit 3", "no connection string, but 4096 bytes or more"},
        {"head -c 4096 /dev/zero | tr '\\0' s", "no connection string"},
        {"printf 'x%.0s' $(seq 5000); exit 0", ""},
    };
    const char *conninfo;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        is_text(run(good[i].script, &conninfo), NULL, "`%s` succeeds", good[i].script);
        is_text(conninfo, good[i].printed, "... and its line is taken");
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *const sentence = run(bad[i].script, &conninfo);

        ok(sentence && strstr(sentence, bad[i].says), "`%s` is refused", bad[i].script);
        ok(sentence && !strstr(sentence, "s3cret") && !strstr(sentence, "sss"),
           "... with nothing of it shown");
        is_text(conninfo, "untouched", "... and nothing taken");
    }
    is_text(run("head -c 4095 /dev/zero | tr '\\0' s", &conninfo), NULL, "4,095 bytes succeed");
    is((intmax_t)strlen(conninfo), 4095, "... whole");
}

static void test_no_program(void)
{
    const char *conninfo = "untouched";

    ok(strstr(conninfo_exec(&conninfo, scratch_path("missing"), pool),
              "missing cannot be started: No such file"),
       "a missing program is refused, by its name");
    ok(conninfo_exec(&conninfo, scratch_folder, pool), "... and a folder");
    ok(conninfo_exec(&conninfo, scratch_write("plain", "x", 1, 0600), pool), "... and a file that is none");
    is_text(conninfo, "untouched", "... and nothing is taken");
}

int main(void)
{
    scratch_make();
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_check();
    test_complete();
    test_name();
    test_home();
    test_turned();
    test_transport();
    test_quoting();
    test_exec();
    test_no_program();
    apr_terminate();
    return done();
}
