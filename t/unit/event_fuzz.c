/* SPDX-License-Identifier: Apache-2.0 */

/* For libFuzzer (make fuzz): what an event says. The input is a letter, for the kind, and a form. What is
 * kept fits its field in the table of resources, so that PostgreSQL takes it, and the same form says the
 * same. */

#include <apr_general.h>
#include <stdlib.h>
#include <string.h>

#include "../../mod_tenant/resource/resources.h"
#include "../../mod_tenant/text.h"
#include "../../mod_tenant/twilio/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* A number is one, a time begins with its year, a text is UTF-8, and no longer than its field takes. */
static void require_fits(const upsert_t *row, const char *column, const char *value, apr_pool_t *pool)
{
    const char *name = upsert_resource(row);
    const field_t *field = resource_field(resource_find(name, strlen(name), 0), column, strlen(column));
    apr_size_t length = strlen(value);

    require(field != NULL);
    if (field->type == FIELD_INTEGER) {
        require(length > 0 && strspn(value, "0123456789") == length && atol(value) <= 2147483647);
    } else if (field->type == FIELD_TIME) {
        require(length == strlen("2026-11-28T10:00:00Z") && value[4] == '-' && value[length - 1] == 'Z');
    } else {
        int mended = 0;

        require(text_characters(value, length) <= field->max);
        require(!field->check || !field->check(value, length));
        text_mend(value, length, field->flags & FIELD_CONTROLS, field->max, &mended, pool);
        require(!mended);
    }
}

static void require_row(const upsert_t *row, apr_pool_t *pool)
{
    const char *const *columns = upsert_columns(row->table);

    require(row->values[0] != NULL);
    for (int n = 0; columns[n]; n++) {
        if (row->values[n])
            require_fits(row, columns[n], row->values[n], pool);
    }
}

static void require_same(const event_t *one, const event_t *other)
{
    require(one->count == other->count && !one->mended == !other->mended);
    for (int n = 0; n < one->count; n++) {
        for (int i = 0; i < UPSERT_COLUMNS_MAX; i++) {
            const char *a = one->rows[n].values[i], *b = other->rows[n].values[i];

            require(!a == !b && (!a || strcmp(a, b) == 0));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int started;
    event_t event, again;
    event_kind_t kind;
    apr_pool_t *pool;
    form_t form;

    if (!started++)
        apr_initialize();
    if (size == 0)
        return 0;
    kind = (event_kind_t)(data[0] % (EVENT_RECORDING_RESOURCE + 1));
    apr_pool_create(&pool, NULL);
    if (!form_parse(&form, (const char *)data + 1, size - 1, 64, pool)) {
        const char *why = event_read(&event, kind, &form, pool);
        const char *why_again = event_read(&again, kind, &form, pool);

        require(!why == !why_again);
        if (!why) {
            require(event.count >= 1 && event.count <= EVENT_ROWS_MAX);
            for (int n = 0; n < event.count; n++)
                require_row(&event.rows[n], pool);
            require_same(&event, &again);
        }
    }
    apr_pool_destroy(pool);
    return 0;
}
