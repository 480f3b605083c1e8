/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_KEEPER_H
#define TENANT_STORE_KEEPER_H

#include <apr_thread_proc.h>

#include "attest.h"
#include "stock.h"

enum { KEEPER_WHY_SIZE = 256 }; /* bytes that are kept of a reason, to tell whether the next one is another */

/* Keeps a stock filled and healthy, with two threads: the connector opens connections and looks at them, the
 * reaper cuts those whose statement is overdue and closes those that nobody has used for long. */
typedef struct keeper_t {
    stock_t *stock;
    const char *conninfo; /* what to connect to */
    database_role_t role;
    lineage_t lineage; /* what a new connection is held against */
    int turn;          /* so many servers were passed over: the next one of the string is tried first */
    int passed_over;   /* so many since one was used */
    char why[KEEPER_WHY_SIZE]; /* stock_t.away in words; the stock's mutex guards it, and what follows */
    apr_time_t left_logged;    /* when it was last said that statements leave something behind */
    int is_unkept_told;        /* it has been said that prepare=on is in vain */
    apr_thread_t *connector;
    apr_thread_t *reaper;
} keeper_t;

/* Starts both threads, with every signal blocked: those are the MPM's. The stock, the conninfo, the role and
 * the lineage are set. 0: a thread cannot be started. */
int keeper_start(keeper_t *keeper, apr_pool_t *process);

/* Waits for both to end, which they do once the stock is stopping. */
void keeper_join(keeper_t *keeper);

#endif
