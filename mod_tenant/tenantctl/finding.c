/* SPDX-License-Identifier: Apache-2.0 */
#include "finding.h"

void finding_add(output_t *findings, const char *check, const char *object, const char *what)
{
    output_row(findings, (const char *[]){check, object, what});
}
