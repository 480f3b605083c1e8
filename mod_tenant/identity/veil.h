/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_VEIL_H
#define TENANT_IDENTITY_VEIL_H

#include <httpd.h>

/* A user's Basic credentials in a request's headers, which logs need not have, and once httpd has logged the
 * user in, nobody else. */
typedef struct veil_t {
    char *value; /* of Authorization, the client's own bytes; NULL: there are none */
    int is_out;  /* taken out of headers_in: the login has been decided */
} veil_t;

/* Finds them, once a key has been taken out. */
void veil_find(veil_t *veil, request_rec *r);

/* Puts `Basic -` in their place, and them back. The header stays where it is in the table. */
void veil_draw(const veil_t *veil, request_rec *r);
void veil_lift(const veil_t *veil, request_rec *r);

/* Takes them out of the headers, from which the answer is private, and puts them back for who has to decide
 * about the login again; not where another Authorization has been set meanwhile. */
void veil_take_out(veil_t *veil, request_rec *r);
void veil_put_back(veil_t *veil, request_rec *r);

/* For the time when nobody needs them any more: overwrites them, `Basic -` is what headers_in has. */
void veil_wipe(veil_t *veil, request_rec *r);

#endif
