/* SPDX-License-Identifier: Apache-2.0 */
#include "billfile.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../secret/digest.h"

#define FIRST "mod_tenant usage 1\n"

/* The longest line of a portion takes no more: five numbers. */
enum { LINE_LENGTH = 100, HEAD_LENGTH = 100, DIGEST_LENGTH = 32 };

/* A number that no bill has: what is added up stays far below a bigint's end. */
#define NUMBER_MAX INT64_C(1000000000000000)
#define DAY_MAX    100000 /* of the year 2243 */

static const char *reason(apr_pool_t *pool)
{
    char text[120];

    return apr_pstrdup(pool, apr_strerror(errno, text, sizeof text));
}

/* It finds what a disk has done, not what somebody has: whoever may write the file may write the digest. */
static const char *digest_of(const char *text, size_t length, apr_pool_t *pool)
{
    static const digest_key_t public_key;
    digest_t digest = digest_make(&public_key, text, length);

    return apr_psprintf(pool, "%016" PRIx64 "%016" PRIx64, digest.words[0], digest.words[1]);
}

/* What a portion's digest is of. */
static const char *text_of(const bill_portion_t *portion, size_t *head, apr_pool_t *pool)
{
    size_t size = HEAD_LENGTH + (size_t)portion->count * LINE_LENGTH;
    char *text = apr_palloc(pool, size);
    char *to = text;

    to += snprintf(to, HEAD_LENGTH, "%" PRId64 " %" PRId64 " %d\n", portion->memory, portion->number,
                   portion->count);
    *head = (size_t)(to - text);
    for (int n = 0; n < portion->count; n++) {
        const usage_line_t *line = &portion->lines[n];

        to += snprintf(to, LINE_LENGTH, "%d %d %" PRId64 " %" PRId64 " %" PRId64 "\n", line->tenant,
                       line->day, line->requests, line->rows_written, line->bytes_out);
    }
    return text;
}

/* --- Writing -------------------------------------------------------------------------------------------- */

struct billfile_t {
    const char *path, *staged;
    FILE *stream;
    int portions, lines;
    apr_pool_t *pool;
};

billfile_t *billfile_begin(const char *path, const char **why, apr_pool_t *pool)
{
    billfile_t *file = apr_pcalloc(pool, sizeof *file);
    int fd;

    file->path = path;
    file->staged = apr_pstrcat(pool, path, ".new", NULL);
    file->pool = pool;
    unlink(file->staged); /* of a server that was killed meanwhile */
    fd = open(file->staged, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    file->stream = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file->stream) {
        *why = apr_psprintf(pool, "%s cannot be made: %s", file->staged, reason(pool));
        return NULL;
    }
    fputs(FIRST, file->stream);
    return file;
}

int billfile_add(billfile_t *file, const bill_portion_t *portion)
{
    apr_pool_t *pool;
    const char *text;
    size_t head;

    if (portion->count > BILLFILE_LINES_MAX - file->lines ||
        apr_pool_create(&pool, file->pool) != APR_SUCCESS)
        return 0;
    text = text_of(portion, &head, pool);
    fprintf(file->stream, "portion %.*s %s\n%s", (int)head - 1, text, digest_of(text, strlen(text), pool),
            text + head);
    file->portions++;
    file->lines += portion->count;
    apr_pool_destroy(pool);
    return 1;
}

/* A name is on the disk only when its folder is. */
static int sync_folder(const char *path, apr_pool_t *pool)
{
    const char *folder = apr_pstrmemdup(pool, path, (apr_size_t)(strrchr(path, '/') - path) + 1);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int done = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return done;
}

const char *billfile_commit(billfile_t *file)
{
    const char *why = NULL;

    fprintf(file->stream, "end %d\n", file->portions);
    if (fflush(file->stream) != 0 || ferror(file->stream) || fsync(fileno(file->stream)) != 0)
        why = apr_psprintf(file->pool, "%s cannot be written: %s", file->staged, reason(file->pool));
    fclose(file->stream);
    if (!why && (rename(file->staged, file->path) != 0 || !sync_folder(file->path, file->pool)))
        why = apr_psprintf(file->pool, "%s cannot be replaced: %s", file->path, reason(file->pool));
    if (why)
        unlink(file->staged);
    return why;
}

/* --- Reading -------------------------------------------------------------------------------------------- */

/* Reads a number from 0 to max, and what has to follow it. */
static int take_number(const char **at, char then, int64_t max, int64_t *number)
{
    const char *digit = *at;

    for (*number = 0; *digit >= '0' && *digit <= '9'; digit++) {
        if (*number > (INT64_MAX - 9) / 10)
            return 0;
        *number = *number * 10 + (*digit - '0');
    }
    if (digit == *at || *digit != then || *number > max)
        return 0;
    *at = digit + 1;
    return 1;
}

