/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_SHAPE_H
#define TENANT_STORE_SHAPE_H

#include "statement.h"

struct pg_result;

/* The number of the first column, from 1, in which rows have another form than their statement says
 * (statement_t.shape), or of one that is missing or too many; 0: they are as they should be. A table may have
 * been altered, or another one have taken its place. */
int shape_mismatch(const struct pg_result *rows, const statement_t *statement);

#endif
