/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/http/prefer.h"

#include "tap.h"

static const char *const stating[] = {
    "csv=raw",
    "csv=\"raw\"",
    "CSV=raw",
    " csv = raw ",
    "csv=raw;x=1",
    "csv=raw ; x=\"a, b\"",
    "respond-async, csv=raw",
    "respond-async,wait=10,csv=raw",
    "x=\"csv=safe, csv=safe\", csv=raw",
    ", ,csv=raw,",
    "csv=raw, csv=safe",
    "=, csv=raw",
};

static const char *const silent[] = {
    NULL,
    "",
    "csv",
    "csv=",
    "csv=\"",
    "csv=\"\"",
    "csv=RAW",
    "csv=raws",
    "csv=ra",
    "csv=raw=raw",
    "csv==raw",
    "csv:raw",
    "csvs=raw",
    "cs=raw",
    "raw=csv",
    "csv=safe, csv=raw",
    "csv, csv=raw",
    "x=csv=raw",
    "x; csv=raw",
    "x=\"csv=raw\"",
    "x=\", csv=raw, \"",
};

int main(void)
{
    for (size_t i = 0; i < sizeof stating / sizeof *stating; i++)
        ok(prefer_states(stating[i], "csv", "raw"), "`%s` states it", stating[i]);
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
        ok(!prefer_states(silent[i], "csv", "raw"), "`%s` does not", silent[i] ? silent[i] : "no Prefer");
    return done();
}
