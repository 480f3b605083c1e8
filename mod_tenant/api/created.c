/* SPDX-License-Identifier: Apache-2.0 */
#include "created.h"

#include "admin.h"
#include "read.h"
#include "scope.h"

/* The Location of the new row, which is the first of rows. */
static void set_location(const api_t *api, rows_t *rows)
{
    rows_seek(rows, 0);
    apr_table_setn(api->exchange.r->headers_out, "Location",
                   scope_path(api, ap_escape_path_segment(api->exchange.r->pool, rows_text(rows, 0))));
}

const problem_t *created_answer(api_t *api, rows_t *rows, int replayed)
{
    if (replayed)
        apr_table_setn(api->exchange.r->headers_out, "Idempotency-Replayed", "true");
    else
        scope_forget(api);
    set_location(api, rows);
    return api->scope.tenant ? read_answer(api, HTTP_CREATED, rows) : admin_answer_new(api, rows);
}
