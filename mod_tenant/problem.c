/* SPDX-License-Identifier: Apache-2.0 */
#include "problem.h"

#include <stddef.h>

#define PROBLEM_DEFINE(identifier, status, code, title)                                                      \
    const problem_t problem_##identifier = {code, status, title};
PROBLEMS(PROBLEM_DEFINE)

#define PROBLEM_LIST(identifier, status, code, title) &problem_##identifier,
static const problem_t *const problems[] = {PROBLEMS(PROBLEM_LIST)};

const problem_t *problem_of_status(int status)
{
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        if (problems[i]->status == status)
            return problems[i];
    }
    return status < 500 ? &problem_bad_request : &problem_internal;
}
