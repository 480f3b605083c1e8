/* SPDX-License-Identifier: Apache-2.0 */
#include "recording.h"

#include <http_log.h>

APLOG_USE_MODULE(tenant);

/* The row is looked for behind the context: LATERAL asks c first, and nothing is moved across OFFSET. */
static const statement_t read_setting = {
    .label = "recording_setting",
    .shape = "b",
    .sql = "WITH c AS MATERIALIZED (SELECT set_config('mod_tenant.tenant_id', %s, true)::int AS id)"
           " SELECT s.auto_record_calls FROM c, LATERAL (SELECT auto_record_calls FROM settings"
           " WHERE tenant_id = c.id OFFSET 0) s",
};

int recording_is_wanted(request_rec *r, database_t *database, const tenant_t *tenant)
{
    const char *values[] = {tenant->id_text};
    const problem_t *problem;
    const char *setting;
    rows_t *rows;

    problem = database_read(database, r, 0, &read_setting, values, &rows);
    if (problem) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "a call of tenant %s is not recorded: its settings cannot be read (%s)",
                      tenant->id_text, problem->code);
        return 0;
    }
    if (rows_count(rows) == 0)
        return 0;
    rows_seek(rows, 0);
    setting = rows_text(rows, 0);
    return setting && *setting == 't';
}
