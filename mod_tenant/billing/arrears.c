/* SPDX-License-Identifier: Apache-2.0 */
#include "arrears.h"

#include <ap_listen.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <errno.h>
#include <http_config.h>
#include <http_log.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../config.h"
#include "../monotonic.h"
#include "../secret/digest.h"

APLOG_USE_MODULE(tenant);

/* Where it is kept: not below /run, which does not outlive the machine. Who is not root can make no folder
 * there. */
#define FOLDER "/var/lib/mod_tenant"

/* How long the parent waits for a child: at the end there is none. */
#define PATIENCE apr_time_from_msec(100)

/* So many lines go to the log if no file takes them. */
enum { LOGGED_MAX = 1000 };

/* What the children share. */
typedef struct shared_t {
    _Atomic int told; /* portions */
} shared_t;

/* Where an account is kept; NULL: keep=off. */
typedef struct account_t {
    usage_t *usage;
    const char *path;
} account_t;

struct arrears_t {
    usage_t *usage;
    const char *path;             /* NULL: keep=off */
    apr_array_header_t *portions; /* bill_portion_t, of earlier servers */
    shared_t *shared;
    const server_rec *server;
    apr_pool_t *process;
    pid_t parent;
    int failures;  /* of telling, when the file was last written */
    int is_kept;   /* there is a file */
    int is_former; /* no server has the account any more, so no child tells it */
};

/* --- What was left -------------------------------------------------------------------------------------- */

/* `usage-0.0.0.0-443-0123456789abcdef`: no two servers of a machine listen there. */
static const char *name_of(const char *conninfo, const server_rec *main, apr_pool_t *pool)
{
    static const digest_key_t public_key;
    digest_t digest = digest_make(&public_key, conninfo, strlen(conninfo));
    unsigned port = main->port;
    char *address = NULL;

    /* httpd keeps the first Listen last */
    for (const ap_listen_rec *listener = ap_listeners; listener; listener = listener->next) {
        if (listener->bind_addr && apr_sockaddr_ip_get(&address, listener->bind_addr) == APR_SUCCESS)
            port = listener->bind_addr->port;
    }
    return apr_psprintf(pool, "usage-%s-%u-%016" PRIx64, address ? address : "", port, digest.words[0]);
}

/* The file's path. A folder that cannot be written to is said now, when nothing is lost yet. */
static const char *path_of(const char *keep, const char *name, const server_rec *main, apr_pool_t *pool)
{
    if (keep && !*keep)
        return NULL;
    if (!keep && geteuid() == 0) {
        keep = FOLDER;
        mkdir(keep, 0700); /* whether it is there: below */
    } else if (!keep) {
        keep = ap_runtime_dir_relative(pool, "");
    }
    if (access(keep, W_OK | X_OK) != 0)
        ap_log_error(APLOG_MARK, APLOG_WARNING, errno, main,
                     "TenantUsage: what the database is not told before the server ends cannot be kept in %s",
                     keep);
    return apr_pstrcat(pool, keep, keep[0] && keep[strlen(keep) - 1] == '/' ? "" : "/", name, NULL);
}

static int64_t requests_of(const bill_portion_t *portion)
{
    int64_t requests = 0;

    for (int n = 0; n < portion->count; n++)
        requests += portion->lines[n].requests;
    return requests;
}

/* A file that is no good must neither stop the server nor be written over. */
static void put_aside(const arrears_t *arrears, const char *why, apr_pool_t *pool)
{
    const char *aside =
        apr_psprintf(pool, "%s.refused-%" APR_TIME_T_FMT, arrears->path, apr_time_sec(apr_time_now()));
    int is_moved = rename(arrears->path, aside) == 0;

    ap_log_error(APLOG_MARK, APLOG_ERR, is_moved ? 0 : errno, arrears->server,
                 "what %s has of the use of tenants is on no bill: %s; %s%s", arrears->path, why,
                 is_moved ? "it is now " : "it cannot be put aside", is_moved ? aside : "");
}

/* Takes what the file has; but not what is of this very account, which has it still. */
static void take(arrears_t *arrears, apr_pool_t *pool)
{
    const char *why = billfile_read(&arrears->portions, arrears->path, pool);
    apr_array_header_t *portions = arrears->portions;
    int64_t requests = 0;
    int count = 0;

    arrears->is_kept = !why && portions->nelts > 0;
    if (why) {
        put_aside(arrears, why, pool);
        portions->nelts = 0;
    }
    for (int n = 0; n < portions->nelts; n++) {
        bill_portion_t *portion = &APR_ARRAY_IDX(portions, n, bill_portion_t);

        if (portion->memory == usage_id(arrears->usage))
            continue;
        requests += requests_of(portion);
        APR_ARRAY_IDX(portions, count++, bill_portion_t) = *portion;
    }
    portions->nelts = count;
    if (count && !arrears->is_former)
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, arrears->server,
                     "the database is told of %" PRId64 " requests of tenants that %s has kept", requests,
                     arrears->path);
}

