/* SPDX-License-Identifier: Apache-2.0 */
#include "contents.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../secret/sha256.h"
#include "command.h"
#include "output.h"
#include "portable.h"

enum { ENTRIES_MAX = 1000, CHUNK = 65536 };

/* A file of the archive. */
typedef struct entry_t {
    ustar_entry_t header;
    int64_t offset; /* of its first byte */
} entry_t;

static apr_status_t close_file(void *data)
{
    close(((contents_t *)data)->fd);
    return APR_SUCCESS;
}

static int refuse(const contents_t *contents, const char *why)
{
    return complain(EXIT_FAILED, "%s is no export that can be read: %s", contents->path, why);
}

static const entry_t *find_entry(const contents_t *contents, const char *name)
{
    for (int n = 0; n < contents->entries->nelts; n++) {
        const entry_t *entry = &APR_ARRAY_IDX(contents->entries, n, entry_t);

        if (strcmp(entry->header.name, name) == 0)
            return entry;
    }
    return NULL;
}

/* Reads so many bytes; 0: there are not as many. */
static int read_at(const contents_t *contents, void *bytes, apr_size_t length, int64_t offset)
{
    apr_size_t done = 0;

    while (done < length) {
        ssize_t got = pread(contents->fd, (char *)bytes + done, length - done, offset + (int64_t)done);

        if (got > 0)
            done += (apr_size_t)got;
        else if (got == 0 || errno != EINTR)
            return 0;
    }
    return 1;
}

/* --- The archive ---------------------------------------------------------------------------------------- */

/* Takes the header at an offset. NULL, or what is wrong with it. */
static const char *take_entry(contents_t *contents, const unsigned char *block, int64_t offset, int64_t size)
{
    entry_t entry = {.offset = offset + USTAR_BLOCK};
    const char *why = ustar_read(&entry.header, block);

    if (why)
        return why;
    if (entry.header.size > size - entry.offset ||
        ustar_padding(entry.header.size) > size - entry.offset - entry.header.size)
        return "is longer than the archive: the file has been cut, or was never whole";
    if (find_entry(contents, entry.header.name))
        return "is there twice";
    if (contents->entries->nelts == ENTRIES_MAX)
        return "is one of too many";
    APR_ARRAY_PUSH(contents->entries, entry_t) = entry;
    return NULL;
}

/* Finds the files up to the end of the archive. */
static int take_entries(contents_t *contents, int64_t size)
{
    unsigned char block[USTAR_BLOCK];
    int64_t offset = 0;

    for (;;) {
        const entry_t *entry;
        const char *why;

        if (!read_at(contents, block, sizeof block, offset))
            return refuse(contents, "it has no end: it has been cut, or is no tar archive");
        if (ustar_is_end(block))
            break;
        why = take_entry(contents, block, offset, size);
        if (why)
            return refuse(contents, apr_psprintf(contents->pool, "file %d in it %s",
                                                 contents->entries->nelts + 1, why));
        entry = &APR_ARRAY_IDX(contents->entries, contents->entries->nelts - 1, entry_t);
        offset = entry->offset + entry->header.size + ustar_padding(entry->header.size);
    }
    for (int64_t at = offset + USTAR_BLOCK; at < size; at += USTAR_BLOCK) {
        if (!read_at(contents, block, sizeof block, at) || !ustar_is_end(block))
            return refuse(contents, "something follows its end");
    }
    return size - offset >= 2 * USTAR_BLOCK ? EXIT_DONE : refuse(contents, "its end has been cut");
}

static int take_manifest(contents_t *contents)
{
    const entry_t *entry = find_entry(contents, MANIFEST_NAME);
    const char *why;
    char *text;

    if (!entry)
        return refuse(contents, "there is no " MANIFEST_NAME " in it");
    if (entry->header.size > MANIFEST_MAX)
        return refuse(contents, MANIFEST_NAME " is too long");
    text = apr_pcalloc(contents->pool, (apr_size_t)entry->header.size + 1);
    if (!read_at(contents, text, (apr_size_t)entry->header.size, entry->offset))
        return refuse(contents, strerror(errno));
    why = manifest_read(&contents->manifest, text, (apr_size_t)entry->header.size, contents->pool);
    return why ? refuse(contents, apr_pstrcat(contents->pool, MANIFEST_NAME " ", why, NULL)) : EXIT_DONE;
}

/* --- Lines ---------------------------------------------------------------------------------------------- */

/* What is read of a file. */
typedef struct reading_t {
    contents_line_fn *take;
    void *context;
    char *line; /* the beginning of a line that goes on in the next chunk */
    apr_size_t length, size;
    int64_t lines;
} reading_t;

