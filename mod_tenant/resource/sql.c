/* SPDX-License-Identifier: Apache-2.0 */
#include "sql.h"

#include <apr_strings.h>
#include <stddef.h>
#include <string.h>

#include "../secret/digest.h"
#include "resources.h"
#include "sql_create.h"
#include "sql_list.h"
#include "sql_text.h"

/* One per entry of resources[]; made once per configuration and never changed. */
static resource_sql_t *statements;

/* The predicate that picks one row within its tenant. */
static const char *is_row(const field_t *field, apr_pool_t *pool)
{
    return apr_pstrcat(pool, " AND ", field_column(field), " = ", sql_field(field, "row", pool), NULL);
}

/* The predicate of the versions that an UPDATE or DELETE takes. ON CONFLICT has `excluded` as well, so the
 * column is named with its table. */
static const char *is_version(const resource_t *resource, apr_pool_t *pool)
{
    return apr_psprintf(pool,
                        " AND coalesce(%s.row_version = ANY (%%s{if_match}::bigint[]), true)"
                        " AND coalesce(%s.row_version <> ALL (%%s{if_none_match}::bigint[]), true)",
                        resource_table(resource), resource_table(resource));
}

/* Behind the other predicates of a change that the audit tells of. */
static const char *is_told(const resource_t *resource, int is_removal)
{
    return is_removal || resource->is_audited ? " AND " SQL_ORIGIN : "";
}

/* The SET list of an update: one fixed shape, whichever fields are given, but for a password. */
static const char *assignments(const resource_t *resource, int with_password, apr_pool_t *pool)
{
    sql_text_t sql = {"", pool};

    for (const field_t *field = resource->fields; field->name; field++) {
        const char *column = field_column(field);
        const char *comma = *sql.text ? ", " : "";

        if (field->on_update)
            sql_add(&sql, "%s%s = %s", comma, column, field->on_update);
        else if (field->type == FIELD_PASSWORD && with_password)
            sql_add(&sql, "%s%s = %s", comma, column, sql_stored(field, pool));
        else if (field->type != FIELD_PASSWORD && field_is_updatable(field))
            sql_add(&sql, "%s%s = CASE WHEN %%s{has.%s}::bool THEN %s ELSE %s.%s END", comma, column,
                    field->name, sql_stored(field, pool), resource_table(resource), column);
    }
    return sql.text;
}

/* Of a single resource by is NULL: its row is the tenant's only one. */
static const char *read_sql(const resource_t *resource, const field_t *by, apr_pool_t *pool)
{
    return sql_select(resource, sql_row_columns(resource, pool), by ? is_row(by, pool) : "", NULL, pool);
}

static void define(named_t *named, const resource_t *resource, const char *verb, const char *text,
                   apr_pool_t *pool)
{
    statement_t *statement = &named->statement;

    named_make(named, resource, text, pool);
    statement->label = apr_pstrcat(pool, resource->name, "_", verb, NULL);
    statement->conflicts = resource->conflicts;
    statement->shape = sql_row_shape(resource, pool);
}

/* The statements of a read of the row that an id names, or the tenant's only one. */
static void build_read(resource_sql_t *sql, const resource_t *resource, const field_t *id, apr_pool_t *pool)
{
    define(&sql->read, resource, "read", read_sql(resource, id, pool), pool);
    if (resource->spans_tenants || (id && id->type != FIELD_INTEGER))
        return;
    define(&sql->read_many, resource, "read_many",
           sql_select_many(resource, sql_row_columns(resource, pool), id, pool), pool);
    sql->read_many.statement.shape = apr_pstrcat(pool, sql->read.statement.shape, "I", NULL);
    sql->read.statement.many = &sql->read_many.statement;
}

static const char *update_sql(const resource_t *resource, int with_password, const field_t *by,
                              apr_pool_t *pool)
{
    return apr_pstrcat(pool, "UPDATE ", resource_table(resource), " SET ",
                       assignments(resource, with_password, pool), sql_where_tenant(resource, pool),
                       by ? is_row(by, pool) : "", is_version(resource, pool), is_told(resource, 0),
                       " RETURNING ", sql_row_columns(resource, pool), NULL);
}

