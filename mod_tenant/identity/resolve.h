/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_RESOLVE_H
#define TENANT_IDENTITY_RESOLVE_H

#include <httpd.h>

#include "../problem.h"
#include "tenant.h"

/* The hook post_read_request: takes the credential out of the headers, and covers a user's Basic credentials.
 * Nobody is looked up here: what needs no tenant never waits for one, and whether a request shows one does
 * not depend on what the cache knows. */
int resolve_prepare(request_rec *r);

/* The same hook, behind those who would log them: uncovers the user's credentials. */
int resolve_unveil(request_rec *r);

/* The hook protocol_switch, ahead of who switches: a request that becomes a stream of HTTP/2 goes on with the
 * credential that was taken out of its headers. */
int resolve_hand_over(conn_rec *connection, request_rec *r, server_rec *server, const char *protocol);

/* The hook log_transaction, ahead of all loggers: wipes a user's credentials, and takes the credential out of
 * a request that httpd refused before resolve_prepare() could run, for want of a Host, say. */
int resolve_withdraw(request_rec *r);

/* Whether the request came with Basic credentials that have no key. */
int resolve_has_login(const request_rec *r);

/* Takes a user's Basic credentials out of the headers, since they have been judged, and puts them back for
 * who has to judge them again, in a subrequest, say. */
void resolve_take_out_login(request_rec *r);
void resolve_put_back_login(request_rec *r);

/* What is wrong with the request's key without asking the database: its kind and checksum.
 * problem_ambiguous_key, problem_key_invalid, problem_key_missing. */
const problem_t *resolve_check_key(request_rec *r);

/* The tenant whose key the request carries, who may act: the key is known, the Host is not another tenant's,
 * the tenant is active. Found once per request. Besides the problems of resolve_check_key():
 * problem_key_invalid, problem_tenant_mismatch, problem_tenant_inactive, and those of the database. */
const problem_t *resolve_key(request_rec *r, const tenant_t **tenant);

/* The hashes of the request's well-formed key under every pepper, a text[] literal. */
const char *resolve_key_hashes(const request_rec *r);

/* The tenant whose Host the request names, who must be active; it has no authority. *tenant is NULL when the
 * Host is nobody's. problem_tenant_inactive, and those of the database. */
const problem_t *resolve_host(request_rec *r, const tenant_t **tenant);

/* Whether the tenant that resolve_key() or resolve_host() has found may still act, by what is true now: for
 * an answer that takes long. All memory is taken from pool. The problems of those two; problem_key_missing
 * where the Host alone was enough, and is no longer the tenant's. */
const problem_t *resolve_again(request_rec *r, apr_pool_t *pool);

/* Settles on a user of the Host's tenant, who has logged in. user: users.id. */
void resolve_user(request_rec *r, const char *user);

/* Settles on the tenant whose signature a webhook of Twilio's carries (accounts_find()). */
void resolve_account(request_rec *r, const tenant_t *tenant);

/* The tenant that the request is of, active or not, for content that uses it without asking who may act: by
 * its key where it carries one, else by its Host.
 * NULL: nobody's, or a problem of resolve_key() or resolve_host(). */
const tenant_t *resolve_any(request_rec *r);

/* Lets all children of this server forget what they know of a tenant that this request has changed. Called
 * ahead of the answer: whoever gets that finds the change in effect.
 * Other servers hear of it from the database. */
void resolve_forget_tenant(const request_rec *r, int tenant);

/* The same for the logins of a tenant's users. */
void resolve_forget_logins(const request_rec *r, int tenant);

/* Whether the request comes from this machine, and not on behalf of somebody elsewhere, of whom mod_remoteip
 * has learned. */
int resolve_is_local(const request_rec *r);

/* problem_https_required where TenantRequireTLS is on and the request came neither by HTTPS nor from this
 * machine; the connection's own peer counts, not what a header says. */
const problem_t *resolve_check_tls(request_rec *r);

#endif
