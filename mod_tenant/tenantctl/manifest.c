/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest.h"

#include <apr_strings.h>
#include <inttypes.h>
#include <string.h>

#include "../json/scan.h"
#include "../json/tree.h"
#include "../json/writer.h"
#include "../version.h"
#include "portable.h"

enum { SHA256_DIGITS = 64 };

/* --- Written -------------------------------------------------------------------------------------------- */

static void write_member(writer_t *writer, const char *name, const char *value)
{
    writer_literal(writer, ", ");
    writer_text(writer, name);
    writer_literal(writer, ": ");
    writer_text(writer, value);
}

static void write_number(writer_t *writer, const char *name, int64_t value)
{
    writer_literal(writer, ", ");
    writer_text(writer, name);
    writer_literal(writer, ": ");
    writer_integer(writer, value);
}

/* A list `a,b` as an array. */
static void write_list(writer_t *writer, const char *name, const char *list)
{
    apr_array_header_t *names = portable_split(list, ',', writer->pool);

    writer_literal(writer, ", ");
    writer_text(writer, name);
    writer_literal(writer, ": [");
    for (int n = 0; n < names->nelts; n++) {
        if (n > 0)
            writer_literal(writer, ", ");
        writer_text(writer, APR_ARRAY_IDX(names, n, const char *));
    }
    writer_literal(writer, "]");
}

static void write_file(writer_t *writer, const manifest_file_t *file)
{
    writer_literal(writer, "\n    {\"name\": ");
    writer_text(writer, apr_pstrcat(writer->pool, file->table, MANIFEST_END, NULL));
    write_member(writer, "table", file->table);
    write_number(writer, "rows", file->rows);
    write_number(writer, "bytes", file->bytes);
    write_member(writer, "sha256", file->sha256);
    write_list(writer, "columns", file->columns);
    writer_literal(writer, "}");
}

const char *manifest_write(const manifest_t *manifest, apr_pool_t *pool)
{
    writer_t writer;

    writer_init(&writer, pool, 4096);
    writer_literal(&writer, "{\"format\": ");
    writer_integer(&writer, MANIFEST_FORMAT);
    write_member(&writer, "made_by", "tenantctl " TENANT_VERSION);
    write_member(&writer, "schema", manifest->schema);
    write_member(&writer, "exported_at", manifest->exported_at);
    writer_literal(&writer, ",\n  \"tenant\": {\"id\": ");
    writer_raw(&writer, manifest->tenant_id, strlen(manifest->tenant_id));
    write_member(&writer, "name", manifest->tenant_name);
    writer_literal(&writer, "}, \"with_passwords\": ");
    if (manifest->with_passwords)
        writer_literal(&writer, "true");
    else
        writer_literal(&writer, "false");
    write_list(&writer, "left_out", manifest->left_out);
    writer_literal(&writer, ",\n  \"files\": [");
    for (int n = 0; n < manifest->files->nelts; n++) {
        if (n > 0)
            writer_literal(&writer, ",");
        write_file(&writer, &APR_ARRAY_IDX(manifest->files, n, manifest_file_t));
    }
    writer_literal(&writer, "\n  ]}\n");
    writer_raw(&writer, "", 1);
    return writer.text;
}

/* --- Read ----------------------------------------------------------------------------------------------- */

/* A member that is a string; NULL: it is not. */
static const char *read_text(const tree_t *object, const char *name)
{
    const tree_t *value = tree_member(object, name);
    apr_size_t length;

    return tree_type(value) == TREE_STRING ? tree_string(value, &length) : NULL;
}

/* A member that is an integer of 0 or more; -1: it is not. */
static int64_t read_number(const tree_t *object, const char *name)
{
    const tree_t *value = tree_member(object, name);

    return tree_type(value) == TREE_INTEGER && tree_integer(value) >= 0 ? tree_integer(value) : -1;
}

