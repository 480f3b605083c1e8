/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include <apr_strings.h>
#include <http_log.h>

#include "../http/gate.h"
#include "../http/prefer.h"
#include "../http/transfer.h"
#include "../json/writer.h"
#include "../metrics/counters.h"
#include "../resource/represent.h"
#include "authority.h"
#include "list.h"
#include "portion.h"
#include "scope.h"
#include "sender.h"
#include "sheet.h"

APLOG_USE_MODULE(tenant);

enum {
    PORTION = 32 * 1024,      /* bytes that are written at a time, about */
    CHUNK_ROWS_FIRST = 100,   /* rows of the first chunk, which tells how long they are */
    CHUNK_ROWS_MAX = 500,     /* rows that are read at a time, at most */
    CHUNK_BYTES = 256 * 1024, /* bytes of a chunk's text, about */
    TRIES = 5,                /* how often a stream that has begun asks for a connection */
};

typedef struct stream_t stream_t;

/* How rows are written in a form. */
typedef struct format_t {
    const char *type; /* Content-Type */
    const char *extension;
    void (*head)(stream_t *stream);
    void (*row)(stream_t *stream, rows_t *rows, int n);
} format_t;

struct stream_t {
    api_t *api;
    const format_t *format;
    view_t view;
    gate_pair_t places;
    transfer_t transfer;
    int has_begun;        /* something has been sent: a problem can only break it off */
    writer_t writer;      /* the portion that is being written */
    int is_raw;           /* of CSV: see csv_write() */
    apr_pool_t *pools[2]; /* of a chunk, and of the one before, which holds the cursor */
    int left;             /* how many rows may still be sent */
    int rows;             /* how many to read at a time */
    apr_int64_t bytes;    /* written of this chunk */
    apr_int64_t count;    /* rows written in all */
};

static void write_no_head(stream_t *stream)
{
    (void)stream;
}

static void write_json_line(stream_t *stream, rows_t *rows, int n)
{
    represent_row(&stream->writer, &stream->view, rows, n);
    writer_literal(&stream->writer, "\n");
}

static void write_csv_head(stream_t *stream)
{
    represent_csv_names(&stream->writer, &stream->view);
}

static void write_csv_line(stream_t *stream, rows_t *rows, int n)
{
    represent_csv_row(&stream->writer, &stream->view, rows, n, stream->is_raw);
}

static const format_t formats[] = {
    [FORM_NDJSON] = {"application/x-ndjson", "ndjson", write_no_head, write_json_line},
    [FORM_CSV] = {"text/csv; charset=utf-8", "csv", write_csv_head, write_csv_line},
};

static void set_headers(stream_t *stream)
{
    request_rec *r = stream->api->exchange.r;

    apr_table_setn(r->headers_out, "Content-Disposition",
                   apr_psprintf(r->pool, "attachment; filename=\"%s.%s\"", stream->api->route.resource->name,
                                stream->format->extension));
    if (stream->is_raw)
        apr_table_setn(r->headers_out, "Preference-Applied", "csv=raw");
}

/* Reads the next chunk, for which the authority is to be there still. */
static const problem_t *read_chunk(stream_t *stream, rows_t **rows, apr_pool_t *pool)
{
    const problem_t *problem = authority_confirm(stream->api, pool);
    gate_place_t *turn;

    if (!problem)
        problem = list_enter(stream->api, &turn, pool);
    if (problem)
        return problem;
    problem = portion_read(stream->api, &stream->api->page, stream->rows, rows, pool);
    gate_leave(turn);
    return problem;
}

/* Whether there may be room a little later. */
static int is_full(const problem_t *problem)
{
    return problem == &problem_pool_exhausted || problem == &problem_rate_limited;
}

/* The same; once the answer has begun it waits longer than others for its turn and for a connection: who has
 * come so far would have to begin again. */
static const problem_t *read_patiently(stream_t *stream, rows_t **rows, apr_pool_t *pool)
{
    const problem_t *problem = read_chunk(stream, rows, pool);

    for (int tries = 1; is_full(problem) && stream->has_begun && tries < TRIES; tries++)
        problem = read_chunk(stream, rows, pool);
    return problem;
}

/* Has the answer begin, unless it has. */
static void begin(stream_t *stream)
{
    if (stream->has_begun)
        return;
    set_headers(stream);
    transfer_begin(&stream->transfer, stream->api->exchange.r, stream->format->type);
    stream->has_begun = 1;
}

