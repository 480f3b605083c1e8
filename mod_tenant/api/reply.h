/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_REPLY_H
#define TENANT_API_REPLY_H

#include <apr_tables.h>
#include <httpd.h>

#include "../json/writer.h"
#include "../problem.h"

/* Sets the headers that every answer carries. */
void reply_set_headers(request_rec *r);

/* Answers with a JSON text. Of the module only this file and transfer.c write to a client. Returns what a
 * handler returns. */
int reply_json(request_rec *r, int status, const writer_t *json);

/* Answers 200 with bytes of a media type, which live as long as the request. */
int reply_bytes(request_rec *r, const char *type, const char *bytes, apr_size_t length);

/* Answers with a file that is the same for everybody, of which a client may keep a copy as long as it asks
 * each time whether that is still it: the ETag is set. status is 200, or 304 without bytes. */
int reply_file(request_rec *r, int status, const char *type, const char *bytes, apr_size_t length);

/* Answers without a body: 204, or OPTIONS. */
int reply_empty(request_rec *r, int status);

/* Answers with a problem (RFC 9457), its headers and a line in the log. detail is a sentence for this
 * occurrence, or NULL; errors are input_error_t of a problem_invalid, or NULL. prefix is the Location's base
 * path. */
int reply_problem(request_rec *r, const char *prefix, const problem_t *problem, const char *detail,
                  const apr_array_header_t *errors);

/* The hook post_read_request: does for a path that may turn out to be undecodable what reply_prepare() does
 * for others, for httpd refuses it ahead of that. */
int reply_foresee(request_rec *r);

/* The hook pre_translate_name: keeps ErrorDocument from replacing what httpd refuses in our Locations. */
int reply_prepare(request_rec *r);

/* The hook insert_error_filter: what httpd itself refuses in our Locations becomes a problem as well. */
void reply_insert_error_filter(request_rec *r);

/* Registers the filter that the hook inserts. */
void reply_register(void);

#endif
