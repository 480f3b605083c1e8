/* SPDX-License-Identifier: Apache-2.0 */
/* Filters: which parameters are some, and which values a field can have. */
#include "../../mod_tenant/resource/filter.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "../../mod_tenant/resource/resources.h"
#include "tap.h"

static apr_pool_t *pool;

static const char *const tests[] = {
    [FILTER_EQUAL] = "=",       [FILTER_GREATER] = ">", [FILTER_GREATER_EQUAL] = ">=",  [FILTER_LESS] = "<",
    [FILTER_LESS_EQUAL] = "<=", [FILTER_NULL] = "null", [FILTER_NOT_NULL] = "not null",
};

/* A parameter and what it means: NULL: refused. */
static const struct {
    const char *resource, *name, *value, *meaning;
} cases[] = {
    {"calls", "status", "completed", "status = completed"},
    {"calls", "status", "abcdefghijklmnopqrst", "status = abcdefghijklmnopqrst"},
    {"calls", "status", "abcdefghijklmnopqrstu", NULL},
    {"calls", "status", "", NULL},
    {"calls", "status", "Completed", NULL},
    {"calls", "status", "completed,failed", NULL},
    {"calls", "sid", "CA1", NULL},
    {"recordings", "call_sid", "CA1", NULL},
    {"users", "email", "ada", NULL},
    {"tenants", "custom_domain", "acme.example.com.", NULL},
    {"tenants", "status", "on", NULL},
    {"calls", "from_number", "+1", "from_number = +1"},
    {"calls", "id", "17", "id = 17"},
    {"calls", "id", "x", NULL},
    {"calls", "id", "", NULL},
    {"calls", "id", "017", NULL},
    {"calls", "id", "+17", NULL},
    {"calls", "id", "2147483647", "id = 2147483647"},
    {"calls", "id", "9007199254740992", NULL},
    {"calls", "id", "18446744073709551617", NULL},
    {"calls", "created_at", "2026-11-22T10:11:12+01:00", "created_at = 2026-11-22T09:11:12.000000Z"},
    {"calls", "created_at", "2026-11-22", NULL},
    {"calls", "created_at", "infinity", NULL},
    {"calls", "created_at", "1969-12-31T23:59:59Z", NULL},
    {"calls", "created_at.gt", "2026-11-22T10:11:12Z", "created_at > 2026-11-22T10:11:12.000000Z"},
    {"calls", "created_at.gte", "2026-11-22T10:11:12Z", "created_at >= 2026-11-22T10:11:12.000000Z"},
    {"calls", "created_at.lt", "2026-11-22T10:11:12Z", "created_at < 2026-11-22T10:11:12.000000Z"},
    {"calls", "created_at.lte", "2026-11-22T10:11:12Z", "created_at <= 2026-11-22T10:11:12.000000Z"},
    {"calls", "created_at.lte", "x", NULL},
    {"calls", "created_at.lte", "", NULL},
    {"calls", "created_at.ge", "2026-11-22T10:11:12Z", NULL},
    {"calls", "created_at.", "2026-11-22T10:11:12Z", NULL},
    {"calls", "created_at.gt.gt", "2026-11-22T10:11:12Z", NULL},
    {"calls", "created_at.GT", "2026-11-22T10:11:12Z", NULL},
    {"calls", "created_at.null", "true", NULL},
    {"calls", ".gt", "1", NULL},
    {"calls", "", "1", NULL},
    {"calls", "status.gt", "a", NULL},
    {"calls", "id.gt", "1", NULL},
    {"calls", "status.null", "true", "status null"},
    {"calls", "status.null", "false", "status not null"},
    {"calls", "status.null", "", NULL},
    {"calls", "status.null", "TRUE", NULL},
    {"calls", "status.null", "1", NULL},
    {"calls", "status.eq", "a", NULL},
    {"calls", "sid.null", "true", NULL},
    {"calls", "Status", "a", NULL},
    {"calls", "tenant_id", "2", NULL},
    {"messages", "body", "x", NULL},
    {"messages", "body.null", "true", NULL},
    {"products", "description", "x", NULL},
    {"products", "description.null", "true", NULL},
    {"products", "created_at", "2026-11-22T10:11:12Z", NULL},
    {"users", "password", "x", NULL},
    {"users", "password.null", "true", NULL},
    {"users", "password_hash", "x", NULL},
    {"users", "email", "A@Example.com", "email = A@Example.com"},
    {"users", "email.null", "true", NULL},
    {"users", "created_at.null", "true", "created_at null"},
    {"users", "updated_at.null", "false", "updated_at not null"},
    {"users", "updated_at.gt", "2026-11-22T10:11:12Z", "updated_at > 2026-11-22T10:11:12.000000Z"},
    {"recordings", "duration", "0", "duration = 0"},
    {"recordings", "duration", "-1", NULL},
    {"recordings", "duration.gte", "2147483647", "duration >= 2147483647"},
    {"recordings", "duration.gte", "2147483648", NULL},
    {"recordings", "duration.gte", "1.5", NULL},
    {"recordings", "duration.null", "true", "duration null"},
    {"tenants", "custom_domain", "ACME.Example.com", "custom_domain = acme.example.com"},
    {"tenants", "custom_domain.null", "true", "custom_domain null"},
    {"tenants", "status", "active", "status = active"},
    {"tenants", "twilio_auth_token", "x", NULL},
};

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const name = cases[i].resource;
        const resource_t *const resource = resource_find(name, strlen(name), strcmp(name, "tenants") == 0);
        const char *detail = NULL;
        const char *meaning = NULL;
        const parameter_t parameter = {cases[i].name, cases[i].value, cases[i].value};
        filter_t filter;

        if (!filter_parse(&filter, resource, &parameter, &detail, pool))
            meaning = apr_pstrcat(pool, filter.field->name, " ", tests[filter.test], filter.value ? " " : "",
                                  filter.value, NULL);
        is_text(meaning, cases[i].meaning, "%s?%s=%s", name, cases[i].name, cases[i].value);
        ok(!meaning == !!detail, "... with a sentence where it is refused");
        ok(meaning || !*cases[i].name || strstr(detail, cases[i].name), "... that names it");
    }
    apr_terminate();
    return done();
}