/* Sends the portion and starts the next. 0: the client is gone. */
static int send_portion(stream_t *stream)
{
    int is_sent;

    begin(stream);
    is_sent = transfer_send(&stream->transfer, &stream->writer);

    stream->bytes += (apr_int64_t)stream->writer.length;
    stream->writer.length = 0;
    return is_sent;
}

/* Writes a chunk, all but what is left in the portion at its end. 0: the client is gone. */
static int write_chunk(stream_t *stream, rows_t *rows)
{
    int count = rows_count(rows);

    for (int n = 0; n < count; n++) {
        if (stream->writer.length >= PORTION && !send_portion(stream))
            return 0;
        stream->format->row(stream, rows, n);
    }
    stream->count += count;
    stream->left -= count;
    return 1;
}

static int least(int one, int other)
{
    return one < other ? one : other;
}

/* Moves on behind a chunk. How many rows the next one has follows from how long these were; those may be as
 * long as any can be. */
static void advance(stream_t *stream, rows_t *rows, apr_pool_t *pool)
{
    apr_int64_t bytes = stream->bytes + (apr_int64_t)stream->writer.length;
    apr_int64_t fitting = rows_count(rows) * (apr_int64_t)CHUNK_BYTES / (bytes + 1);

    portion_advance(&stream->api->page, rows, rows_count(rows) - 1, pool);
    stream->rows = least(stream->left, least(CHUNK_ROWS_MAX, sheet_part_rows(stream->api->route.resource)));
    if (stream->rows > fitting)
        stream->rows = fitting > 0 ? (int)fitting : 1;
    stream->bytes = 0;
}

static void end(stream_t *stream)
{
    begin(stream);
    if (stream->api->exchange.r->header_only)
        stream->writer.length = 0; /* what there is of a body is not all of it: httpd would tell its length */
    gate_pair_leave(&stream->places);
    transfer_end(&stream->transfer, &stream->writer);
}

static void break_off(stream_t *stream, const problem_t *problem)
{
    request_rec *r = stream->api->exchange.r;

    ap_log_rerror(APLOG_MARK, problem->status >= 500 ? APLOG_WARNING : APLOG_INFO, 0, r,
                  "the stream of %s breaks off behind %" APR_INT64_T_FMT " rows: %s",
                  stream->api->route.resource->name, stream->count, problem->code);
    transfer_break(&stream->transfer);
}

/* Reads and writes chunk by chunk until the end, or until the client is gone. */
static const problem_t *run(stream_t *stream)
{
    writer_init(&stream->writer, stream->api->exchange.r->pool, 2 * PORTION);
    stream->format->head(stream);
    for (int turn = 0;; turn = !turn) {
        apr_pool_t *pool = stream->pools[turn];
        const problem_t *problem;
        rows_t *rows;

        apr_pool_clear(pool);
        problem = read_patiently(stream, &rows, pool);
        if (problem)
            return problem;
        if (!write_chunk(stream, rows))
            return NULL;
        if (rows_count(rows) < stream->rows || stream->left == 0 || stream->api->exchange.r->header_only) {
            end(stream);
            return NULL;
        }
        advance(stream, rows, pool);
    }
}

const problem_t *stream_run(api_t *api)
{
    request_rec *r = api->exchange.r;
    stream_t stream = {
        .api = api,
        .format = &formats[api->form],
        .view = scope_view(api, api->page.fields),
        .is_raw =
            api->form == FORM_CSV && prefer_states(apr_table_get(r->headers_in, "Prefer"), "csv", "raw"),
        .left = api->page.limit,
        .rows = least(api->page.limit, least(CHUNK_ROWS_FIRST, sheet_part_rows(api->route.resource))),
    };
    const problem_t *problem = sender_enter_stream(&stream.places, api);

    apr_pool_create(&stream.pools[0], r->pool);
    apr_pool_create(&stream.pools[1], r->pool);
    COUNTERS_ADD(streams, 0, 1);
    if (!problem)
        problem = run(&stream);
    COUNTERS_ADD(streams, 0, -1);
    gate_pair_leave(&stream.places);
    if (problem && !stream.has_begun)
        return problem;
    if (problem)
        break_off(&stream, problem);
    return exchange_answered(&api->exchange, OK);
}