static const char *upsert_sql(const resource_t *resource, int with_password, apr_pool_t *pool)
{
    const char *tenant_column = resource_tenant_column(resource);
    sql_text_t names = {tenant_column, pool};
    sql_text_t values = {
        resource->is_audited ? "CASE WHEN " SQL_ORIGIN " THEN %d{tenant}::int END" : "%d{tenant}::int", pool};

    for (const field_t *field = resource->fields; field->name; field++) {
        if (!field_is_updatable(field))
            continue;
        sql_add(&names, ", %s", field_column(field));
        sql_add(&values, ", %s", sql_stored(field, pool));
    }
    return apr_pstrcat(pool, "INSERT INTO ", resource_table(resource), " (", names.text, ") VALUES (",
                       values.text, ") ON CONFLICT (", tenant_column, ") DO UPDATE SET ",
                       assignments(resource, with_password, pool), " WHERE ", resource_table(resource), ".",
                       tenant_column, " = excluded.", tenant_column, is_version(resource, pool),
                       " RETURNING ", sql_row_columns(resource, pool), NULL);
}

static const char *remove_sql(const resource_t *resource, const field_t *by, apr_pool_t *pool)
{
    return apr_pstrcat(pool, "DELETE FROM ", resource_table(resource), sql_where_tenant(resource, pool),
                       is_row(by, pool), is_version(resource, pool), resource->removable ? " AND " : "",
                       resource->removable ? resource->removable : "", is_told(resource, 1), " RETURNING 1",
                       NULL);
}

static int has_password(const resource_t *resource)
{
    for (const field_t *field = resource->fields; field->name; field++) {
        if (field->type == FIELD_PASSWORD)
            return 1;
    }
    return 0;
}

/* The statements of an update of the row that `by` names (update_sql()). */
static void build_updates(named_t updates[2], const resource_t *resource, const char *verb, const field_t *by,
                          apr_pool_t *pool)
{
    define(&updates[0], resource, verb, update_sql(resource, 0, by, pool), pool);
    if (has_password(resource))
        define(&updates[1], resource, apr_pstrcat(pool, verb, "_password", NULL),
               update_sql(resource, 1, by, pool), pool);
}

/* A resource of one row for each tenant. */
static void build_single(resource_sql_t *sql, const resource_t *resource, apr_pool_t *pool)
{
    build_read(sql, resource, NULL, pool);
    if (!(resource->operations & RESOURCE_UPDATE))
        return;
    build_updates(sql->update, resource, "update", NULL, pool);
    if (!resource->is_profile) {
        define(&sql->upsert[0], resource, "upsert", upsert_sql(resource, 0, pool), pool);
        if (has_password(resource))
            define(&sql->upsert[1], resource, "upsert_password", upsert_sql(resource, 1, pool), pool);
    }
}

/* What a unique constraint means to a create with an Idempotency-Key. */
static const conflict_t *conflicts_once(const resource_t *resource, apr_pool_t *pool)
{
    static const conflict_t twin = {"idempotency_keys_pkey", &problem_idempotency_in_progress};
    conflict_t *conflicts;
    int count = 0;

    while (resource->conflicts && resource->conflicts[count].constraint)
        count++;
    conflicts = apr_pcalloc(pool, (apr_size_t)(count + 2) * sizeof *conflicts);
    if (count > 0)
        memcpy(conflicts, resource->conflicts, (apr_size_t)count * sizeof *conflicts);
    conflicts[count] = twin;
    return conflicts;
}

static void build_once(resource_sql_t *sql, const resource_t *resource, apr_pool_t *pool)
{
    define(&sql->create_once, resource, "create_once", sql_create_once(resource, pool), pool);
    sql->create_once.statement.conflicts = conflicts_once(resource, pool);
    define(&sql->created, resource, "created", sql_created(resource, pool), pool);
    /* the version, which an answer of the former release lacks, and the fingerprint */
    sql->create_once.statement.shape = sql->created.statement.shape =
        apr_pstrcat(pool, sql_shape(resource, pool), "ss", NULL);
}

