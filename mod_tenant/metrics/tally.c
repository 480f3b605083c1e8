/* SPDX-License-Identifier: Apache-2.0 */
#include "tally.h"

#include "counters.h"
#include "label.h"

static const char key[] = "mod_tenant tally";

tally_t *tally_of(apr_pool_t *pool)
{
    void *tally;

    apr_pool_userdata_get(&tally, key, pool);
    return tally;
}

void tally_begin(apr_pool_t *pool, const char *handler)
{
    tally_t *tally = tally_of(pool);

    if (tally)
        return;
    tally = apr_pcalloc(pool, sizeof *tally);
    tally->handler = handler;
    tally->resource = label_no_resource;
    apr_pool_userdata_setn(tally, key, NULL, pool);
}

void tally_problem(apr_pool_t *pool, const problem_t *problem)
{
    tally_t *tally = tally_of(pool);

    COUNTERS_ADD(refusals, label_problem(problem), 1);
    if (tally)
        tally->problem = problem;
}
