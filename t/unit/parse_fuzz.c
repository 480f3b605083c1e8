/* SPDX-License-Identifier: Apache-2.0 */

/* For libFuzzer (make fuzz): the parsers of what a client or a server may send. The first byte picks one, the
 * rest is its text; what a parser accepts must hold what its header promises. */

#include <apr_general.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "../../mod_tenant/resource/resources.h"
#include "../../mod_tenant/text.h"
#include "../../mod_tenant/resource/check.h"
#include "../../mod_tenant/http/csv.h"
#include "../../mod_tenant/http/etag.h"
#include "../../mod_tenant/http/media.h"
#include "../../mod_tenant/resource/page_query.h"
#include "../../mod_tenant/http/prefer.h"
#include "../../mod_tenant/http/query.h"
#include "../../mod_tenant/resource/route.h"
#include "../../mod_tenant/store/sqlstate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static const problem_t *take(void *context, const parameter_t *parameter, const char **detail)
{
    const char *const name = parameter->name;
    const char *const value = parameter->value;

    require(strlen(parameter->plain) == strlen(value));
    require(text_is_utf8(name, strlen(name)) && text_is_utf8(value, strlen(value)));
    *detail = query_unknown(name, context);
    return *value == '!' ? &problem_bad_parameter : NULL;
}

static void parse_query(char *text, apr_size_t length, apr_pool_t *pool)
{
    const char *detail = NULL;
    const problem_t *const problem = query_parse(text, "fields", take, pool, &detail, pool);

    (void)length;
    require(!problem || detail);
}

/* A page is found again by the query made of it. */
static void parse_page(char *text, apr_size_t length, apr_pool_t *pool)
{
    const resource_t *const resource = &resources[length % (apr_size_t)resource_count()];
    const char *detail = NULL;
    page_t page, again;

    if (page_parse(&page, resource, text, 50, 1000, &detail, pool)) {
        require(detail != NULL);
        return;
    }
    require(page.limit >= 1 && page.limit <= 1000 && page.filter_count <= PAGE_FILTERS_MAX);
    require(page_parse(&again, resource, page_query(&page, pool), 50, 1000, &detail, pool) == NULL);
    require(again.limit == page.limit && again.seek == page.seek && again.fields == page.fields);
    require(again.order == page.order && again.is_ascending == page.is_ascending);
    require(again.filter_count == page.filter_count);
    if (page.seek == PAGE_FIRST)
        return;
    require(strcmp(again.id, page.id) == 0);
    require(page.key ? strcmp(again.key, page.key) == 0 : !again.key);
}

static void parse_route(char *text, apr_size_t length, apr_pool_t *pool)
{
    route_t route;

    if (!route_parse(&route, text, length % 2, pool))
        return;
    require(strstr(route_allow(&route, pool), "OPTIONS") != NULL);
    require(route.kind != ROUTE_ROW || (route.id && route.resource));
    require(route_is_open(&route) == !route.resource);
    require(route.kind != ROUTE_ROW || (text_is_utf8(route.id, strlen(route.id)) && !strchr(route.id, '/')));
}

static void parse_media(char *text, apr_size_t length, apr_pool_t *pool)
{
    static const char *const types[] = {"application/json", "application/x-ndjson", "text/csv", NULL};
    const int chosen = media_choose(text, types);

    (void)length;
    (void)pool;
    require(chosen >= -1 && chosen < 3);
    require(chosen < 0 || media_is_accepted(text, types[chosen]));
    require(chosen >= 0 || !media_is_accepted(text, types[0]));
    media_is(text, "application/json");
}

static void parse_prefer(char *text, apr_size_t length, apr_pool_t *pool)
{
    (void)length;
    (void)pool;
    require(!prefer_states(text, "csv", "raw") || !prefer_states(text, "csv", "safe"));
}