const bill_portion_t *arrears_next(const arrears_t *arrears)
{
    int told = arrears->shared->told;

    return told < arrears->portions->nelts ? &APR_ARRAY_IDX(arrears->portions, told, bill_portion_t) : NULL;
}

void arrears_told(arrears_t *arrears)
{
    arrears->shared->told++;
}

/* --- What is left --------------------------------------------------------------------------------------- */

/* Calls for each portion that is not told until that returns 0. 0: it has, or a child is in the way. */
static int for_each(const arrears_t *arrears, int (*call)(void *context, const bill_portion_t *portion),
                    void *context, apr_pool_t *pool)
{
    usage_line_t *lines = apr_palloc(pool, USAGE_PORTION * sizeof *lines);
    bill_portion_t portion = {.memory = usage_id(arrears->usage), .lines = lines};
    usage_walk_t walk = {0};

    for (int n = arrears->shared->told; n < arrears->portions->nelts; n++) {
        if (!call(context, &APR_ARRAY_IDX(arrears->portions, n, bill_portion_t)))
            return 0;
    }
    while ((portion.count =
                usage_copy(arrears->usage, &walk, lines, &portion.number, monotonic_now() + PATIENCE)) > 0) {
        if (!call(context, &portion))
            return 0;
    }
    return portion.count == 0;
}

static int add_to_file(void *file, const bill_portion_t *portion)
{
    return billfile_add(file, portion);
}

static int add_requests(void *sum, const bill_portion_t *portion)
{
    *(int64_t *)sum += requests_of(portion);
    return 1;
}

/* Writes the file. NULL, or why not all of it is there. */
static const char *keep(arrears_t *arrears, apr_pool_t *pool)
{
    const char *why = "TenantUsage keep=off";
    billfile_t *file = arrears->path ? billfile_begin(arrears->path, &why, pool) : NULL;
    int is_whole;

    if (!file)
        return why;
    is_whole = for_each(arrears, add_to_file, file, pool);
    why = billfile_commit(file);
    if (why)
        return why;
    arrears->is_kept = 1; /* in part as well: once it is told it has to go */
    return is_whole ? NULL : apr_psprintf(pool, "%s has no room for all of it", arrears->path);
}

typedef struct logging_t {
    const server_rec *server;
    int lines;
} logging_t;

/* The last place for a bill. */
static int log_lines(void *context, const bill_portion_t *portion)
{
    logging_t *logging = context;

    for (int n = 0; n < portion->count && logging->lines < LOGGED_MAX; n++, logging->lines++) {
        const usage_line_t *line = &portion->lines[n];
        char day[APR_RFC822_DATE_LEN];
        apr_time_exp_t time;
        apr_size_t length;

        apr_time_exp_gmt(&time, apr_time_from_sec((apr_time_t)line->day * 24 * 60 * 60));
        apr_strftime(day, &length, sizeof day, "%Y-%m-%d", &time);
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, logging->server,
                     "on no bill: tenant %d, %s: %" PRId64 " requests, %" PRId64 " rows written, %" PRId64
                     " bytes out",
                     line->tenant, day, line->requests, line->rows_written, line->bytes_out);
    }
    return logging->lines < LOGGED_MAX;
}

/* All children have ended. What they could not tell is kept, or at least said. */
static void finish(arrears_t *arrears, apr_pool_t *pool)
{
    logging_t logging = {.server = arrears->server};
    int64_t requests = 0;
    const char *why;

    for_each(arrears, add_requests, &requests, pool);
    if (requests == 0) {
        if (arrears->is_kept)
            unlink(arrears->path);
        return;
    }
    why = keep(arrears, pool);
    if (!why) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, arrears->server,
                     "%" PRId64
                     " requests of tenants are kept in %s, for the next start to tell the database",
                     requests, arrears->path);
        return;
    }
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, arrears->server,
                 "%" PRId64 " requests of tenants are on no bill: %s", requests, why);
    for_each(arrears, log_lines, &logging, pool);
}

