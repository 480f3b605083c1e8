/* SPDX-License-Identifier: Apache-2.0 */
#include "allowed.h"

#include <apr_lib.h>
#include <string.h>

#define ROOT "/2010-04-01/Accounts/"

static const allowed_t table[] = {
    {"Calls.json", "GET, HEAD, POST", ALLOWED_CALLS},
    {"Calls/{CA}.json", "DELETE, GET, HEAD, POST", ALLOWED_PLAIN},
    {"Calls/{CA}/Recordings.json", "GET, HEAD, POST", ALLOWED_PLAIN},
    {"Calls/{CA}/Recordings/{RE}.json", "DELETE, GET, HEAD, POST", ALLOWED_PLAIN},
    {"Messages.json", "GET, HEAD, POST", ALLOWED_MESSAGES},
    {"Messages/{SM}.json", "DELETE, GET, HEAD, POST", ALLOWED_PLAIN},
    {"Messages/{MM}.json", "DELETE, GET, HEAD, POST", ALLOWED_PLAIN},
    {"Messages/{SM}/Media.json", "GET, HEAD", ALLOWED_PLAIN},
    {"Messages/{MM}/Media.json", "GET, HEAD", ALLOWED_PLAIN},
    {"Messages/{SM}/Media/{ME}.json", "DELETE, GET, HEAD", ALLOWED_PLAIN},
    {"Messages/{MM}/Media/{ME}.json", "DELETE, GET, HEAD", ALLOWED_PLAIN},
    {"Recordings.json", "GET, HEAD", ALLOWED_PLAIN},
    {"Recordings/{RE}.json", "DELETE, GET, HEAD", ALLOWED_PLAIN},
    {"Recordings/{RE}.mp3", "GET, HEAD", ALLOWED_MEDIA},
    {"Recordings/{RE}.wav", "GET, HEAD", ALLOWED_MEDIA},
};

/* Whether a text begins with a sid: two letters and 32 hex digits. */
static int is_sid(const char *text, const char *prefix)
{
    int n = 2;

    if (strncmp(text, prefix, 2) != 0)
        return 0;
    while (n < ALLOWED_SID_LENGTH && apr_isxdigit(text[n]))
        n++;
    return n == ALLOWED_SID_LENGTH;
}

static int is_path(const char *text, const char *pattern)
{
    while (*pattern) {
        if (*pattern == '{') {
            if (!is_sid(text, pattern + 1))
                return 0;
            text += ALLOWED_SID_LENGTH;
            pattern += sizeof "{CA}" - 1;
        } else if (*text++ != *pattern++) {
            return 0;
        }
    }
    return !*text;
}

const allowed_t *allowed_find(const char *path, const char **account)
{
    const char *rest;

    if (strncmp(path, ROOT, sizeof ROOT - 1) != 0)
        return NULL;
    *account = path + sizeof ROOT - 1;
    if (!is_sid(*account, "AC") || (*account)[ALLOWED_SID_LENGTH] != '/')
        return NULL;
    rest = *account + ALLOWED_SID_LENGTH + 1;
    for (size_t n = 0; n < sizeof table / sizeof *table; n++) {
        if (is_path(rest, table[n].path))
            return &table[n];
    }
    return NULL;
}

int allowed_method(const allowed_t *allowed, const request_rec *r)
{
    switch (r->method_number) {
    case M_GET: /* and HEAD */
        return 1;
    case M_POST:
        return strstr(allowed->allow, "POST") != NULL;
    case M_DELETE:
        return strstr(allowed->allow, "DELETE") != NULL;
    default:
        return 0;
    }
}

/* Where a target's path begins, which may be a whole URL. */
static const char *path_of(const char *target)
{
    const char *authority = *target == '/' ? NULL : strstr(target, "://");

    if (!authority)
        return target;
    authority += sizeof "://" - 1;
    return authority + strcspn(authority, "/?");
}

int allowed_is_plain(const char *target)
{
    const char *path = path_of(target);

    if (*path != '/')
        return 0;
    for (const char *c = path; *c && *c != '?'; c++) {
        if (!apr_isalnum(*c) && !strchr("/-._~", *c))
            return 0;
        if (*c == '/' && (c[1] == '/' || (c[1] == '.' && strcspn(c + 1 + strspn(c + 1, "."), "/?") == 0)))
            return 0;
    }
    return 1;
}
