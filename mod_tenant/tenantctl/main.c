/* SPDX-License-Identifier: Apache-2.0 */
/* tenantctl is to mod_tenant what htpasswd is to mod_auth_basic. This file finds the command. */
#include <apr_general.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../secret/secret.h"
#include "../version.h"
#include "command.h"
#include "output.h"
#include "setup.h"

enum {
    COMMON = OPTION_BIT(OPTION_HELP) | OPTION_BIT(OPTION_CONFIG),
    KEYS = COMMON | OPTION_BIT(OPTION_KEY_FILE),
    DATABASE = COMMON | OPTION_BIT(OPTION_DATABASE) | OPTION_BIT(OPTION_JSON),
    BOTH = KEYS | DATABASE,
    SERVER = OPTION_BIT(OPTION_URL) | OPTION_BIT(OPTION_CA) | OPTION_BIT(OPTION_INSECURE),
    EVENT = OPTION_BIT(OPTION_SID) | OPTION_BIT(OPTION_CALL_SID) | OPTION_BIT(OPTION_FROM) |
            OPTION_BIT(OPTION_TO) | OPTION_BIT(OPTION_BODY) | OPTION_BIT(OPTION_DURATION) |
            OPTION_BIT(OPTION_STATUS),
    RUNTIME = OPTION_BIT(OPTION_RUNTIME_DIR),
    FIELDS = OPTION_BIT(OPTION_CUSTOM_DOMAIN) | OPTION_BIT(OPTION_TWILIO_ACCOUNT_SID) |
             OPTION_BIT(OPTION_TWILIO_AUTH_TOKEN) | OPTION_BIT(OPTION_TWILIO_API_KEY_SID) |
             OPTION_BIT(OPTION_TWILIO_API_KEY_SECRET) | OPTION_BIT(OPTION_TWILIO_PHONE_NUMBER) |
             OPTION_BIT(OPTION_RATE_LIMIT),
};

