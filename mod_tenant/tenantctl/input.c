/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <apr_lib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int input_secret(char *buffer, size_t size, const char *name)
{
    char prompt[80];
    size_t length;

    if (isatty(STDIN_FILENO)) {
        snprintf(prompt, sizeof prompt, "%s: ", name);
        return apr_password_get(prompt, buffer, &size) == APR_SUCCESS && *buffer;
    }
    if (!fgets(buffer, (int)size, stdin))
        return 0;
    length = strlen(buffer);
    if (length > 0 && buffer[length - 1] == '\n')
        buffer[--length] = '\0';
    else if (!feof(stdin))
        return 0;
    return length > 0;
}

int input_confirm(const char *question)
{
    char answer[8];

    if (!isatty(STDIN_FILENO))
        return -1;
    fprintf(stderr, "%s [y/N] ", question);
    if (!fgets(answer, sizeof answer, stdin))
        return 0;
    answer[strcspn(answer, "\n")] = '\0';
    return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}

int input_repeat(const char *question, const char *text)
{
    char answer[2048];

    if (!isatty(STDIN_FILENO))
        return -1;
    fputs(question, stderr);
    if (!fgets(answer, sizeof answer, stdin))
        return 0;
    answer[strcspn(answer, "\n")] = '\0';
    return strcmp(answer, text) == 0;
}
