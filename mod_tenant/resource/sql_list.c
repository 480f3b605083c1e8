/* SPDX-License-Identifier: Apache-2.0 */
#include "sql_list.h"

#include <apr_strings.h>
#include <string.h>

#include "resources.h"
#include "sql_text.h"

/* Rows without created_at sort as the oldest; an expression, so that one index serves order and cursor. Not
 * coalesce(): the planner does not know it to be leakproof, and under row-level security would keep the
 * cursor out of the index. */
#define CREATED "CASE WHEN created_at IS NULL THEN '-infinity'::timestamptz ELSE created_at END"

/* PostgreSQL cuts the name of a prepared statement there (NAMEDATALEN). */
enum { LABEL_MAX = 63 };

/* A count is one row of this shape. */
#define COUNT_SHAPE "I"

/* The statements of one resource by filter, and those of its pages by order, direction and cursor as well. */
enum { ORDERS = 3, PAGE_SHAPES = ORDERS * 2 * 2 };

typedef struct shape_t {
    named_t pages[PAGE_SHAPES];
    named_t count;
} shape_t;

/* For each resource its shapes: without a filter, then for each field and test; made once per configuration
 * and never changed. */
static shape_t **shapes;

static const char *const test_names[FILTER_TESTS] = {
    [FILTER_EQUAL] = "_eq_",          [FILTER_GREATER] = "_gt_",     [FILTER_GREATER_EQUAL] = "_gte_",
    [FILTER_LESS] = "_lt_",           [FILTER_LESS_EQUAL] = "_lte_", [FILTER_NULL] = "_null_",
    [FILTER_NOT_NULL] = "_not_null_",
};

/* --- Text ----------------------------------------------------------------------------------------------- */

/* What a field is filtered by and sorted by. */
static const char *expression(const resource_t *resource, const field_t *field)
{
    return page_has_oldest(resource, field) ? CREATED : field_column(field);
}

/* Whether rows are read from the lowest to the highest. */
static int is_upward(const page_t *page)
{
    return page->is_ascending != (page->seek == PAGE_BEFORE);
}

/* A condition that a filter comes down to. */
typedef struct term_t {
    const field_t *field;
    filter_test_t test;
    int is_oldest; /* it compares with PAGE_OLDEST, and takes no value */
    int filter;    /* the number of the filter whose value it takes */
} term_t;

typedef struct terms_t {
    term_t list[2 * PAGE_FILTERS_MAX];
    int count;
} terms_t;

/* Whether a cursor implies the condition: a bound on the side that the rows are read away from. PostgreSQL
 * would start at the bound, and walk from there to the cursor. */
static int is_implied(const page_t *page, const term_t *term)
{
    int is_lower = term->test == FILTER_GREATER || term->test == FILTER_GREATER_EQUAL;
    int is_upper = term->test == FILTER_LESS || term->test == FILTER_LESS_EQUAL;

    return page->seek != PAGE_FIRST && term->field == page->order && (is_upward(page) ? is_lower : is_upper);
}

static void add_term(terms_t *terms, const page_t *page, term_t term)
{
    if (!is_implied(page, &term))
        terms->list[terms->count++] = term;
}

/* Adds the conditions of a filter. One for a time of creation is a range from that to itself: the planner
 * takes
 * `=` for an order by what follows in any index, and may think another one the better one by what it knows of
 * created_at, which may be the same in all rows of a bulk load. */
static void add_terms(terms_t *terms, const page_t *page, int n)
{
    const filter_t *filter = &page->filters[n];
    const field_t *field = filter->field;
    int has_null = !page_has_oldest(page->resource, field);
    int is_less = filter->test == FILTER_LESS || filter->test == FILTER_LESS_EQUAL;

    if (filter->test == FILTER_EQUAL && field == page_created(page->resource)) {
        add_term(terms, page, (term_t){field, FILTER_GREATER_EQUAL, 0, n});
        add_term(terms, page, (term_t){field, FILTER_LESS_EQUAL, 0, n});
    } else if (filter->test == FILTER_NULL && !has_null) {
        add_term(terms, page, (term_t){field, FILTER_LESS_EQUAL, 1, n});
    } else if (filter->test != FILTER_NOT_NULL || has_null) {
        add_term(terms, page, (term_t){field, filter->test, 0, n});
    }
    if (!has_null && (is_less || filter->test == FILTER_NOT_NULL))
        add_term(terms, page, (term_t){field, FILTER_GREATER, 1, n});
}

static void split_filters(terms_t *terms, const page_t *page)
{
    terms->count = 0;
    for (int i = 0; i < page->filter_count; i++)
        add_terms(terms, page, i);
}

