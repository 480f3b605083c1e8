/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Debian's apachectl sets the variables that Debian's configuration uses; an httpd that is alone has none. */
static const char *const programs[] = {"/usr/sbin/apachectl", "/usr/sbin/apache2", "/usr/sbin/httpd"};

enum { OUTPUT_MAX = 16 * 1024 * 1024 };

/* Becomes httpd. */
static void become_httpd(int output, int complaints, const char *program, const char *file)
{
    dup2(output, STDOUT_FILENO);
    dup2(complaints, STDERR_FILENO);
    execl(program, program, "-C", "LoadModule info_module " HTTPD_MODULES "/mod_info.so", "-t", "-D",
          "DUMP_CONFIG", "-D", "DUMP_RUN_CFG", "-f", file, (char *)NULL);
    _exit(127);
}

/* Reads a pipe or file to its end, as far as it fits. */
static char *read_all(int fd, apr_pool_t *pool)
{
    apr_size_t size = 64 * 1024, length = 0;
    char *text = apr_palloc(pool, size);
    ssize_t got;

    while ((got = read(fd, text + length, size - length - 1)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        length += (apr_size_t)got;
        if (length == size - 1 && size < OUTPUT_MAX) {
            char *larger = apr_palloc(pool, 2 * size);

            memcpy(larger, text, length);
            text = larger;
            size *= 2;
        }
    }
    text[length] = '\0';
    return text;
}

/* Runs httpd on the file: *output is what it printed. What it complains of goes into a file of its own, for
 * whoever cannot read a key file, say, has the whole configuration in the output.
 * Returns its wait status, or -1. */
static int run_program(char **output, FILE *complaints, const char *program, const char *file,
                       apr_pool_t *pool)
{
    int ends[2], status;
    pid_t child;

    if (pipe(ends) != 0)
        return -1;
    child = fork();
    if (child == 0)
        become_httpd(ends[1], fileno(complaints), program, file);
    close(ends[1]);
    *output = child > 0 ? read_all(ends[0], pool) : NULL;
    close(ends[0]);
    if (child < 0)
        return -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* Runs httpd on the file. *output is what it printed; NULL, or a sentence. */
static const char *run(char **output, const char *file, apr_pool_t *pool)
{
    const char *program = NULL;
    FILE *complaints;
    int status;

    for (size_t n = 0; n < sizeof programs / sizeof *programs && !program; n++)
        program = access(programs[n], X_OK) == 0 ? programs[n] : NULL;
    if (!program)
        return "there is no httpd to read a configuration with: use --database and --key-file";
    complaints = tmpfile();
    if (!complaints)
        return apr_psprintf(pool, "no temporary file can be made: %s", strerror(errno));
    status = run_program(output, complaints, program, file, pool);
    if (status != 0) {
        rewind(complaints);
        fputs(read_all(fileno(complaints), pool), stderr);
    }
    fclose(complaints);
    if (status == -1)
        return "httpd cannot be started";
    return status == 0 ? NULL : apr_psprintf(pool, "httpd does not accept %s", file);
}

/* The next word of a directive's arguments, as httpd splits them: in quotes, where backslashes stand ahead of
 * quotes and backslashes, or up to a blank. */
static char *next_word(const char **line, apr_pool_t *pool)
{
    const char *at = *line;
    char *word, *to, quote;

    while (apr_isspace(*at))
        at++;
    to = word = apr_palloc(pool, strlen(at) + 1);
    quote = *at == '"' || *at == '\'' ? *at++ : '\0';
    while (*at && (quote ? *at != quote : !apr_isspace(*at))) {
        if (quote && *at == '\\' && (at[1] == '\\' || at[1] == quote))
            at++;
        *to++ = *at++;
    }
    *to = '\0';
    *line = *at ? at + 1 : at;
    return word;
}

/* The arguments of a directive where the line is one, else NULL. */
static const char *arguments_of(const char *line, const char *directive)
{
    apr_size_t length = strlen(directive);

    return strncasecmp(line, directive, length) == 0 && apr_isspace(line[length]) ? line + length : NULL;
}

/* Takes a value, and notes where it differs from that of another server. */
static void take(httpd_t *httpd, const char **member, const char *value)
{
    if (*member && strcmp(*member, value) != 0)
        httpd->several = 1;
    *member = value;
}

/* Reads `"conninfo" [admin="conninfo"] [listen="conninfo"] [read="conninfo"] [lag=TIME]`, as the module
 * does. */
static void read_database(httpd_t *httpd, const char *line, apr_pool_t *pool)
{
    const struct {
        const char *name;
        const char **member; /* NULL: not our business */
    } settings[] = {
        {"admin=", &httpd->admin}, {"listen=", NULL}, {"read=", &httpd->reader}, {"lag=", NULL},
        {"", &httpd->database},
    };

    for (line += strspn(line, " \t"); *line; line += strspn(line, " \t")) {
        const char *value;
        size_t n = 0;

        while (strncmp(line, settings[n].name, strlen(settings[n].name)) != 0)
            n++;
        line += strlen(settings[n].name);
        value = next_word(&line, pool);
        if (settings[n].member)
            take(httpd, settings[n].member, value);
    }
}

static void read_line(httpd_t *httpd, const char *line, apr_pool_t *pool)
{
    static const char runtime[] = "Mutex default: dir=", user[] = "User: name=";
    const char *arguments;

    while (apr_isspace(*line))
        line++;
    if ((arguments = arguments_of(line, "TenantDatabase")) != NULL)
        read_database(httpd, arguments, pool);
    else if ((arguments = arguments_of(line, "TenantKeyFile")) != NULL)
        httpd->key_file = next_word(&arguments, pool);
    else if (strncmp(line, user, sizeof user - 1) == 0) {
        arguments = line + sizeof user - 1;
        httpd->user = next_word(&arguments, pool);
    } else if (strncmp(line, runtime, sizeof runtime - 1) == 0) {
        char *folder;

        arguments = line + sizeof runtime - 1; /* httpd shows DefaultRuntimeDir, or its own, only here */
        folder = next_word(&arguments, pool);
        if (*folder && folder[strlen(folder) - 1] == '/')
            folder[strlen(folder) - 1] = '\0';
        httpd->runtime_dir = folder;
    }
}

const char *httpd_read(httpd_t *httpd, const char *file, apr_pool_t *pool)
{
    char *output = NULL, *last = NULL;
    const char *sentence = run(&output, file, pool);

    *httpd = (httpd_t){0};
    if (sentence)
        return sentence;
    for (char *line = apr_strtok(output, "\n", &last); line; line = apr_strtok(NULL, "\n", &last))
        read_line(httpd, line, pool);
    return NULL;
}