/* The statements that change a row by its id or, in the other members, by its key. */
static void build_changes(resource_sql_t *sql, const resource_t *resource, apr_pool_t *pool)
{
    const field_t *id = resource->fields;
    const field_t *key = resource_key(resource);

    if (resource->operations & RESOURCE_UPDATE) {
        build_updates(sql->update, resource, "update", id, pool);
        if (key)
            build_updates(sql->update_by_key, resource, "update_by_key", key, pool);
    }
    if (!(resource->operations & RESOURCE_DELETE))
        return;
    define(&sql->remove, resource, "remove", remove_sql(resource, id, pool), pool);
    sql->remove.statement.shape = "I";
    if (!key)
        return;
    define(&sql->remove_by_key, resource, "remove_by_key", remove_sql(resource, key, pool), pool);
    sql->remove_by_key.statement.shape = "I";
}

static void build_collection(resource_sql_t *sql, const resource_t *resource, apr_pool_t *pool)
{
    const field_t *key = resource_key(resource);

    if (resource->operations & RESOURCE_READ)
        build_read(sql, resource, resource->fields, pool);
    if ((resource->operations & RESOURCE_READ) && key)
        define(&sql->read_by_key, resource, "read_by_key", read_sql(resource, key, pool), pool);
    if (resource->operations & RESOURCE_CREATE) {
        define(&sql->create, resource, "create", sql_create(resource, pool), pool);
        if (!resource->spans_tenants)
            build_once(sql, resource, pool);
    }
    build_changes(sql, resource, pool);
}

/* What an answer's members and columns are taken for (sql.h). */
static void describe_answer(resource_sql_t *sql, const resource_t *resource, apr_pool_t *pool)
{
    static const digest_key_t public_key; /* nothing here is secret */
    sql_text_t members = {"", pool};

    for (const field_t *field = resource->fields; field->name; field++) {
        if (field_is_readable(field))
            sql_add(&members, "%s %d ", field->name, (int)field->type);
        sql->version_column += field_is_selected(field);
    }
    sql->shape = digest_make(&public_key, members.text, strlen(members.text)).words[0];
}

void sql_build(apr_pool_t *pool)
{
    statements = apr_pcalloc(pool, (apr_size_t)resource_count() * sizeof *statements);
    for (const resource_t *resource = resources; resource->name; resource++) {
        resource_sql_t *sql = &statements[resource_index(resource)];

        if (resource->is_single)
            build_single(sql, resource, pool);
        else
            build_collection(sql, resource, pool);
        describe_answer(sql, resource, pool);
    }
    sql_list_build(pool);
}

const resource_sql_t *sql_of(const resource_t *resource)
{
    return &statements[resource_index(resource)];
}

void sql_each(sql_visit_fn *visit)
{
    static const size_t offsets[] = {
        offsetof(resource_sql_t, read),
        offsetof(resource_sql_t, read_many),
        offsetof(resource_sql_t, read_by_key),
        offsetof(resource_sql_t, create),
        offsetof(resource_sql_t, create_once),
        offsetof(resource_sql_t, created),
        offsetof(resource_sql_t, update[0]),
        offsetof(resource_sql_t, update[1]),
        offsetof(resource_sql_t, update_by_key[0]),
        offsetof(resource_sql_t, update_by_key[1]),
        offsetof(resource_sql_t, upsert[0]),
        offsetof(resource_sql_t, upsert[1]),
        offsetof(resource_sql_t, remove),
        offsetof(resource_sql_t, remove_by_key),
    };

    for (const resource_t *resource = resources; resource->name; resource++) {
        for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
            const named_t *named =
                (const named_t *)(const void *)((const char *)sql_of(resource) + offsets[i]);

            if (named->statement.sql)
                visit(resource, named);
        }
    }
}
