/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_NOTIFY_H
#define TENANT_STORE_NOTIFY_H

#include <apr_pools.h>
#include <apr_time.h>

struct pg_conn;
struct pg_result;

/* A connection of its own that hears notifications (NOTIFY). It belongs to one thread; another one ends its
 * waits, all but that for a connection, by writing to the descriptor `wake`:
 * then a call returns as if it had failed. */
typedef struct notify_t notify_t;

enum { NOTIFY_CHANNEL_SIZE = 64 }; /* bytes that a channel's name has at most, with its NUL */

/* Takes one notification. The texts live as long as the call. */
typedef void notify_handler_t(void *context, const char *channel, const char *payload);

typedef struct notify_settings_t {
    const char *conninfo;        /* complete; leads to PostgreSQL itself, not to a transaction pooler */
    const char *witness;         /* the conninfo that all others use, often the same */
    const char *const *channels; /* lower case; NULL ends the list */
    int wake;                    /* a descriptor (eventfd); readable: return */
    apr_interval_time_t limit;   /* how long an answer may take; for connecting the conninfo says it */
    notify_handler_t *handler;   /* called by the functions below, with context */
    void *context;
} notify_settings_t;

/* Connects and listens. Of every transaction that commits from its return on, the handler gets the
 * notifications, in the order of the commits. It first sees one come through from a connection of the
 * witness: a conninfo of another database, or a transaction pooler's, would look like a quiet one for ever.
 * NULL: *why is a sentence in pool. */
notify_t *notify_open(const notify_settings_t *settings, const char **why, apr_pool_t *pool);

/* Sends a notification to this very connection and waits for it: what was committed ahead of the call has
 * been handed to the handler then. 0: the connection is of no use any more. */
int notify_prove(notify_t *notify);

/* A round trip: what the session had heard of ahead of the call has been handed to the handler then. Costs
 * the database next to nothing. 0: the connection is of no use any more. */
int notify_ping(notify_t *notify);

/* Hands what comes within a time to the handler. 0: the connection is of no use any more. */
int notify_wait(notify_t *notify, apr_interval_time_t time);

/* The name of the channel that nobody else listens on. Its notifications are numbers; behind a `w`, of the
 * witness. */
const char *notify_channel(const notify_t *notify);

/* The number of the last notification of the witness's that has come; 0: none. */
int notify_witnessed(const notify_t *notify);

/* Notes as the reason why the last call failed that what goes the witness's way does not arrive, or that
 * nothing goes it (!is_sent). */
void notify_miss(notify_t *notify, int is_sent);

/* Why the last call failed: a sentence that lives as long as the connection. */
const char *notify_why(const notify_t *notify);

void notify_close(notify_t *notify);

/* Runs one statement on a connection of the caller's own and returns its row, which is his to clear. wake,
 * limit: as below. NULL: it failed, or gave another number of rows; the connection is of no use any more. */
struct pg_result *notify_ask(struct pg_conn *libpq, const char *sql, int wake, apr_interval_time_t limit);

/* Connects, sends one notification, and disconnects; as notify_tell() otherwise. */
int notify_send(const char *conninfo, const char *channel, const char *payload, int wake,
                apr_interval_time_t limit);

/* Connects, runs one statement with text parameters ($1 is values[0]), and disconnects: for what is told to
 * the database now and then, whatever else goes on. settings: conninfo; wake, as above, or -1; limit. 0: it
 * failed, and *why, unless why is NULL, is a sentence in pool. */
int notify_tell(const notify_settings_t *settings, const char *sql, const char *const *values, int count,
                const char **why, apr_pool_t *pool);

#endif
