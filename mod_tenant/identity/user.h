/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_USER_H
#define TENANT_IDENTITY_USER_H

#include <httpd.h>

#include "../problem.h"
#include "tenant.h"

/* The e-mail address of a login, in bytes; a longer one is nobody's (RFC 5321 section 4.5.3.1.3). */
enum { USER_EMAIL_MAX = 254 };

/* Logs a user of the Host's tenant in, by e-mail address and password. From then on the request is of that
 * tenant by its user (TENANT_VIA_USER). A second time in one request the same login costs nothing.
 *
 * problem_login_invalid: either is wrong, or the Host is nobody's; *user is NULL unless the address is that
 * of a user. problem_tenant_inactive. problem_rate_limited: too many logins have failed; Retry-After is set.
 * problem_slots_busy, and those of the database. */
const problem_t *user_login(request_rec *r, const char *email, const char *password, const char **user);

/* What the login of the request's user, r->user, rests on: a text that changes when the password does, or
 * when another has the address; NULL: who has it cannot log in. In pool, as is all memory that it takes. The
 * problems of the database. */
const problem_t *user_stamp(request_rec *r, const char **stamp, apr_pool_t *pool);

/* What came of the request's last login; NULL: it was right, or there was none. */
const problem_t *user_login_problem(const request_rec *r);

/* Whether the request's last login was right. */
int user_is_logged_in(const request_rec *r);

/* Whose slots the passwords of a tenant's users are hashed in (password_slots_take()). */
const char *user_slots_owner(const request_rec *r, const tenant_t *tenant);

#endif
