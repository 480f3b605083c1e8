/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_TRANSFER_H
#define TENANT_HTTP_TRANSFER_H

#include <httpd.h>

#include "../json/writer.h"

/* An answer whose end is not known when it begins. It is written in portions, each of which waits until the
 * client takes it (httpd's Timeout bounds that), and its end is told from its breaking off in every version
 * of HTTP: in HTTP/1.1 by the last chunk, in HTTP/2 by the frame that ends or resets the stream. In HTTP/1.0,
 * where the end of the connection is the end of the body, a connection that ends too early is reset. */
typedef struct transfer_t {
    request_rec *r;
    apr_bucket_brigade *brigade; /* the same for all portions */
    int is_resetting;            /* whatever ends the connection now resets it */
} transfer_t;

/* Begins a 200 of this content type, which its other headers precede. Nothing is sent yet. */
void transfer_begin(transfer_t *transfer, request_rec *r, const char *type);

/* Sends a portion and waits until the connection has taken it: its memory may then be used again. 0: the
 * client is gone, and nothing more is to be sent. */
int transfer_send(transfer_t *transfer, const writer_t *portion);

/* Sends the last portion, which may be empty, and ends the answer.
 * Waits for no client that takes its time. */
void transfer_end(transfer_t *transfer, const writer_t *portion);

/* Ends an answer that cannot be finished so that the client learns of it. */
void transfer_break(transfer_t *transfer);

#endif
