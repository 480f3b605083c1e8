/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TWILIO_UPSERT_H
#define TENANT_TWILIO_UPSERT_H

#include "../store/statement.h"

/* The statements that store what an event says of a row. One makes the row or adds to it, in any order of the
 * events and any number of times: whatever the order, the row that they leave is the same. So that holds even
 * of events that contradict each other, each column has a rule by which of two values one always wins:
 *
 * - status: the one that is further on (twilio_status_latest(), of the Sqitch change twilio_status);
 * - answered_at: the earlier;
 * - ended_at, and each number: the later, the larger;
 * - each other text: the one that comes later in the order of its bytes.
 *
 * A value always wins over none, so nothing that is known is erased. id and created_at are those of the first
 * event that came. What the API has written counts as an event's. */

typedef enum upsert_table_t {
    UPSERT_CALLS,
    UPSERT_MESSAGES,
    UPSERT_RECORDINGS,
    UPSERT_TABLES, /* how many */
} upsert_table_t;

enum {
    UPSERT_COLUMNS_MAX = 12,
    UPSERT_VALUES_MAX = UPSERT_COLUMNS_MAX + 1,
};

/* What an event says of a row. */
typedef struct upsert_t {
    upsert_table_t table;
    const char *values[UPSERT_COLUMNS_MAX]; /* as text; NULL: nothing. The first is the sid */
} upsert_t;

/* The resource (resource.h) that shows the table's rows. */
const char *upsert_resource(const upsert_t *upsert);

/* The columns of a table that events have values of, in their order; ended by NULL. */
const char *const *upsert_columns(upsert_table_t table);

/* The value of a column, which has to be one of the table's. */
const char **upsert_value(upsert_t *upsert, const char *column);

/* What a statement says has come of it: its one row has one column, with this. */
#define UPSERT_STORED "stored"
#define UPSERT_STALE  "stale" /* the row says all of it already */
#define UPSERT_FOREIGN                                                                                       \
    "foreign" /* another tenant has a row with the sid; or this one has, and made it while the statement     \
                 ran: who runs it again knows */

/* It sets its tenant itself and touches one row, so it may share a round trip and a transaction; it may be
 * sent again where it is not known whether it took effect. */
const statement_t *upsert_statement(upsert_table_t table);

/* Its values; tenant is the tenant's id, as text. */
void upsert_fill(const char *values[UPSERT_VALUES_MAX], const upsert_t *upsert, const char *tenant);

#endif
