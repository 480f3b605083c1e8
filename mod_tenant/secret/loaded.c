/* SPDX-License-Identifier: Apache-2.0 */
#include "loaded.h"

#include <apr_file_io.h>
#include <apr_portable.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_LIMIT = 64 * 1024 };

#define FILE_WORD "file "

/* One key, without the key. */
typedef struct entry_t {
    keyname_purpose_t purpose;
    uint32_t id;
    int primary;
} entry_t;

struct loaded_t {
    const char *key_file;
    apr_array_header_t *entries; /* entry_t */
};

static const char *failed(const char *path, apr_status_t status, apr_pool_t *pool)
{
    char why[120];

    return apr_psprintf(pool, "%s: %s", path, apr_strerror(status, why, sizeof why));
}

/* The whole text of the file. */
static const char *describe(const keyring_t *ring, const char *key_file, apr_pool_t *pool)
{
    const char *text = apr_pstrcat(pool, FILE_WORD, key_file, "\n", NULL);
    const keyring_key_t *key;

    for (int n = 0; (key = keyring_any(ring, n)) != NULL; n++)
        text = apr_psprintf(pool, "%s%s %u%s\n", text, keyname_word(key->purpose), key->id,
                            key->primary ? " primary" : "");
    return text;
}

/* Lets everybody read a file, whatever the umask; the file and not its name,
 * which may lead elsewhere by now. */
static apr_status_t open_to_all(apr_file_t *file)
{
    apr_os_file_t fd;
    apr_status_t status = apr_os_file_get(&fd, file);

    return status != APR_SUCCESS || fchmod(fd, 0644) == 0 ? status : errno;
}

const char *loaded_write(const keyring_t *ring, const char *key_file, const char *path, apr_pool_t *pool)
{
    const char *staged = apr_pstrcat(pool, path, ".new", NULL), *text = describe(ring, key_file, pool);
    apr_status_t status;
    apr_file_t *file;

    apr_file_remove(staged, pool); /* of a start that was interrupted */
    status = apr_file_open(&file, staged, APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_EXCL,
                           APR_FPROT_UREAD | APR_FPROT_UWRITE, pool);
    if (status == APR_SUCCESS) {
        status = apr_file_write_full(file, text, strlen(text), NULL);
        if (status == APR_SUCCESS)
            status = open_to_all(file);
        apr_file_close(file);
    }
    if (status == APR_SUCCESS)
        status = apr_file_rename(staged, path, pool);
    return status == APR_SUCCESS ? NULL : failed(path, status, pool);
}

/* Reads the file's text, NUL-terminated; NULL with a sentence. Who starts httpd writes it: anybody else's
 * file says nothing. */
static char *read_text(const char *path, const char **sentence, apr_pool_t *pool)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    char *text = apr_palloc(pool, TEXT_LIMIT + 1);
    struct stat info;
    ssize_t length;

    *sentence = NULL;
    if (fd < 0) {
        *sentence = failed(path, errno, pool);
        return NULL;
    }
    length = fstat(fd, &info) == 0 ? read(fd, text, TEXT_LIMIT) : -1;
    if (length < 0)
        *sentence = failed(path, errno, pool);
    else if (!S_ISREG(info.st_mode) || (info.st_uid != 0 && info.st_uid != geteuid()))
        *sentence = apr_pstrcat(pool, path, ": must be a regular file of root's or one's own", NULL);
    close(fd);
    if (*sentence)
        return NULL;
    text[length] = '\0';
    return text;
}

/* Reads `seal|pepper ID [primary]`; 0 where the line is not that. */
static int read_entry(entry_t *entry, char *line)
{
    const char *id = strchr(line, ' '), *primary;

    if (!id || !keyname_purpose(&entry->purpose, line, (apr_size_t)(id - line)))
        return 0;
    id++;
    primary = strchr(id, ' ');
    entry->primary = primary != NULL;
    entry->id = keyname_id(id, primary ? (apr_size_t)(primary - id) : strlen(id));
    return entry->id != 0 && (!primary || strcmp(primary, " primary") == 0);
}

const char *loaded_read(loaded_t **loaded, const char *path, apr_pool_t *pool)
{
    const char *sentence;
    char *text = read_text(path, &sentence, pool), *line, *last = NULL;

    if (!text)
        return sentence;
    *loaded = apr_pcalloc(pool, sizeof **loaded);
    (*loaded)->entries = apr_array_make(pool, 4, sizeof(entry_t));
    for (line = apr_strtok(text, "\n", &last); line; line = apr_strtok(NULL, "\n", &last)) {
        if (strncmp(line, FILE_WORD, sizeof FILE_WORD - 1) == 0)
            (*loaded)->key_file = line + sizeof FILE_WORD - 1;
        else if (!read_entry(apr_array_push((*loaded)->entries), line))
            break;
    }
    return !line && (*loaded)->key_file ? NULL : apr_pstrcat(pool, path, ": does not list key ids", NULL);
}

const char *loaded_key_file(const loaded_t *loaded)
{
    return loaded->key_file;
}

static const entry_t *find(const loaded_t *loaded, keyname_purpose_t purpose, uint32_t id)
{
    for (int n = 0; n < loaded->entries->nelts; n++) {
        const entry_t *entry = &APR_ARRAY_IDX(loaded->entries, n, entry_t);

        if (entry->purpose == purpose && entry->id == id)
            return entry;
    }
    return NULL;
}

int loaded_has(const loaded_t *loaded, keyname_purpose_t purpose, uint32_t id)
{
    return find(loaded, purpose, id) != NULL;
}

int loaded_is_primary(const loaded_t *loaded, keyname_purpose_t purpose, uint32_t id)
{
    const entry_t *entry = find(loaded, purpose, id);

    return entry && entry->primary;
}
