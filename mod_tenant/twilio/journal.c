/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include <http_log.h>
#include <stdlib.h>
#include <string.h>

APLOG_USE_MODULE(tenant);

/* Runs a row's statement; *outcome is what has come of it. */
static const problem_t *run(request_rec *r, database_t *database, const char *tenant, const upsert_t *row,
                            const char **outcome)
{
    const char *values[UPSERT_VALUES_MAX] = {NULL};
    const problem_t *problem;
    rows_t *rows;

    upsert_fill(values, row, tenant);
    problem = database_merge_row(database, r, atoi(tenant), upsert_statement(row->table), values, &rows);
    if (problem)
        return problem;
    if (rows_count(rows) != 1)
        return &problem_internal;
    rows_seek(rows, 0);
    *outcome = rows_text(rows, 0);
    return NULL;
}

static const problem_t *store_row(request_rec *r, database_t *database, const char *tenant,
                                  const upsert_t *row)
{
    const char *outcome = UPSERT_FOREIGN;

    for (int tries = 0; tries < 2 && strcmp(outcome, UPSERT_FOREIGN) == 0; tries++) {
        const problem_t *problem = run(r, database, tenant, row, &outcome);

        if (problem)
            return problem;
    }
    if (strcmp(outcome, UPSERT_FOREIGN) == 0)
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "an event of tenant %s is not stored: the %s row with the sid %s is another tenant's",
                      tenant, upsert_resource(row), row->values[0]);
    return NULL;
}

const problem_t *journal_store(request_rec *r, database_t *database, const char *tenant, const event_t *event)
{
    if (event->mended)
        ap_log_rerror(
            APLOG_MARK, APLOG_INFO, 0, r,
            "an event of tenant %s, of the %s row with the sid %s: parts that do not fit are left out: %s",
            tenant, upsert_resource(&event->rows[0]), event->rows[0].values[0], event->mended);
    for (int n = 0; n < event->count; n++) {
        const problem_t *problem = store_row(r, database, tenant, &event->rows[n]);

        if (problem)
            return problem;
    }
    return NULL;
}
