/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_T_UNIT_CORPORA_H
#define TENANT_T_UNIT_CORPORA_H

/* Test data by others that is not part of this repository: JSONTestSuite's test_parsing in json/, and
 * blns.json, the big list of naughty strings. The environment's TENANT_CORPORA names the folder. */

#include <apr_file_io.h>
#include <apr_strings.h>
#include <stdlib.h>

/* The path of a file or folder of the corpora. */
static const char *__attribute__((unused)) corpora_path(const char *name, apr_pool_t *pool)
{
    const char *const folder = getenv("TENANT_CORPORA");

    return apr_pstrcat(pool, folder ? folder : "../shared/corpora", "/", name, NULL);
}

/* The content of a file and its length, NULL when it cannot be read. */
static char *__attribute__((unused)) corpora_read(const char *path, apr_size_t *length, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_finfo_t info;
    char *content;

    if (apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, pool) != APR_SUCCESS)
        return NULL;
    if (apr_file_info_get(&info, APR_FINFO_SIZE, file) != APR_SUCCESS)
        return NULL;
    content = apr_palloc(pool, (apr_size_t)info.size + 1);
    if (apr_file_read_full(file, content, (apr_size_t)info.size, length) != APR_SUCCESS && info.size > 0)
        return NULL;
    apr_file_close(file);
    return content;
}

#endif
