/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_REPLY_H
#define TENANT_HTTP_REPLY_H

#include <apr_tables.h>
#include <httpd.h>

#include "../json/writer.h"
#include "../config.h"
#include "../problem.h"

/* Sets the headers that every answer carries. */
void reply_set_headers(request_rec *r);

/* A pool for the text of an answer of about so many bytes. Of a long one it is one of its own, whose memory
 * goes back to the system when it ends; what a request's pool has had stays with the connection. */
apr_pool_t *reply_pool(request_rec *r, apr_size_t bytes);

/* Ends it, when the answer has been handed over. */
void reply_pool_end(request_rec *r, apr_pool_t *pool);

/* Answers with a JSON text, which need not outlast the call where it is long. Of the module only this file,
 * transfer.c and refusal.c write to a client. Returns what a handler returns. */
int reply_json(request_rec *r, int status, const writer_t *json);

/* Answers 200 with bytes of a media type, which live as long as the request. */
int reply_bytes(request_rec *r, const char *type, const char *bytes, apr_size_t length);

/* Answers with a file that is the same for everybody, of which a client may keep a copy as long as it asks
 * each time whether that is still it: the ETag is set. status is 200, or 304 without bytes. */
int reply_file(request_rec *r, int status, const char *type, const char *bytes, apr_size_t length);

/* Answers without a body: 204, or OPTIONS. */
int reply_empty(request_rec *r, int status);

/* Makes the body and the headers of a problem (RFC 9457) with the status that the request has: httpd knows
 * more of them than the table. detail is a sentence for this occurrence, or NULL; errors are
 * problem_error_t of a problem_invalid, or NULL. location is the one that the client has asked; where its
 * handler has no pages of problems the type is about:blank. */
void reply_make_problem(request_rec *r, writer_t *writer, const location_config_t *location,
                        const problem_t *problem, const char *detail, const apr_array_header_t *errors);

/* Answers with such a problem and its own status, and a line in the log. */
int reply_problem(request_rec *r, const location_config_t *location, const problem_t *problem,
                  const char *detail, const apr_array_header_t *errors);

#endif
