/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "secret/apikey.h"
#include "secret/keyedit.h"
#include "secret/keyring.h"
#include "version.h"

/* What a script can trust. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* The options of all commands; each command accepts some. */
typedef struct options_t {
    const char *key_file; /* --key-file, absolute */
    int hash;             /* --hash */
    int help;             /* --help: print the usage and run nothing */
} options_t;

/* Marks what a command accepts. */
enum { OPTION_HELP = 1, OPTION_KEY_FILE = 2, OPTION_HASH = 4 };

/* A command: one or two words, then options, then operands. */
typedef struct command_t {
    const char *words[2];  /* the second may be NULL */
    const char *arguments; /* of the usage line */
    const char *summary;
    int options;  /* OPTION_… bits that it accepts */
    int operands; /* how many it takes */
    int (*run)(const options_t *options, char **operands, apr_pool_t *pool);
} command_t;

/* One line to standard error; returns status. */
__attribute__((format(printf, 2, 3))) static int complain(int status, const char *format, ...)
{
    va_list arguments;

    fputs("tenantctl: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return status;
}

/* The path as seen from the root; NULL where the working directory has no name. */
static const char *absolute(const char *path, apr_pool_t *pool)
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

static int run_keyfile_make(const options_t *options, char **operands, apr_pool_t *pool)
{
    const char *path = absolute(operands[0], pool), *sentence;

    (void)options;
    if (!path)
        return complain(EXIT_FAILED, "the working directory: %s", strerror(errno));
    sentence = keyedit_make(path, pool);
    return sentence ? complain(EXIT_FAILED, "%s", sentence) : EXIT_DONE;
}

/* Makes a key and prints it with its hash. */
static int print_new_key(const keyring_key_t *pepper, apr_pool_t *pool)
{
    char key[APIKEY_LENGTH + 1];

    apikey_make(key);
    printf("%s\t%s\n", key, apikey_hash(pepper, key, pool));
    apikey_wipe(key, sizeof key);
    return EXIT_DONE;
}

/* Prints the hash of each key on standard input, a line each. A bad line is named by its number alone. */
static int print_hashes(const keyring_key_t *pepper, apr_pool_t *pool)
{
    char line[APIKEY_LENGTH + sizeof "\n"];
    int status = EXIT_DONE;
    apr_pool_t *line_pool;

    apr_pool_create(&line_pool, pool);
    for (long number = 1; status == EXIT_DONE && fgets(line, sizeof line, stdin); number++) {
        apr_size_t length = strcspn(line, "\n");

        if (!apikey_is_well_formed(line, length))
            status = complain(EXIT_FAILED, "line %ld of standard input is not an API key", number);
        else
            puts(apikey_hash(pepper, line, line_pool));
        apr_pool_clear(line_pool);
    }
    if (ferror(stdin))
        status = complain(EXIT_FAILED, "standard input: %s", strerror(errno));
    apikey_wipe(line, sizeof line);
    return status;
}

static int run_key(const options_t *options, char **operands, apr_pool_t *pool)
{
    const keyring_key_t *pepper;
    const char *sentence;
    keyring_t *ring;

    (void)operands;
    if (!options->key_file)
        return complain(EXIT_USAGE, "key needs --key-file PATH");
    sentence = keyring_read(&ring, options->key_file, pool);
    if (sentence)
        return complain(EXIT_FAILED, "%s", sentence);
    pepper = keyring_key(ring, KEYRING_PEPPER, 0);
    return options->hash ? print_hashes(pepper, pool) : print_new_key(pepper, pool);
}

static const command_t commands[] = {
    {
        .words = {"keyfile", "make"},
        .arguments = "PATH",
        .summary = "make a key file with a new sealing key and a new pepper",
        .operands = 1,
        .run = run_keyfile_make,
    },
    {
        .words = {"key"},
        .arguments = "--key-file PATH [--hash]",
        .summary = "print a new API key and its hash; --hash: the hashes of keys on standard input",
        .options = OPTION_KEY_FILE | OPTION_HASH,
        .run = run_key,
    },
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_usage(FILE *out, const command_t *command)
{
    fprintf(out, "  tenantctl %s%s%s %s\n", command->words[0], command->words[1] ? " " : "",
            command->words[1] ? command->words[1] : "", command->arguments);
}

static int print_help(void)
{
    puts("Manages what mod_tenant needs beside httpd.\n\nUsage:");
    for (int n = 0; n < COMMANDS; n++) {
        print_usage(stdout, &commands[n]);
        printf("      %s\n", commands[n].summary);
    }
    puts("  tenantctl --help | --version\n\n"
         "Exit status: 0 done, 1 failed (the reason is on standard error), 2 wrong usage.");
    return EXIT_DONE;
}

static int word_count(const command_t *command)
{
    return command->words[1] ? 2 : 1;
}

static const command_t *find_command(int argc, char **argv)
{
    for (int n = 0; n < COMMANDS; n++) {
        const command_t *command = &commands[n];

        if (argc > word_count(command) && strcmp(argv[1], command->words[0]) == 0 &&
            (!command->words[1] || strcmp(argv[2], command->words[1]) == 0))
            return command;
    }
    return NULL;
}

static int refuse_usage(const command_t *command)
{
    fputs("Usage:\n", stderr);
    print_usage(stderr, command);
    return EXIT_USAGE;
}

/* Reads a command's options and counts its operands; EXIT_USAGE after its usage line. */
static int read_options(options_t *options, const command_t *command, int argc, char **argv, apr_pool_t *pool)
{
    static const struct option known[] = {
        {"help", no_argument, NULL, OPTION_HELP},
        {"key-file", required_argument, NULL, OPTION_KEY_FILE},
        {"hash", no_argument, NULL, OPTION_HASH},
        {NULL, 0, NULL, 0},
    };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == '?' || !((command->options | OPTION_HELP) & option))
            return refuse_usage(command);
        if (option == OPTION_HELP)
            options->help = 1;
        else if (option == OPTION_HASH)
            options->hash = 1;
        else if (!(options->key_file = absolute(optarg, pool)))
            return complain(EXIT_FAILED, "the working directory: %s", strerror(errno));
    }
    return options->help || argc - optind == command->operands ? EXIT_DONE : refuse_usage(command);
}

static int run(int argc, char **argv, apr_pool_t *pool)
{
    const command_t *command;
    options_t options = {0};
    int status, words;

    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return print_help();
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("tenantctl %s\n", TENANT_VERSION) < 0 ? EXIT_FAILED : EXIT_DONE;
    command = find_command(argc, argv);
    if (!command)
        return complain(EXIT_USAGE, "no such command; tenantctl --help lists them");
    words = word_count(command);
    status = read_options(&options, command, argc - words, argv + words, pool);
    if (status != EXIT_DONE)
        return status;
    if (options.help) {
        print_usage(stdout, command);
        return EXIT_DONE;
    }
    return command->run(&options, argv + words + optind, pool);
}

int main(int argc, char **argv)
{
    static char in[BUFSIZ], out[BUFSIZ]; /* keys pass through them: known, so that they can be wiped */
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
    apikey_wipe(in, sizeof in);
    apikey_wipe(out, sizeof out);
    return status;
}