static int take_word(const char **at, const char *word)
{
    size_t length = strlen(word);

    if (strncmp(*at, word, length) != 0)
        return 0;
    *at += length;
    return 1;
}

static int take_line(const char **at, usage_line_t *line)
{
    int64_t tenant, day;

    if (!take_number(at, ' ', INT32_MAX, &tenant) || tenant == 0 || !take_number(at, ' ', DAY_MAX, &day) ||
        !take_number(at, ' ', NUMBER_MAX, &line->requests) ||
        !take_number(at, ' ', NUMBER_MAX, &line->rows_written) ||
        !take_number(at, '\n', NUMBER_MAX, &line->bytes_out))
        return 0;
    line->tenant = (int)tenant;
    line->day = (int)day;
    return 1;
}

static int has_digest(const bill_portion_t *portion, const char *digest, apr_pool_t *parent)
{
    apr_pool_t *pool;
    const char *text;
    size_t head;
    int equal;

    if (apr_pool_create(&pool, parent) != APR_SUCCESS)
        return 0;
    text = text_of(portion, &head, pool);
    equal = strncmp(digest, digest_of(text, strlen(text), pool), DIGEST_LENGTH) == 0;
    apr_pool_destroy(pool);
    return equal;
}

/* Reads what follows the word `portion`. */
static int take_portion(const char **at, bill_portion_t *portion, apr_pool_t *pool)
{
    usage_line_t *lines;
    const char *digest;
    int64_t count;

    if (!take_number(at, ' ', INT64_MAX, &portion->memory) ||
        !take_number(at, ' ', INT64_MAX, &portion->number) || !take_number(at, ' ', USAGE_PORTION, &count) ||
        count == 0 || strnlen(*at, DIGEST_LENGTH + 1) <= DIGEST_LENGTH)
        return 0;
    digest = *at;
    *at += DIGEST_LENGTH;
    if (!take_word(at, "\n"))
        return 0;
    lines = apr_palloc(pool, (apr_size_t)count * sizeof *lines);
    portion->count = (int)count;
    portion->lines = lines;
    for (int n = 0; n < count; n++) {
        if (!take_line(at, &lines[n]))
            return 0;
    }
    return has_digest(portion, digest, pool);
}

/* Reads a file's text. */
static int take_all(const char *text, apr_array_header_t *portions, apr_pool_t *pool)
{
    const char *at = text;
    int64_t count;

    if (!take_word(&at, FIRST))
        return 0;
    while (take_word(&at, "portion ")) {
        if (!take_portion(&at, apr_array_push(portions), pool))
            return 0;
    }
    return take_word(&at, "end ") && take_number(&at, '\n', INT_MAX, &count) && !*at &&
           count == portions->nelts;
}

/* The text of an open file, in *text; or what is wrong. Only who starts httpd may have written it. */
static const char *read_text(char **text, int fd, apr_pool_t *pool)
{
    struct stat info;
    size_t length = 0;
    ssize_t got;

    if (fstat(fd, &info) != 0)
        return reason(pool);
    if (!S_ISREG(info.st_mode) || (info.st_uid != 0 && info.st_uid != geteuid()) ||
        (info.st_mode & (S_IWGRP | S_IWOTH)))
        return "it must be a regular file of root's or of one's own, which nobody else may write";
    if (info.st_size > (off_t)BILLFILE_LINES_MAX * LINE_LENGTH)
        return "it is too large";
    *text = apr_palloc(pool, (apr_size_t)info.st_size + 1);
    while (length < (size_t)info.st_size &&
           (got = read(fd, *text + length, (size_t)info.st_size - length)) != 0) {
        if (got < 0 && errno != EINTR)
            return reason(pool);
        length += got > 0 ? (size_t)got : 0;
    }
    (*text)[length] = '\0';
    return NULL;
}

const char *billfile_read(apr_array_header_t **portions, const char *path, apr_pool_t *pool)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    const char *why = "out of memory";
    apr_pool_t *temporary;
    char *text = NULL;

    *portions = apr_array_make(pool, 1, sizeof(bill_portion_t));
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? NULL : reason(pool);
    if (apr_pool_create(&temporary, pool) == APR_SUCCESS) {
        why = read_text(&text, fd, temporary);
        if (!why && !take_all(text, *portions, pool))
            why = "it is none of mod_tenant's, or is damaged";
        why = apr_pstrdup(pool, why);
        apr_pool_destroy(temporary);
    }
    close(fd);
    return why;
}