static const command_t commands[] = {
    {
        .words = {"tenant", "add"},
        .arguments = "NAME",
        .summary = "make a tenant and print its API key, this once",
        .options = BOTH | FIELDS | OPTION_BIT(OPTION_STATUS),
        .operands = 1,
        .run = tenant_add,
    },
    {
        .words = {"tenant", "list"},
        .arguments = "",
        .summary = "list the tenants, all or those of a name or status",
        .options = DATABASE | OPTION_BIT(OPTION_NAME) | OPTION_BIT(OPTION_STATUS),
        .run = tenant_list,
    },
    {
        .words = {"tenant", "show"},
        .arguments = "TENANT",
        .summary = "print what is known of a tenant, but no secret",
        .options = DATABASE,
        .operands = 1,
        .run = tenant_show,
    },
    {
        .words = {"tenant", "set"},
        .arguments = "TENANT",
        .summary = "change fields of a tenant",
        .options = BOTH | FIELDS | OPTION_BIT(OPTION_NAME) | OPTION_BIT(OPTION_CLEAR),
        .operands = 1,
        .run = tenant_set,
    },
    {
        .words = {"tenant", "key"},
        .arguments = "TENANT",
        .summary = "give a tenant a new API key and print it, this once",
        .options = BOTH | OPTION_BIT(OPTION_GRACE_SECONDS),
        .operands = 1,
        .run = tenant_key,
    },
    {
        .words = {"tenant", "suspend"},
        .arguments = "TENANT",
        .summary = "make a tenant inactive: its key and its users are refused",
        .options = DATABASE,
        .operands = 1,
        .run = tenant_suspend,
    },
    {
        .words = {"tenant", "resume"},
        .arguments = "TENANT",
        .summary = "make a tenant active",
        .options = DATABASE,
        .operands = 1,
        .run = tenant_resume,
    },
    {
        .words = {"tenant", "remove"},
        .arguments = "TENANT",
        .summary = "remove an inactive tenant with all of its rows",
        .options = DATABASE | OPTION_BIT(OPTION_YES),
        .operands = 1,
        .run = tenant_remove,
    },
    {
        .words = {"tenant", "export"},
        .arguments = "TENANT FILE",
        .summary = "write everything of a tenant to a tar archive, or to standard output (-)",
        .options = DATABASE | OPTION_BIT(OPTION_WITH_PASSWORDS),
        .operands = 2,
        .run = tenant_export_run,
    },
    {
        .words = {"tenant", "import"},
        .arguments = "FILE",
        .summary = "make a tenant of an export, with a new API key, which is printed this once",
        .options = BOTH | OPTION_BIT(OPTION_CUSTOM_DOMAIN),
        .operands = 1,
        .run = tenant_import_run,
    },
    {
        .words = {"tenant", "erase"},
        .arguments = "TENANT",
        .summary =
            "remove an inactive tenant and all of its rows in portions, and prove that nothing is left",
        .options = DATABASE | OPTION_BIT(OPTION_YES) | OPTION_BIT(OPTION_EXPORT) |
                   OPTION_BIT(OPTION_WITHOUT_EXPORT) | OPTION_BIT(OPTION_WITH_PASSWORDS),
        .operands = 1,
        .run = tenant_erase_run,
    },
    {
        .words = {"tenant", "move"},
        .arguments = "TENANT",
        .summary = "move a tenant to the database of another cell, while it is served",
        .options = BOTH | OPTION_BIT(OPTION_TO) | OPTION_BIT(OPTION_THROUGH) |
                   OPTION_BIT(OPTION_TO_KEY_FILE) | OPTION_BIT(OPTION_SWITCH) | OPTION_BIT(OPTION_PAUSE) |
                   OPTION_BIT(OPTION_ABORT) | OPTION_BIT(OPTION_FORCE),
        .operands = 1,
        .run = tenant_move_run,
    },
    {
        .words = {"cell", "show"},
        .arguments = "",
        .summary = "show which ids the database gives: which cell it is",
        .options = DATABASE,
        .run = cell_show,
    },
    {
        .words = {"cell", "set"},
        .arguments = "NUMBER",
        .summary = "make the database a cell, whose ids no other cell gives",
        .options = DATABASE | OPTION_BIT(OPTION_OF) | OPTION_BIT(OPTION_BESIDE),
        .operands = 1,
        .run = cell_set,
    },
    {
        .words = {"audit", "purge"},
        .arguments = "",
        .summary = "take out of the audit what is older than --before",
        .options = DATABASE | OPTION_BIT(OPTION_BEFORE) | OPTION_BIT(OPTION_YES),
        .run = audit_purge,
    },
    {
        .words = {"keyfile", "make"},
        .arguments = "PATH",
        .summary = "make a key file with a new sealing key and a new pepper",
        .options = OPTION_BIT(OPTION_HELP),
        .operands = 1,
        .run = keyfile_make,
    },
    {
        .words = {"keyfile", "list"},
        .arguments = "",
        .summary = "list the keys by their ids: which are primary, loaded by httpd, and in use",
        .options = BOTH | RUNTIME,
        .run = keyfile_list,
    },
    {
        .words = {"keyfile", "add"},
        .arguments = "seal|pepper",
        .summary = "add a new key, not primary yet, for httpd to load",
        .options = KEYS | OPTION_BIT(OPTION_JSON),
        .operands = 1,
        .run = keyfile_add,
    },
    {
        .words = {"keyfile", "promote"},
        .arguments = "seal|pepper ID",
        .summary = "make a key that every httpd has loaded the primary one",
        .options = KEYS | RUNTIME | OPTION_BIT(OPTION_DATABASE) | OPTION_BIT(OPTION_FORCE),
        .operands = 2,
        .run = keyfile_promote,
    },
    {
        .words = {"keyfile", "retire"},
        .arguments = "seal|pepper ID",
        .summary = "remove a key that nothing uses any more",
        .options = KEYS | RUNTIME | OPTION_BIT(OPTION_DATABASE) | OPTION_BIT(OPTION_FORCE),
        .operands = 2,
        .run = keyfile_retire,
    },
    {
        .words = {"rewrap"},
        .arguments = "",
        .summary = "seal all that is sealed under the primary key",
        .options = BOTH | OPTION_BIT(OPTION_PLAINTEXT),
        .run = rewrap_run,
    },
    {
        .words = {"twilio", "check"},
        .arguments = "TENANT",
        .summary = "look for what a tenant's webhooks lack; print the URLs to enter at Twilio",
        .options = BOTH | SERVER,
        .operands = 1,
        .run = twilio_check,
    },
    {
        .words = {"twilio", "simulate"},
        .arguments = "TENANT EVENT",
        .summary = "send a server what Twilio would send: voice, voice-fallback, call-status, dial-status, "
                   "message, message-status or recording",
        .options = BOTH | SERVER | EVENT,
        .operands = 2,
        .run = twilio_simulate,
    },
    {
        .words = {"twilio", "sync"},
        .arguments = "TENANT|--all",
        .summary = "ask Twilio for calls, messages and recordings, and store what webhooks have missed",
        .options = BOTH | OPTION_BIT(OPTION_ALL) | OPTION_BIT(OPTION_SINCE) | OPTION_BIT(OPTION_BASE_URL) |
                   OPTION_BIT(OPTION_CA),
        .operands = 1,
        .may_be_all = 1,
        .run = twilio_sync,
    },
    {
        .words = {"ids", "widen"},
        .arguments = "TABLE",
        .summary = "let the ids of calls, messages or recordings go past 2147483647, while they are in use",
        .options = DATABASE,
        .operands = 1,
        .run = ids_widen,
    },
    {
        .words = {"nodes"},
        .arguments = "",
        .summary = "list the servers that use the database, with the keys that they have loaded",
        .options = BOTH,
        .run = nodes_list,
    },
    {
        .words = {"doctor"},
        .arguments = "",
        .summary = "look for what is wrong with roles, tables, secrets and keys",
        .options = BOTH | RUNTIME,
        .run = doctor_run,
    },
    {
        .words = {"key"},
        .arguments = "",
        .summary = "print a new API key and its hash, for rows of tenants that are written by other means",
        .options = KEYS | OPTION_BIT(OPTION_HASH),
        .run = key_print,
    },
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static int word_count(const command_t *command)
{
    return command->words[1] ? 2 : 1;
}

static void print_usage(FILE *out, const command_t *command)
{
    fprintf(out, "  tenantctl %s%s%s%s%s [options]\n", command->words[0], command->words[1] ? " " : "",
            command->words[1] ? command->words[1] : "", *command->arguments ? " " : "", command->arguments);
}

/* Prints the commands whose first word this is; NULL: all. Returns how many. */
static int print_commands(const char *word)
{
    int count = 0;

    for (int n = 0; n < COMMANDS; n++) {
        if (word && strcmp(commands[n].words[0], word) != 0)
            continue;
        print_usage(stdout, &commands[n]);
        printf("      %s\n", commands[n].summary);
        count++;
    }
    return count;
}

static int print_overview(void)
{
    puts("Manages what mod_tenant needs beside httpd.\n\nCommands:");
    print_commands(NULL);
    puts("  tenantctl setup [options]\n"
         "      lead from the installed package to the first tenant's answer, or say what is missing");
    puts("\nEach has --help, and tenantctl help COMMAND. A TENANT is given by its id or its custom domain.\n"
         "Exit status: 0 done, 1 failed or something found (the reason is on standard error or in the\n"
         "findings), 2 wrong usage. The manual is tenantctl(8).");
    return EXIT_DONE;
}

static int print_help(const command_t *command)
{
    print_usage(stdout, command);
    printf("      %s\n\nOptions:\n", command->summary);
    options_describe(stdout, command->options);
    return EXIT_DONE;
}

static const command_t *find_command(int count, char **words)
{
    for (int n = 0; n < COMMANDS; n++) {
        const command_t *command = &commands[n];

        if (count >= word_count(command) && strcmp(words[0], command->words[0]) == 0 &&
            (!command->words[1] || strcmp(words[1], command->words[1]) == 0))
            return command;
    }
    return NULL;
}

/* An operand too many is not repeated: it may be a secret. */
static int refuse_operands(const command_t *command, const call_t *call)
{
    const char *missing = command->arguments;
    int status;

    for (int n = 0; n < call->count && *missing; n++) { /* past those that are given */
        missing += strcspn(missing, " ");
        missing += strspn(missing, " ");
    }
    if (*missing)
        status = complain(EXIT_USAGE, "%s is missing", missing);
    else if (command->operands == 0)
        status = complain(EXIT_USAGE, "this command takes options alone");
    else
        status = complain(EXIT_USAGE, "there are words beyond %s", command->arguments);
    fputs("Usage:\n", stderr);
    print_usage(stderr, command);
    return status;
}

static int run_command(const command_t *command, call_t *call)
{
    option_t beyond = options_beyond(&call->options, command->options);
    int operands = command->may_be_all && call_has(call, OPTION_ALL) ? 0 : command->operands;

    if (call_has(call, OPTION_HELP))
        return print_help(command);
    if (beyond != OPTION_COUNT)
        return complain(EXIT_USAGE, "this command has no option --%s", options_name(beyond));
    call->operands += word_count(command);
    call->count -= word_count(command);
    return call->count == operands ? command->run(call) : refuse_operands(command, call);
}

/* `help` ahead of a command is --help. */
static void take_help(call_t *call)
{
    if (call->count == 0 || strcmp(call->operands[0], "help") != 0)
        return;
    call->options.values[OPTION_HELP] = "";
    call->operands++;
    call->count--;
}

static int run(int argc, char **argv, apr_pool_t *pool)
{
    call_t call = {.pool = pool};
    const command_t *command;
    const char *wrong;
    int first;

    if (argc > 1 && strcmp(argv[1], "setup") == 0)
        return setup_run(argv + 1, pool);
    if (argc == 3 && strcmp(argv[1], "help") == 0 && strcmp(argv[2], "setup") == 0)
        return setup_run((char *[]){"setup", "--help", NULL}, pool);
    wrong = options_read(&call.options, argc, argv, &first);
    if (wrong)
        return complain(EXIT_USAGE, "unknown, incomplete or repeated option: %.*s", (int)strcspn(wrong, "="),
                        wrong);
    call.operands = argv + first;
    call.count = argc - first;
    if (call_has(&call, OPTION_VERSION) && call.count == 0)
        return printf("tenantctl %s\n", TENANT_VERSION) < 0 ? EXIT_FAILED : EXIT_DONE;
    take_help(&call);
    command = find_command(call.count, call.operands);
    if (command)
        return run_command(command, &call);
    if (call_has(&call, OPTION_HELP) && call.count == 0)
        return print_overview();
    if (call_has(&call, OPTION_HELP) && call.count == 1 && print_commands(call.operands[0]) > 0)
        return EXIT_DONE;
    return complain(EXIT_USAGE, "no such command; tenantctl --help lists them");
}

int main(int argc, char **argv)
{
    static char in[BUFSIZ], out[BUFSIZ]; /* secrets pass through them: known, so that they can be wiped */
    apr_pool_t *pool;
    int status;

    setvbuf(stdin, in, _IOFBF, sizeof in);
    setvbuf(stdout, out, _IOFBF, sizeof out);
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return complain(EXIT_FAILED, "APR does not start");
    status = run(argc, argv, pool);
    apr_pool_destroy(pool);
    apr_terminate();
    if (fflush(stdout) != 0 || ferror(stdout))
        status = complain(EXIT_FAILED, "standard output: %s", strerror(errno));
    secret_wipe(in, sizeof in);
    secret_wipe(out, sizeof out);
    return status;
}