/* A tag of ours that is added to a list is found in it, whatever else it holds. */
static void parse_etags(char *text, apr_size_t length, apr_pool_t *pool)
{
    const uint64_t salt = etag_salt(length, 2);
    const char *const tag = etag_make("-4294967295", salt, pool);
    const char *versions;
    etag_list_t list;

    if (!etag_list_parse(&list, text, pool))
        return;
    require(list.is_any == (list.tags == NULL) && (!list.tags || list.tags->nelts <= ETAG_LIST_MAX));
    versions = etag_list_versions(&list, salt, ETAG_WEAK, pool);
    require((versions == NULL) == list.is_any);
    require(!versions || strspn(versions, "{},-0123456789") == strlen(versions));
    require(*etag_list_spelling(&list, tag, pool) == '"');
    if (list.is_any || list.tags->nelts == ETAG_LIST_MAX)
        return;
    require(etag_list_parse(&list, apr_pstrcat(pool, text, ", ", tag, NULL), pool));
    require(etag_list_has(&list, tag, ETAG_STRONG) && etag_list_has(&list, tag, ETAG_WEAK));
    require(strstr(etag_list_versions(&list, salt, ETAG_STRONG, pool), "-4294967295") != NULL);
}

/* What a reader of RFC 4180 takes from a field. */
static const char *read_csv(const writer_t *writer, apr_pool_t *pool)
{
    char *const text = apr_pcalloc(pool, writer->length + 1);
    char *to = text;

    if (*writer->text != '"')
        return apr_pstrmemdup(pool, writer->text, writer->length);
    for (apr_size_t n = 1; n < writer->length; n++) {
        *to++ = writer->text[n];
        n += writer->text[n] == '"'; /* the second of a pair, or the end */
    }
    to[-1] = '\0';
    return text;
}

static void write_csv(char *text, apr_size_t length, apr_pool_t *pool)
{
    writer_t writer;
    const char *read;

    (void)length;
    writer_init(&writer, pool, 0);
    csv_write(&writer, text, 1);
    require(strcmp(read_csv(&writer, pool), text) == 0);
    writer_init(&writer, pool, 0);
    csv_write(&writer, text, 0);
    read = read_csv(&writer, pool);
    require(!*read || !strchr("=@\t\r", *read));
    require(strcmp(read + (*text != '\'' && *read == '\''), text) == 0);
}

/* A time in UTC stays itself. */
static void parse_time(char *text, apr_size_t length, apr_pool_t *pool)
{
    char utc[CHECK_TIME_SIZE];
    char again[CHECK_TIME_SIZE];

    (void)pool;
    if (!check_time(text, length, utc))
        return;
    require(strlen(utc) == CHECK_TIME_SIZE - 1);
    require(check_time(utc, strlen(utc), again) && strcmp(utc, again) == 0);
}

static void parse_sqlstate(char *text, apr_size_t length, apr_pool_t *pool)
{
    sqlstate_t state;

    (void)length;
    sqlstate_parse(&state, text, pool);
    require(strlen(state.code) == SQLSTATE_LENGTH || !*state.code);
    require(state.message && !strchr(state.message, '\n'));
    require(!state.constraint || !strchr(state.constraint, '\n'));
    require(sqlstate_problem(&state, &(statement_t){.sql = ""}, 1) != NULL);
    require(sqlstate_problem(&state, &(statement_t){.sql = ""}, 0) != NULL);
    require(!state.column || !strchr(state.column, '\n'));
}

static void parse_fields(char *text, apr_size_t length, apr_pool_t *pool)
{
    (void)pool;
    check_email(text, length);
    check_url(text, length);
    check_status(text, length);
    check_message_sid(text, length);
    require(!check_is_id(text, length) || (atoi(text) >= 1 && length <= 10));
    if (text_is_utf8(text, length))
        require(strlen(text) == length && text_characters(text, length) <= (int)length);
}

typedef void parse_fn(char *text, apr_size_t length, apr_pool_t *pool);

static parse_fn *const parsers[] = {
    parse_query,    parse_page,   parse_route,  parse_media, parse_time,
    parse_sqlstate, parse_fields, parse_prefer, parse_etags, write_csv,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int started;
    apr_pool_t *pool;
    char *text;

    if (!started++)
        apr_initialize();
    if (size == 0)
        return 0;
    apr_pool_create(&pool, NULL);
    /* from malloc(), where the sanitizer sees a read past the end */
    text = malloc(size);
    require(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    parsers[*data % (sizeof parsers / sizeof *parsers)](text, size - 1, pool);
    free(text);
    apr_pool_destroy(pool);
    return 0;
}