/* The placeholder of the value that a condition takes, or nothing. */
static const char *term_value(const term_t *term, apr_pool_t *pool)
{
    if (term->is_oldest || !filter_takes_value(term->test))
        return "";
    return sql_placeholder(term->field, apr_psprintf(pool, "filter.%d", term->filter), pool);
}

static void add_condition(sql_text_t *sql, const resource_t *resource, const term_t *term)
{
    static const char *const operators[FILTER_TESTS] = {
        [FILTER_EQUAL] = " = ",
        [FILTER_GREATER] = " > ",
        [FILTER_GREATER_EQUAL] = " >= ",
        [FILTER_LESS] = " < ",
        [FILTER_LESS_EQUAL] = " <= ",
        [FILTER_NULL] = " IS NULL",
        [FILTER_NOT_NULL] = " IS NOT NULL",
    };
    const char *value = term_value(term, sql->pool);

    if (term->field->lookup)
        /* a scalar subselect: PostgreSQL knows that what it gives leaks nothing */
        sql_add(sql, " AND %s = (SELECT %s(tenant_context(), %s))", field_column(resource->fields),
                term->field->lookup, value);
    else
        sql_add(sql, " AND %s%s%s", expression(resource, term->field), operators[term->test],
                term->is_oldest ? "'" PAGE_OLDEST "'" : value);
}

static void add_filters(sql_text_t *sql, const page_t *page)
{
    terms_t terms;

    split_filters(&terms, page);
    for (int i = 0; i < terms.count; i++)
        add_condition(sql, page->resource, &terms.list[i]);
}

static void add_seek(sql_text_t *sql, const page_t *page)
{
    const field_t *id = page->resource->fields;
    const char *operator= is_upward(page) ? ">" : "<";

    if (page->seek == PAGE_FIRST)
        return;
    if (page->order == id)
        sql_add(sql, " AND %s %s %s", field_column(id), operator, sql_field(id, "order", sql->pool));
    else
        sql_add(sql, " AND (%s, %s) %s (%s, %s)", expression(page->resource, page->order),
                field_column(id), operator, sql_field(page->order, "order", sql->pool),
                sql_field(id, "order", sql->pool));
}

/* The field of a filter for NULL whose index serves the list; NULL: another one does. The planner does not
 * take IS NULL for one value, by which rows could be in the order of what follows in the index: the order has
 * to name the field. */
static const field_t *null_field(const page_t *page)
{
    const field_t *field = NULL;

    for (int i = 0; i < page->filter_count; i++) {
        const filter_t *filter = &page->filters[i];

        if (filter->test != FILTER_NULL || filter->field == page_created(page->resource))
            return NULL;
        if (!field)
            field = filter->field;
    }
    return field;
}

static void add_order(sql_text_t *sql, const page_t *page)
{
    const char *direction = is_upward(page) ? "" : " DESC";
    const field_t *null = null_field(page);

    for (int i = 0; i < page->filter_count; i++) {
        if (filter_is_unique(&page->filters[i]))
            return; /* one row needs no order, and no sort */
    }
    sql_add(sql, " ORDER BY ");
    if (null)
        sql_add(sql, "%s%s, ", field_column(null), direction);
    if (page->order != page->resource->fields)
        sql_add(sql, "%s%s, ", expression(page->resource, page->order), direction);
    /* the column, and not what is shown of it, which has its name and may be of another type */
    sql_add(sql, "%s.%s%s", resource_table(page->resource), field_column(page->resource->fields), direction);
}

static const char *list_text(const page_t *page, apr_pool_t *pool)
{
    sql_text_t inner = {"", pool};

    add_filters(&inner, page);
    add_seek(&inner, page);
    add_order(&inner, page);
    return sql_select(page->resource, sql_columns(page->resource, pool), inner.text, "%d{limit}::int", pool);
}

static const char *count_text(const page_t *page, apr_pool_t *pool)
{
    sql_text_t inner = {"", pool};

    add_filters(&inner, page);
    return sql_select(page->resource, "count(*)", inner.text, NULL, pool);
}

/* --- Statements made at start --------------------------------------------------------------------------- */

/* The shapes' number of a page; -1: it has more than one filter. */
static int shape_of(const page_t *page)
{
    if (page->filter_count == 0)
        return 0;
    if (page->filter_count > 1)
        return -1;
    return 1 + (int)(page->filters[0].field - page->resource->fields) * FILTER_TESTS +
           (int)page->filters[0].test;
}

/* A page's number among those of its shape. */
static int page_shape(const page_t *page)
{
    int order = page->order == page->resource->fields ? 0 : page_is_by_created(page) ? 1 : 2;

    return (order * 2 + is_upward(page)) * 2 + (page->seek != PAGE_FIRST);
}