/* Keeps the beginning of a line. 0: the line is too long. */
static int keep(reading_t *reading, const char *bytes, apr_size_t length)
{
    if (length == 0) /* there may be no memory yet, which memcpy() must not be given */
        return 1;
    if (reading->length + length > MANIFEST_LINE_MAX)
        return 0;
    if (reading->length + length > reading->size) {
        char *line;

        reading->size = 2 * (reading->length + length);
        line = realloc(reading->line, reading->size);
        if (!line)
            return 0;
        reading->line = line;
    }
    memcpy(reading->line + reading->length, bytes, length);
    reading->length += length;
    return 1;
}

/* Hands over the lines that end in a chunk. NULL, or why not; "" where take ended it. */
static const char *take_chunk(reading_t *reading, const char *bytes, apr_size_t length)
{
    const char *end;

    if (memchr(bytes, '\0', length))
        return "has a NUL in it";
    while ((end = memchr(bytes, '\n', length)) != NULL) {
        apr_size_t part = (apr_size_t)(end - bytes);
        const char *line = bytes;
        apr_size_t whole = part;

        if (reading->length > 0) {
            if (!keep(reading, bytes, part))
                return "has a line that is too long";
            line = reading->line;
            whole = reading->length;
        }
        reading->lines++;
        if (!reading->take(reading->context, line, whole))
            return "";
        reading->length = 0;
        bytes += part + 1;
        length -= part + 1;
    }
    return keep(reading, bytes, length) ? NULL : "has a line that is too long";
}

static const char *read_lines(const contents_t *contents, const entry_t *entry, reading_t *reading,
                              sha256_t *sha256)
{
    char chunk[CHUNK];
    const char *why = NULL;

    for (int64_t done = 0; !why && done < entry->header.size;) {
        int64_t left = entry->header.size - done;
        apr_size_t part = (apr_size_t)(left < CHUNK ? left : CHUNK);

        if (!read_at(contents, chunk, part, entry->offset + done))
            return "cannot be read";
        sha256_add(sha256, chunk, part);
        why = take_chunk(reading, chunk, part);
        done += (int64_t)part;
    }
    if (!why && reading->length > 0)
        why = "has a last line without an end";
    explicit_bzero(chunk, sizeof chunk);
    return why;
}

int contents_each(const contents_t *contents, const manifest_file_t *file, contents_line_fn *take,
                  void *context)
{
    const char *name = apr_pstrcat(contents->pool, file->table, MANIFEST_END, NULL), *why;
    sha256_t *sha256 = sha256_make(contents->pool);
    reading_t reading = {.take = take, .context = context};

    why = read_lines(contents, find_entry(contents, name), &reading, sha256);
    if (reading.line)
        explicit_bzero(reading.line, reading.size);
    free(reading.line);
    if (!why && strcmp(sha256_end(sha256), file->sha256) != 0)
        why = "is not what it was: its hash is another than the manifest's";
    if (!why && reading.lines != file->rows)
        why = "has another number of lines than the manifest says";
    if (!why)
        return EXIT_DONE;
    return *why ? refuse(contents, apr_pstrcat(contents->pool, name, " ", why, NULL)) : EXIT_FAILED;
}

/* --- All of it ------------------------------------------------------------------------------------------ */

static int pass(void *context, const char *line, apr_size_t length)
{
    (void)context;
    (void)line;
    (void)length;
    return 1;
}

/* Compares the files with the manifest. */
static int verify(const contents_t *contents)
{
    const apr_array_header_t *files = contents->manifest.files;
    int status = EXIT_DONE;

    if (contents->entries->nelts != files->nelts + 1)
        return refuse(contents, "the manifest has other files than the archive");
    for (int n = 0; status == EXIT_DONE && n < files->nelts; n++) {
        const manifest_file_t *file = &APR_ARRAY_IDX(files, n, manifest_file_t);
        const entry_t *entry =
            find_entry(contents, apr_pstrcat(contents->pool, file->table, MANIFEST_END, NULL));

        if (!entry || entry->header.size != file->bytes)
            return refuse(contents,
                          apr_psprintf(contents->pool, "%s" MANIFEST_END " %s", file->table,
                                       entry ? "has another size than the manifest says" : "is not in it"));
        status = contents_each(contents, file, pass, NULL);
    }
    return status;
}

int contents_open(contents_t *contents, const char *path, apr_pool_t *pool)
{
    struct stat there;
    int status;

    memset(contents, 0, sizeof *contents);
    contents->path = path;
    contents->pool = pool;
    contents->entries = apr_array_make(pool, 16, sizeof(entry_t));
    contents->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* not to wait for a pipe's other end */
    if (contents->fd < 0)
        return complain(EXIT_FAILED, "%s: %s", path, strerror(errno));
    apr_pool_cleanup_register(pool, contents, close_file, apr_pool_cleanup_null);
    if (fstat(contents->fd, &there) != 0 || !S_ISREG(there.st_mode))
        return refuse(contents, "it is no regular file");
    status = take_entries(contents, there.st_size);
    if (status == EXIT_DONE)
        status = take_manifest(contents);
    return status == EXIT_DONE ? verify(contents) : status;
}
