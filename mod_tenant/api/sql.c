/* SPDX-License-Identifier: Apache-2.0 */
#include "sql.h"

#include <apr_strings.h>
#include <stdarg.h>
#include <stddef.h>

/* One per entry of resources[]; made once per configuration and never changed. */
static resource_sql_t *statements;

/* The scope of a statement that sets the tenant's context itself. */
#define CONTEXT "(SELECT set_config('mod_tenant.tenant_id', %s, true)::int AS id OFFSET 0) t"

/* Rows without created_at sort as the oldest; an expression, so that one index serves order and cursor. Not
 * coalesce(): the planner does not know it to be leakproof, and under row-level security would keep the
 * cursor out of the index. */
#define CREATED "CASE WHEN created_at IS NULL THEN '-infinity'::timestamptz ELSE created_at END"

/* A text that grows in a pool. */
typedef struct text_t {
    const char *text;
    apr_pool_t *pool;
} text_t;

static void add(text_t *sql, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(text_t *sql, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    sql->text = apr_pstrcat(sql->pool, sql->text, apr_pvsprintf(sql->pool, format, args), NULL);
    va_end(args);
}

/* The placeholder of a field's value, as its column's type. */
static const char *placeholder(const field_t *field)
{
    static const char *const casts[] = {
        [FIELD_INTEGER] = "%s::int",      [FIELD_TEXT] = "%s",     [FIELD_BOOLEAN] = "%s::bool",
        [FIELD_TIME] = "%s::timestamptz", [FIELD_PASSWORD] = "%s", [FIELD_SECRET] = "%s",
    };

    return casts[field->type];
}

/* What is stored for a value that was given. */
static const char *stored(const field_t *field, apr_pool_t *pool)
{
    if (field->fallback)
        return apr_psprintf(pool, "coalesce(%s, %s)", placeholder(field), field->fallback);
    return placeholder(field);
}

/* The columns of an answer, in the order of the fields. varchar goes out as text: else a widened column would
 * break every prepared statement. */
static const char *columns(const resource_t *resource, apr_pool_t *pool)
{
    text_t sql = {"", pool};

    for (const field_t *field = resource->fields; field->name; field++) {
        if (!field_is_readable(field))
            continue;
        add(&sql, "%s%s", *sql.text ? ", " : "", field_column(field));
        if (field->type == FIELD_TEXT)
            add(&sql, "::text");
        if (field->type == FIELD_TEXT || field->column)
            add(&sql, " AS %s", field->name);
    }
    return sql.text;
}

/* The predicate that picks one row within its tenant. */
static const char *is_row(const field_t *field, apr_pool_t *pool)
{
    return apr_pstrcat(pool, " AND ", field_column(field), " = ", placeholder(field), NULL);
}

/* SELECT in its own context; of the administrator's resources, in none. inner is what follows the tenant's
 * predicate, its OFFSET included. */
static const char *select_sql(const resource_t *resource, const char *inner, apr_pool_t *pool)
{
    const char *table = resource_table(resource);

    if (resource->is_admin)
        return apr_pstrcat(pool, "SELECT ", columns(resource, pool), " FROM ", table, " WHERE true", inner,
                           NULL);
    return apr_pstrcat(pool, "SELECT r.* FROM " CONTEXT ", LATERAL (SELECT ", columns(resource, pool),
                       " FROM ", table, " WHERE ", resource_tenant_column(resource), " = t.id", inner, ") r",
                       NULL);
}

/* The tenant's predicate of an UPDATE or DELETE. */
static const char *where_tenant(const resource_t *resource, apr_pool_t *pool)
{
    return resource->is_admin
               ? " WHERE true"
               : apr_pstrcat(pool, " WHERE ", resource_tenant_column(resource), " = %s::int", NULL);
}

static const char *list_sql(const resource_t *resource, const page_t *page, apr_pool_t *pool)
{
    const char *order = resource->order == ORDER_ID ? "id DESC" : CREATED " DESC, id DESC";
    const char *seek =
        resource->order == ORDER_ID ? " AND id < %s::int" : " AND (" CREATED ", id) < (%s::timestamptz, %s)";
    text_t inner = {"", pool};

    for (int i = 0; i < page->filter_count; i++) {
        const field_t *field = page->filters[i].field;

        add(&inner, field->flags & FIELD_IGNORE_CASE ? " AND lower(%s) = lower(%s)" : " AND %s = %s",
            field_column(field), placeholder(field));
    }
    if (page->is_after)
        add(&inner, "%s", seek);
    add(&inner, " ORDER BY %s LIMIT %%s::int OFFSET 0", order);
    return select_sql(resource, inner.text, pool);
}

static const char *create_sql(const resource_t *resource, apr_pool_t *pool)
{
    text_t names = {resource->is_admin ? "id, api_key_hash" : resource_tenant_column(resource), pool};
    text_t values = {resource->is_admin ? "%s::int, %s" : "t.id", pool};

    for (const field_t *field = resource->fields; field->name; field++) {
        if (!field_is_creatable(field) && !field->fallback)
            continue;
        add(&names, ", %s", field_column(field));
        add(&values, ", %s", field_is_creatable(field) ? stored(field, pool) : field->fallback);
    }
    return apr_pstrcat(pool, "INSERT INTO ", resource_table(resource), " (", names.text, ") SELECT ",
                       values.text, resource->is_admin ? "" : " FROM " CONTEXT, " RETURNING ",
                       columns(resource, pool), NULL);
}

/* The SET list of an update: one fixed shape, whichever fields are given, but for a password. */
static const char *assignments(const resource_t *resource, int with_password, apr_pool_t *pool)
{
    text_t sql = {"", pool};

    for (const field_t *field = resource->fields; field->name; field++) {
        const char *column = field_column(field);
        const char *comma = *sql.text ? ", " : "";

        if (field->on_update)
            add(&sql, "%s%s = %s", comma, column, field->on_update);
        else if (field->type == FIELD_PASSWORD && with_password)
            add(&sql, "%s%s = %s", comma, column, stored(field, pool));
        else if (field->type != FIELD_PASSWORD && field_is_updatable(field))
            add(&sql, "%s%s = CASE WHEN %%s::bool THEN %s ELSE %s.%s END", comma, column, stored(field, pool),
                resource_table(resource), column);
    }
    return sql.text;
}

/* Of a profile, by is NULL: the tenant's id is the row's. */
static const char *update_sql(const resource_t *resource, int with_password, const field_t *by,
                              apr_pool_t *pool)
{
    return apr_pstrcat(pool, "UPDATE ", resource_table(resource), " SET ",
                       assignments(resource, with_password, pool), where_tenant(resource, pool),
                       by ? is_row(by, pool) : "", " RETURNING ", columns(resource, pool), NULL);
}

static const char *upsert_sql(const resource_t *resource, int with_password, apr_pool_t *pool)
{
    const char *tenant_column = resource_tenant_column(resource);
    text_t names = {tenant_column, pool};
    text_t values = {"%s::int", pool};

    for (const field_t *field = resource->fields; field->name; field++) {
        if (!field_is_updatable(field))
            continue;
        add(&names, ", %s", field_column(field));
        add(&values, ", %s", stored(field, pool));
    }
    return apr_pstrcat(pool, "INSERT INTO ", resource_table(resource), " (", names.text, ") VALUES (",
                       values.text, ") ON CONFLICT (", tenant_column, ") DO UPDATE SET ",
                       assignments(resource, with_password, pool), " WHERE ", resource_table(resource), ".",
                       tenant_column, " = excluded.", tenant_column, " RETURNING ", columns(resource, pool),
                       NULL);
}

static const char *remove_sql(const resource_t *resource, const field_t *by, apr_pool_t *pool)
{
    return apr_pstrcat(pool, "DELETE FROM ", resource_table(resource), where_tenant(resource, pool),
                       is_row(by, pool), resource->removable ? " AND " : "",
                       resource->removable ? resource->removable : "", " RETURNING 1", NULL);
}

static void define(statement_t *statement, const resource_t *resource, const char *verb, const char *sql,
                   apr_pool_t *pool)
{
    statement->label = apr_pstrcat(pool, resource->name, "_", verb, NULL);
    statement->sql = sql;
    statement->conflicts = resource->conflicts;
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
static void build_updates(statement_t updates[2], const resource_t *resource, const char *verb,
                          const field_t *by, apr_pool_t *pool)
{
    define(&updates[0], resource, verb, update_sql(resource, 0, by, pool), pool);
    if (has_password(resource))
        define(&updates[1], resource, apr_pstrcat(pool, verb, "_password", NULL),
               update_sql(resource, 1, by, pool), pool);
}

/* A resource of one row for each tenant. */
static void build_single(resource_sql_t *sql, const resource_t *resource, apr_pool_t *pool)
{
    define(&sql->read, resource, "read", select_sql(resource, " OFFSET 0", pool), pool);
    if (resource->is_profile) {
        build_updates(sql->update, resource, "update", NULL, pool);
    } else if (resource->operations & RESOURCE_UPDATE) {
        define(&sql->upsert[0], resource, "upsert", upsert_sql(resource, 0, pool), pool);
        if (has_password(resource))
            define(&sql->upsert[1], resource, "upsert_password", upsert_sql(resource, 1, pool), pool);
    }
}

static void build_collection(resource_sql_t *sql, const resource_t *resource, apr_pool_t *pool)
{
    const field_t *id = resource->fields;
    const field_t *key = resource_key(resource);

    define(&sql->read, resource, "read",
           select_sql(resource, apr_pstrcat(pool, is_row(id, pool), " OFFSET 0", NULL), pool), pool);
    define(&sql->list, resource, "list", list_sql(resource, &(page_t){.is_after = 0}, pool), pool);
    define(&sql->list_after, resource, "list_after", list_sql(resource, &(page_t){.is_after = 1}, pool),
           pool);
    define(&sql->create, resource, "create", create_sql(resource, pool), pool);
    build_updates(sql->update, resource, "update", id, pool);
    define(&sql->remove, resource, "remove", remove_sql(resource, id, pool), pool);
    if (!key)
        return;
    define(&sql->read_by_key, resource, "read_by_key",
           select_sql(resource, apr_pstrcat(pool, is_row(key, pool), " OFFSET 0", NULL), pool), pool);
    build_updates(sql->update_by_key, resource, "update_by_key", key, pool);
    define(&sql->remove_by_key, resource, "remove_by_key", remove_sql(resource, key, pool), pool);
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
    }
}

const resource_sql_t *sql_of(const resource_t *resource)
{
    return &statements[resource_index(resource)];
}

void sql_list(statement_t *statement, const resource_t *resource, const page_t *page, apr_pool_t *pool)
{
    const resource_sql_t *sql = sql_of(resource);

    if (page->filter_count == 0) {
        *statement = page->is_after ? sql->list_after : sql->list;
        return;
    }
    *statement = (statement_t){.sql = list_sql(resource, page, pool)};
    if (page->filter_count == 1) /* combinations are too many to keep prepared */
        statement->label = apr_pstrcat(pool, page->is_after ? sql->list_after.label : sql->list.label, "_",
                                       page->filters[0].field->name, NULL);
}

void sql_each(sql_visit_fn *visit)
{
    static const size_t offsets[] = {
        offsetof(resource_sql_t, read),
        offsetof(resource_sql_t, read_by_key),
        offsetof(resource_sql_t, list),
        offsetof(resource_sql_t, list_after),
        offsetof(resource_sql_t, create),
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
            const statement_t *statement =
                (const statement_t *)(const void *)((const char *)sql_of(resource) + offsets[i]);

            if (statement->sql)
                visit(resource, statement);
        }
    }
}
