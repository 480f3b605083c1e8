/* SPDX-License-Identifier: Apache-2.0 */
/* How long the audit is kept. Lines that prove an erasure, or that lines were taken out, stay for good: they
 * hold nothing of a person's. */
#include <apr_strings.h>

#include "input.h"
#include "moment.h"
#include "output.h"
#include "tenant.h"

/* Of the lines that go. */
#define OLDER                                                                                                \
    " FROM public.audit WHERE created_at < $1::timestamptz"                                                  \
    " AND action NOT IN ('erase', 'begin_erase') AND kind <> 'audit'"

static int confirm(const session_t *session, const call_t *call, const char *before)
{
    rowset_t *rows = tenant_run(session, "SELECT count(*)::text" OLDER, &before, 1);
    int answer;

    if (!rows)
        return tenant_failed(session);
    answer = call_has(call, OPTION_YES)
                 ? 1
                 : input_confirm(apr_psprintf(session->pool, "Take %s lines from before %s out of the audit?",
                                              rowset_text(rows, 0, 0), before));
    if (answer < 0)
        return complain(EXIT_USAGE, "there is nobody to ask: say --yes");
    return answer ? EXIT_DONE : complain(EXIT_FAILED, "the audit stays as it is");
}

int audit_purge(const call_t *call)
{
    static const output_column_t columns[] = {{.key = "before"},
                                              {.key = "purged", .type = OUTPUT_LITERAL},
                                              {0}};
    output_t *record = output_make(columns, call->pool);
    const char *before = call->options.values[OPTION_BEFORE];
    session_t session;
    rowset_t *rows;
    int status;

    if (!before)
        return complain(EXIT_USAGE, "say --before TIME");
    if ((status = moment_read(&before, "before", before, call->pool)) != EXIT_DONE ||
        (status = session_open(&session, call, SESSION_DATABASE | SESSION_OWNER)) != EXIT_DONE ||
        (status = confirm(&session, call, before)) != EXIT_DONE)
        return status;
    rows = tenant_run(&session, "DELETE" OLDER, &before, 1);
    if (!rows)
        return tenant_failed(&session);
    output_row(record, (const char *[]){before, apr_itoa(call->pool, rowset_changed(rows))});
    output_print(record, NULL, NULL, call_has(call, OPTION_JSON), call->pool);
    return EXIT_DONE;
}
