/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_PROBLEM_H
#define TENANT_PROBLEM_H

/* One kind of error answer (RFC 9457). Every room returns a pointer to an entry of this table, NULL meaning
 * fine; only the API's reply turns one into a response, so HTTP statuses and apr_status_t never mix. */
typedef struct problem_t {
    const char *code;  /* stable name: the last segment of the problem's type URI */
    int status;        /* HTTP status */
    const char *title; /* one sentence for people, the same for every occurrence */
} problem_t;

/* X(identifier, status, code, title) */
#define PROBLEMS(X)                                                                                          \
    X(bad_request, 400, "bad-request", "The request is malformed.")                                          \
    X(bad_json, 400, "bad-json", "The body is not a JSON text as RFC 8259 defines it.")                      \
    X(bad_parameter, 400, "bad-parameter",                                                                   \
      "A query parameter is unknown, repeated or has an invalid value.")                                     \
    X(bad_cursor, 400, "bad-cursor", "The cursor does not belong to this list.")                             \
    X(bad_header, 400, "bad-header", "A request header has an invalid value.")                               \
    X(ambiguous_key, 400, "ambiguous-key", "The request carries more than one API key.")                     \
    X(key_missing, 401, "key-missing", "This needs an API key.")                                             \
    X(key_invalid, 401, "key-invalid", "The API key is not valid.")                                          \
    X(login_invalid, 401, "login-invalid", "The user name or the password is wrong.")                        \
    X(tenant_mismatch, 403, "tenant-mismatch", "The API key belongs to another tenant than the Host.")       \
    X(tenant_inactive, 403, "tenant-inactive", "The tenant is not active.")                                  \
    X(key_retiring, 403, "key-retiring", "Only the current API key may do this.")                            \
    X(user_forbidden, 403, "user-forbidden", "A user's login does not allow this.")                          \
    X(cross_site, 403, "cross-site", "Another site may not send this.")                                      \
    X(admin_unprotected, 403, "admin-unprotected",                                                           \
      "The administration is not protected by a login of the server's own.")                                 \
    X(https_required, 403, "https-required", "This needs HTTPS.")                                            \
    X(forbidden, 403, "forbidden", "The server's configuration does not allow this.")                        \
    X(not_found, 404, "not-found", "There is nothing here.")                                                 \
    X(method_not_allowed, 405, "method-not-allowed", "This does not support the request method.")            \
    X(not_acceptable, 406, "not-acceptable", "The answer does not exist in a form that Accept allows.")      \
    X(request_timeout, 408, "request-timeout", "The request did not arrive in time.")                        \
    X(sid_taken, 409, "sid-taken", "The sid is taken.")                                                      \
    X(email_taken, 409, "email-taken", "The e-mail address is taken.")                                       \
    X(domain_taken, 409, "domain-taken", "The custom domain is taken.")                                      \
    X(tenant_active, 409, "tenant-active", "An active tenant cannot be removed.")                            \
    X(conflict, 409, "conflict", "The change conflicts with what is stored.")                                \
    X(precondition_failed, 412, "precondition-failed",                                                       \
      "The row has changed, or a precondition does not hold.")                                               \
    X(body_too_large, 413, "body-too-large", "The body is too large.")                                       \
    X(unsupported_media_type, 415, "unsupported-media-type", "The body's media type is not supported here.") \
    X(invalid, 422, "invalid", "The body has members that are not valid.")                                   \
    X(rate_limited, 429, "rate-limited", "There were too many requests.")                                    \
    X(internal, 500, "internal", "The server met an error that it did not expect.")                          \
    X(database_away, 503, "database-away", "The database cannot be reached.")                                \
    X(pool_exhausted, 503, "pool-exhausted", "All database connections are in use.")                         \
    X(query_timeout, 503, "query-timeout", "The database did not answer in time.")                           \
    X(slots_busy, 503, "slots-busy", "Too many passwords are being hashed.")                                 \
    X(secret_unreadable, 503, "secret-unreadable", "A stored secret cannot be read.")                        \
    X(misconfigured, 503, "misconfigured", "The service is not set up correctly.")

#define PROBLEM_DECLARE(identifier, status, code, title) extern const problem_t problem_##identifier;
PROBLEMS(PROBLEM_DECLARE)
#undef PROBLEM_DECLARE

/* The entry for an HTTP error that httpd itself raised; for a status without one, by class (bad_request for
 * 4xx, internal for 5xx). Never NULL. */
const problem_t *problem_of_status(int status);

#endif