/* The server's process ends: nothing is unloaded yet, and the log is open. Its children come by, too. */
static apr_status_t end(void *data)
{
    arrears_t *arrears = data;
    apr_pool_t *pool;

    if (getpid() != arrears->parent || apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return APR_SUCCESS;
    if (usage_begin(arrears->usage, monotonic_now() + PATIENCE)) {
        finish(arrears, pool);
        usage_end(arrears->usage);
    }
    apr_pool_destroy(pool);
    return APR_SUCCESS;
}

/* A reload: the next generation has arrears of its own, and this code may be gone. */
static apr_status_t forget(void *data)
{
    const arrears_t *arrears = data;

    apr_pool_cleanup_kill(arrears->process, data, end);
    return APR_SUCCESS;
}

static void watch(arrears_t *arrears, apr_pool_t *pool)
{
    int failures = usage_failures(arrears->usage);
    const char *why;

    if (!arrears->path || (failures == 0 && (!arrears->is_kept || arrears_next(arrears))) ||
        (failures > 0 && failures == arrears->failures) || !usage_begin(arrears->usage, monotonic_now()))
        return;
    if (failures == 0) {
        unlink(arrears->path);
        arrears->is_kept = 0;
    } else {
        why = keep(arrears, pool);
        if (why && arrears->failures == 0)
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, arrears->server,
                         "what the database is not told would be lost at a power cut: %s", why);
    }
    arrears->failures = failures;
    usage_end(arrears->usage);
}

int arrears_watch(apr_pool_t *pool, server_rec *servers)
{
    apr_pool_t *own;

    if (apr_pool_create(&own, pool) != APR_SUCCESS)
        return OK;
    for (server_rec *server = servers; server; server = server->next) {
        if (config_server(server)->arrears)
            watch(config_server(server)->arrears, own);
    }
    apr_pool_destroy(own);
    return OK;
}

static arrears_t *open_account(const account_t *account, int is_former, const server_rec *main,
                               apr_pool_t *pool)
{
    arrears_t *arrears = apr_pcalloc(pool, sizeof *arrears);
    apr_shm_t *memory;

    if (apr_shm_create(&memory, sizeof(shared_t), NULL, pool) != APR_SUCCESS)
        return NULL;
    arrears->shared = memset(apr_shm_baseaddr_get(memory), 0, sizeof(shared_t));
    arrears->usage = account->usage;
    arrears->server = main;
    arrears->path = account->path;
    arrears->is_former = is_former;
    arrears->portions = apr_array_make(pool, 1, sizeof(bill_portion_t));
    arrears->process = main->process->pool;
    arrears->parent = getpid();
    if (arrears->path)
        take(arrears, pool);
    apr_pool_pre_cleanup_register(arrears->process, arrears, end);
    apr_pool_cleanup_register(pool, arrears, forget, apr_pool_cleanup_null);
    return arrears;
}

/* --- Accounts from one reload to the next --------------------------------------------------------------- */

/* Every account that there has been since the server's process began. */
static apr_array_header_t *accounts_of(const server_rec *main)
{
    static const char key[] = "mod_tenant accounts 1";
    apr_pool_t *process = main->process->pool;
    void *accounts;

    apr_pool_userdata_get(&accounts, key, process);
    if (!accounts) {
        accounts = apr_array_make(process, 1, sizeof(account_t));
        apr_pool_userdata_set(accounts, key, NULL, process);
    }
    return accounts;
}

/* Notes where an account is kept, for generations to come. */
static account_t *note_account(usage_t *usage, const char *path, const server_rec *main)
{
    apr_array_header_t *accounts = accounts_of(main);
    int n = 0;

    while (n < accounts->nelts && APR_ARRAY_IDX(accounts, n, account_t).usage != usage)
        n++;
    if (n == accounts->nelts)
        APR_ARRAY_PUSH(accounts, account_t).usage = usage;
    APR_ARRAY_IDX(accounts, n, account_t).path = path ? apr_pstrdup(accounts->pool, path) : NULL;
    return &APR_ARRAY_IDX(accounts, n, account_t);
}

arrears_t *arrears_open(usage_t *usage, const char *keep_in, const char *conninfo, const server_rec *main,
                        apr_pool_t *pool)
{
    const char *path = path_of(keep_in, name_of(conninfo, main, pool), main, pool);

    return open_account(note_account(usage, path, main), 0, main, pool);
}

static int is_current(const usage_t *usage, const server_rec *servers)
{
    while (servers && config_server(servers)->usage != usage)
        servers = servers->next;
    return servers != NULL;
}

void arrears_open_former(const server_rec *servers, apr_pool_t *pool)
{
    const apr_array_header_t *accounts = accounts_of(servers);

    for (int n = 0; n < accounts->nelts; n++) {
        const account_t *account = &APR_ARRAY_IDX(accounts, n, account_t);

        if (!is_current(account->usage, servers))
            open_account(account, 1, servers, pool);
    }
}