/* A member that is an array of different names, as `a,b`; NULL: it is not. */
static const char *read_names(const tree_t *object, const char *name, apr_pool_t *pool)
{
    const tree_t *value = tree_member(object, name);
    const char *list = "";

    if (tree_type(value) != TREE_ARRAY)
        return NULL;
    for (apr_size_t n = 0; n < tree_count(value); n++) {
        const tree_t *item = tree_item(value, n);
        const char *text;
        apr_size_t length;

        if (tree_type(item) != TREE_STRING)
            return NULL;
        text = tree_string(item, &length);
        if (!portable_is_name(text) || portable_has(list, text))
            return NULL;
        list = apr_pstrcat(pool, list, *list ? "," : "", text, NULL);
    }
    return list;
}

/* 0: it is no file of a table. */
static int read_file(manifest_file_t *file, const tree_t *value, apr_pool_t *pool)
{
    const char *name;

    if (tree_type(value) != TREE_OBJECT)
        return 0;
    name = read_text(value, "name");
    *file = (manifest_file_t){
        .table = read_text(value, "table"),
        .columns = read_names(value, "columns", pool),
        .rows = read_number(value, "rows"),
        .bytes = read_number(value, "bytes"),
        .sha256 = read_text(value, "sha256"),
    };
    return name && file->table && portable_is_name(file->table) && file->columns && *file->columns &&
           file->rows >= 0 && file->bytes >= 0 && file->sha256 && strlen(file->sha256) == SHA256_DIGITS &&
           strcmp(name, apr_pstrcat(pool, file->table, MANIFEST_END, NULL)) == 0;
}

static const char *read_files(manifest_t *manifest, const tree_t *list, apr_pool_t *pool)
{
    if (tree_type(list) != TREE_ARRAY)
        return "has no files";
    for (apr_size_t n = 0; n < tree_count(list); n++) {
        manifest_file_t file;

        if (!read_file(&file, tree_item(list, n), pool))
            return apr_psprintf(pool, "has a wrong file %d", (int)n + 1);
        if (manifest_find(manifest, file.table))
            return apr_psprintf(pool, "has the table %s twice", file.table);
        APR_ARRAY_PUSH(manifest->files, manifest_file_t) = file;
    }
    return NULL;
}

const char *manifest_read(manifest_t *manifest, const char *text, apr_size_t length, apr_pool_t *pool)
{
    scan_error_t error;
    const tree_t *root, *passwords;
    const tree_t *tenant;

    memset(manifest, 0, sizeof *manifest);
    manifest->files = apr_array_make(pool, 16, sizeof(manifest_file_t));
    if (scan_text(text, length, &scan_limits_default, &error, pool))
        return apr_psprintf(pool, "is no JSON that can be read: %s", error.detail);
    if (!tree_parse(&root, text, length, pool) || tree_type(root) != TREE_OBJECT)
        return "is no JSON object";
    if (read_number(root, "format") != MANIFEST_FORMAT)
        return "is of a format that this tenantctl does not know: it knows format 1";
    tenant = tree_member(root, "tenant");
    passwords = tree_member(root, "with_passwords");
    manifest->schema = read_text(root, "schema");
    manifest->exported_at = read_text(root, "exported_at");
    if (!manifest->schema || !manifest->exported_at || tree_type(tenant) != TREE_OBJECT ||
        tree_type(passwords) != TREE_BOOLEAN)
        return "lacks schema, exported_at, tenant or with_passwords";
    manifest->with_passwords = tree_boolean(passwords);
    manifest->tenant_id = apr_psprintf(pool, "%" PRId64, read_number(tenant, "id"));
    manifest->tenant_name = read_text(tenant, "name");
    return read_files(manifest, tree_member(root, "files"), pool);
}

const manifest_file_t *manifest_find(const manifest_t *manifest, const char *table)
{
    for (int n = 0; n < manifest->files->nelts; n++) {
        if (strcmp(APR_ARRAY_IDX(manifest->files, n, manifest_file_t).table, table) == 0)
            return &APR_ARRAY_IDX(manifest->files, n, manifest_file_t);
    }
    return NULL;
}
