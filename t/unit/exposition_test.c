/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/monitor/exposition.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "../../mod_tenant/metrics/share.h"
#include "tap.h"

static const struct {
    const char *value;
    const char *written;
} labels[] = {
    {"Acme", "Acme"},
    {"", ""},
    {"a \"b\" c", "a \\\"b\\\" c"},
    {"a\\b", "a\\\\b"},
    {"a\\\"b\\n", "a\\\\\\\"b\\\\n"},
    {"two\nlines\n", "two\\nlines\\n"},
    {"J\xc3\xb6rg \xe2\x98\x83 \xf0\x9f\x98\x80", "J\xc3\xb6rg \xe2\x98\x83 \xf0\x9f\x98\x80"},
    {"a\xff"
     "b",
     "a\xef\xbf\xbd"
     "b"},
    {"cut off \xe2\x98", "cut off \xef\xbf\xbd\xef\xbf\xbd"},
    {"\xc0\xaf\"", "\xef\xbf\xbd\xef\xbf\xbd\\\""},
    {"{},=# ", "{},=# "},
};

static const char *text_of(const writer_t *writer)
{
    return apr_pstrmemdup(writer->pool, writer->text, writer->length);
}

static exposition_t begin(writer_t *writer, int is_openmetrics, apr_pool_t *pool)
{
    writer_init(writer, pool, 64);
    return (exposition_t){writer, is_openmetrics, 0};
}

static void test_labels(apr_pool_t *pool)
{
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        const char *want =
            apr_pstrcat(pool, "mod_tenant_children{name=\"", labels[i].written, "\"} 1\n", NULL);
        writer_t writer;
        exposition_t exposition = begin(&writer, 0, pool);

        exposition_sample(&exposition, &metrics[METRIC_children], NULL);
        exposition_label(&exposition, "name", labels[i].value);
        exposition_integer(&exposition, 1);
        is_text(text_of(&writer), want, "a label: %s", labels[i].written);
    }
}

static void test_histogram(apr_pool_t *pool)
{
    int64_t *sum = apr_pcalloc(pool, COUNTERS_CELLS_COUNT * sizeof *sum);
    cell_t *own = (cell_t *)counters_own;
    writer_t writer;
    exposition_t exposition = begin(&writer, 0, pool);
    unsigned number = label_add_route("api", label_no_resource) * LABEL_METHODS;
    const char *text;

    COUNTERS_TIME(durations, number, -5);
    COUNTERS_TIME(durations, number, 250);
    COUNTERS_TIME(durations, number, 251);
    COUNTERS_TIME(durations, number, 1000000000);
    for (int n = 0; n < COUNTERS_CELLS_COUNT; n++)
        sum[n] = own[n];
    exposition_counted(&exposition, &metrics[METRIC_durations], sum);
    text = text_of(&writer);
    ok(strstr(text, "le=\"0.000250\"} 2\n") != NULL,
       "what ends at a bucket's end, or before it began, is in it");
    ok(strstr(text, "le=\"0.000500\"} 3\n") != NULL, "buckets add up");
    ok(strstr(text, "le=\"10.000000\"} 3\n") != NULL, "what is longer than all is in none");
    ok(strstr(text, "le=\"+Inf\"} 4\n") != NULL, "but the last");
    ok(strstr(text, "_sum{handler=\"other\"") == NULL, "what has none is not told");
    ok(strstr(text, " 1000.000501\n") != NULL, "the sum has microseconds");
}

static void test_families(apr_pool_t *pool)
{
    static const struct {
        metric_number_t metric;
        const char *plain, *open;
    } families[] = {
        {METRIC_requests, "# TYPE mod_tenant_requests_total counter\n",
         "# TYPE mod_tenant_requests counter\n"},
        {METRIC_build, "# TYPE mod_tenant_build_info gauge\n", "# TYPE mod_tenant_build info\n"},
        {METRIC_children, "# TYPE mod_tenant_children gauge\n", "# TYPE mod_tenant_children gauge\n"},
        {METRIC_durations, "# TYPE mod_tenant_request_duration_seconds histogram\n",
         "# TYPE mod_tenant_request_duration_seconds histogram\n"},
    };

    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        for (int is_open = 0; is_open < 2; is_open++) {
            const char *want = is_open ? families[i].open : families[i].plain;
            writer_t writer;
            exposition_t exposition = begin(&writer, is_open, pool);

            exposition_begin(&exposition, &metrics[families[i].metric]);
            ok(strstr(text_of(&writer), want) != NULL, "family %d, format %d", (int)i, is_open);
        }
    }
}

/* Places in memory of this process's own, with two children that it counts as in turn. */
static void test_shares(void)
{
    enum { TENANTS = 3, CHILDREN = 2, MANY = 1000 };
    void *memory = aligned_alloc(128, (shares_size(CHILDREN, TENANTS) + 127) / 128 * 128);
    shares_t *shares = shares_use(memset(memory, 0, shares_size(CHILDREN, TENANTS)), 1, CHILDREN, TENANTS);
    tally_t tally = {.rows_read = 1};
    int64_t total = 0, last[MANY] = {0}, other = 0;
    int goes_back = 0, named = 0;
    int sent[MANY + 1] = {0};
    share_t share;

    for (int n = 0; n < 20000; n++) {
        int tenant = n < 100 ? 500 + n % 3 : n % 4 ? 1 + n % 3 : 1 + n % MANY; /* first come others */

        sent[tenant]++;
        shares_claim(shares, n % CHILDREN);
        shares_add(shares, tenant, "a name", &tally, 1 + n * INT64_C(1000000));
        if (n % 100)
            continue;
        for (int place = 0; place <= TENANTS; place++) {
            if (!shares_read(shares, place, &share))
                continue;
            goes_back += !share.tenant && share.figures[0] < other;
            other = share.tenant ? other : share.figures[0];
        }
    }
    for (int place = 0; place <= TENANTS; place++) {
        if (!shares_read(shares, place, &share))
            continue;
        total += share.figures[0];
        last[share.tenant % MANY] = share.figures[0];
        named += share.tenant != 0;
        ok(!share.tenant || share.figures[0] <= sent[share.tenant], "nobody has another one's");
        ok(share.figures[0] == share.figures[METRIC_tenant_rows_read - SHARE_FIRST], "figures keep together");
    }
    ok(total == 20000, "none is lost: %d", (int)total);
    ok(named == TENANTS && last[1] && last[2] && last[3], "the most active tenants have the places");
    ok(goes_back == 0, "what the others have does not go back");
    free(memory);
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_labels(pool);
    test_histogram(pool);
    test_families(pool);
    test_shares();
    return done();
}