static void keep(named_t *named, const page_t *page, const char *label, const char *text, apr_pool_t *pool)
{
    named_make(named, page->resource, text, pool);
    named->statement.label = strlen(label) <= LABEL_MAX ? apr_pstrdup(pool, label) : NULL;
}

/* The part of a label that names the filter. */
static const char *filter_label(const page_t *page, apr_pool_t *pool)
{
    if (page->filter_count == 0)
        return "";
    return apr_pstrcat(pool, test_names[page->filters[0].test], page->filters[0].field->name, NULL);
}

/* What builds the statements of a resource. */
typedef struct builder_t {
    shape_t *shapes;
    apr_pool_t *pool;
    apr_pool_t *temporary;
} builder_t;

static void build_page(const page_t *page, void *context)
{
    const builder_t *builder = context;
    shape_t *shape = &builder->shapes[shape_of(page)];
    named_t *rows = &shape->pages[page_shape(page)];
    apr_pool_t *temporary = builder->temporary;
    const char *label = apr_pstrcat(temporary, page->resource->name, "_list", filter_label(page, temporary),
                                    "_by_", page->order->name, is_upward(page) ? "_up" : "_down",
                                    page->seek == PAGE_FIRST ? "" : "_on", NULL);

    keep(rows, page, label, list_text(page, temporary), builder->pool);
    rows->statement.is_binary = 1;
    rows->statement.shape = sql_shape(page->resource, builder->pool);
    if (shape->count.statement.sql) /* the first page is one without a cursor */
        return;
    keep(&shape->count, page,
         apr_pstrcat(temporary, page->resource->name, "_count", filter_label(page, temporary), NULL),
         count_text(page, temporary), builder->pool);
    shape->count.statement.shape = COUNT_SHAPE;
}

static shape_t *build_shapes(const resource_t *resource, apr_pool_t *pool)
{
    builder_t builder = {.pool = pool};
    int fields = resource_field_count(resource);

    if (!(resource->operations & RESOURCE_LIST))
        return NULL;
    builder.shapes = apr_pcalloc(pool, (apr_size_t)(1 + fields * FILTER_TESTS) * sizeof *builder.shapes);
    apr_pool_create(&builder.temporary, pool);
    sql_list_pages(resource, build_page, &builder);
    apr_pool_destroy(builder.temporary);
    return builder.shapes;
}

void sql_list_build(apr_pool_t *pool)
{
    shapes = apr_pcalloc(pool, (apr_size_t)resource_count() * sizeof *shapes);
    for (const resource_t *resource = resources; resource->name; resource++)
        shapes[resource_index(resource)] = build_shapes(resource, pool);
}

/* Visits the pages of a list with these filters. */
static void visit_pages(page_t *page, sql_page_fn *visit, void *context)
{
    const field_t *order;

    for (int n = 0; (order = page_possible_order(page, n)); n++) {
        page->order = order;
        if (order == page->resource->fields && page_is_of_one_time(page))
            continue;
        for (page->is_ascending = 0; page->is_ascending <= 1; page->is_ascending++) {
            for (page->seek = PAGE_FIRST; page->seek <= PAGE_AFTER; page->seek++)
                visit(page, context);
        }
    }
}

void sql_list_pages(const resource_t *resource, sql_page_fn *visit, void *context)
{
    page_t page;

    page_start(&page, resource);
    visit_pages(&page, visit, context);
    page.filter_count = 1;
    for (const field_t *field = resource->fields; field->name; field++) {
        for (int test = 0; test < FILTER_TESTS; test++) {
            page.filters[0] = (filter_t){.field = field, .test = (filter_test_t)test};
            if (filter_tests(field) >> test & 1)
                visit_pages(&page, visit, context);
        }
    }
}

/* --- Statements of a request ---------------------------------------------------------------------------- */

void sql_list(named_t *named, const page_t *page, apr_pool_t *pool)
{
    int shape = shape_of(page);

    if (shape >= 0) {
        *named = shapes[resource_index(page->resource)][shape].pages[page_shape(page)];
        return;
    }
    *named = (named_t){.statement = {.shape = sql_shape(page->resource, pool), .is_binary = 1}};
    named_make(named, page->resource, list_text(page, pool), pool);
}

void sql_count(named_t *named, const page_t *page, apr_pool_t *pool)
{
    int shape = shape_of(page);

    if (shape >= 0) {
        *named = shapes[resource_index(page->resource)][shape].count;
        return;
    }
    *named = (named_t){.statement = {.shape = COUNT_SHAPE}};
    named_make(named, page->resource, count_text(page, pool), pool);
}
