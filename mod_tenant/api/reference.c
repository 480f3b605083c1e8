/* SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <http_protocol.h>

#include "../http/reply.h"
#include "asset.h"

/* The files that there are, whatever else a folder holds: the viewer's, and ours that start and mend it. */
static const struct {
    const char *name;
    const char *type;
} files[] = {
    {"swagger-ui-bundle.js", "text/javascript"},
    {"swagger-ui.css", "text/css"},
    {"reference.js", "text/javascript"},
    {"reference.css", "text/css"},
};

enum {
    FILE_COUNT = sizeof files / sizeof *files,
    FILE_SIZE_LIMIT = 16 * 1024 * 1024, /* each stays in memory */
};

typedef struct reference_t {
    const char *folder;
    const reference_file_t *files; /* FILE_COUNT of them; NULL until they are read */
} reference_t;

reference_t *reference_make(const char *folder, apr_pool_t *pool)
{
    reference_t *reference = apr_pcalloc(pool, sizeof *reference);

    reference->folder = folder;
    return reference;
}

/* Reads an open file as a whole. Returns NULL, or what is wrong with it. */
static const char *read_open(reference_file_t *file, apr_file_t *open, apr_pool_t *pool)
{
    apr_status_t status;
    apr_finfo_t info;
    char *bytes;

    status = apr_file_info_get(&info, APR_FINFO_TYPE | APR_FINFO_SIZE, open);
    if (status != APR_SUCCESS)
        return apr_psprintf(pool, "%pm", &status);
    if (info.filetype != APR_REG || info.size > FILE_SIZE_LIMIT)
        return "it is no regular file of at most 16 MiB";
    file->length = (apr_size_t)info.size;
    file->bytes = bytes = apr_palloc(pool, file->length + 1);
    status = apr_file_read_full(open, bytes, file->length, NULL);
    return status == APR_SUCCESS ? NULL : apr_psprintf(pool, "%pm", &status);
}

static const char *read_file(reference_file_t *file, const char *folder, apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, folder, "/", file->name, NULL);
    apr_file_t *open;
    apr_status_t status = apr_file_open(&open, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, pool);
    const char *why;

    if (status != APR_SUCCESS)
        return apr_psprintf(pool, "%s cannot be read: %pm", path, &status);
    why = read_open(file, open, pool);
    apr_file_close(open);
    if (why)
        return apr_psprintf(pool, "%s cannot be read: %s", path, why);
    file->tag = file_tag(file->bytes, file->length, pool);
    return NULL;
}

/* Reads the files of a folder. */
static const char *read_folder(const reference_file_t **read, const char *folder, apr_pool_t *pool)
{
    reference_file_t *list = apr_pcalloc(pool, FILE_COUNT * sizeof *list);

    for (int i = 0; i < FILE_COUNT; i++) {
        const char *why;

        list[i].name = files[i].name;
        list[i].type = files[i].type;
        why = read_file(&list[i], folder, pool);
        if (why)
            return why;
    }
    *read = list;
    return NULL;
}

const char *reference_load(const apr_array_header_t *references, apr_hash_t *known, apr_pool_t *pool)
{
    for (int i = 0; references && i < references->nelts; i++) {
        reference_t *reference = APR_ARRAY_IDX(references, i, reference_t *);
        const char *why;

        reference->files = apr_hash_get(known, reference->folder, APR_HASH_KEY_STRING);
        if (reference->files)
            continue;
        why = read_folder(&reference->files, reference->folder, pool);
        if (why)
            return apr_pstrcat(pool, "TenantReference: ", why, NULL);
        apr_hash_set(known, reference->folder, APR_HASH_KEY_STRING, reference->files);
    }
    return NULL;
}

const reference_file_t *reference_find(const reference_t *reference, const char *name)
{
    for (int i = 0; reference && i < FILE_COUNT; i++) {
        if (strcmp(reference->files[i].name, name) == 0)
            return &reference->files[i];
    }
    return NULL;
}

/* What the page may do: run our scripts, and ask this server. The viewer writes style attributes. */
#define POLICY                                                                                               \
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "          \
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

/* The page; base is of unreserved characters and slashes alone (setting.h). */
static const char *make_page(const char *base, apr_pool_t *pool)
{
    return apr_pstrcat(pool,
                       "<!DOCTYPE html>\n"
                       "<html lang=\"en\">\n"
                       "<head>\n"
                       "<meta charset=\"utf-8\">\n"
                       "<title>API reference</title>\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                       "<link rel=\"stylesheet\" href=\"",
                       base,
                       "/reference/swagger-ui.css\">\n"
                       "<link rel=\"stylesheet\" href=\"",
                       base,
                       "/reference/reference.css\">\n"
                       "</head>\n"
                       "<body>\n"
                       "<main id=\"reference\" data-document=\"",
                       base,
                       "/openapi.json\">\n"
                       "<noscript>This page needs JavaScript. It shows <a href=\"",
                       base,
                       "/openapi.json\">the OpenAPI document of this API</a>.</noscript>\n"
                       "</main>\n"
                       "<script src=\"",
                       base,
                       "/reference/swagger-ui-bundle.js\"></script>\n"
                       "<script src=\"",
                       base,
                       "/reference/reference.js\"></script>\n"
                       "</body>\n"
                       "</html>\n",
                       NULL);
}

const problem_t *reference_answer_page(api_t *api)
{
    const char *page = make_page(config_base_path(api->exchange.location), api->exchange.r->pool);

    apr_table_setn(api->exchange.r->err_headers_out, "Content-Security-Policy", POLICY);
    apr_table_setn(api->exchange.r->err_headers_out, "Referrer-Policy", "no-referrer");
    return exchange_answered(&api->exchange,
                             reply_bytes(api->exchange.r, "text/html; charset=utf-8", page, strlen(page)));
}

const problem_t *reference_answer_file(api_t *api)
{
    const reference_file_t *file = reference_find(api->exchange.location->reference, api->route.id);
    const char *type = apr_pstrcat(api->exchange.r->pool, file->type, "; charset=utf-8", NULL);

    return asset_answer(api, &(file_t){type, file->bytes, file->length, file->tag});
}
