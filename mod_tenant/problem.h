/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_PROBLEM_H
#define TENANT_PROBLEM_H

#include <apr_tables.h>
#include <apr_time.h>

/* One kind of error answer (RFC 9457). Every room returns a pointer to an entry of this table, NULL meaning
 * fine; only the API's reply turns one into a response, so HTTP statuses and apr_status_t never mix. */
typedef struct problem_t {
    const char *code;    /* stable name: the last segment of the problem's type URI */
    int status;          /* HTTP status */
    const char *title;   /* one sentence for people, the same for every occurrence */
    const char *meaning; /* what it means, for /problems/CODE; `code` may stand in backquotes */
    const char *advice;  /* what to do, likewise */
} problem_t;

/* One thing that is wrong with a body, as an answer with problem_invalid lists them. */
typedef struct problem_error_t {
    const char *pointer; /* JSON Pointer (RFC 6901) of the member; "": the body */
    const char *code;   /* required, unknown, read-only, type, length, pattern, range, null, nul, duplicate */
    const char *detail; /* a sentence */
} problem_error_t;

/* X(identifier, status, code, title, meaning, advice) */
#define PROBLEMS(X)                                                                                          \
    X(bad_request, 400, "bad-request", "The request is malformed.",                                          \
      "The server could not make sense of the request, of its HTTP or of its body as a whole.",              \
      "Look at `detail`, mend the request and send it again.")                                               \
    X(bad_json, 400, "bad-json", "The body is not a JSON text as RFC 8259 defines it.",                      \
      "The body cannot be read as JSON: `detail` names the byte where it goes wrong. Comments, trailing "    \
      "commas, single quotes, NaN and text that is not UTF-8 are no JSON.",                                  \
      "Let a JSON library write the body.")                                                                  \
    X(bad_parameter, 400, "bad-parameter",                                                                   \
      "A query parameter is unknown, repeated or has an invalid value.",                                     \
      "`detail` names the parameter. Unknown ones are refused, so that a misspelt filter does not show "     \
      "everything.",                                                                                         \
      "Compare the query with the reference of this operation.")                                             \
    X(bad_cursor, 400, "bad-cursor", "The cursor does not belong to this list.",                             \
      "`after` or `before` holds something else than a cursor that this list gave out, or one that it gave " \
      "out for other filters or another order.",                                                             \
      "Follow `next` as it is, without changing its query. Start over from the first page if the cursor is " \
      "lost.")                                                                                               \
    X(bad_header, 400, "bad-header", "A request header has an invalid value.", "`detail` names the header.", \
      "Compare its value with the reference of this operation.")                                             \
    X(ambiguous_key, 400, "ambiguous-key", "The request carries more than one API key.",                     \
      "There are two different keys in it, or a header with a key came twice. Which one counts is not for "  \
      "the server to guess.",                                                                                \
      "Send one key, in one header: `Authorization: Bearer KEY` or `X-API-Key: KEY`.")                       \
    X(key_missing, 401, "key-missing", "This needs an API key.",                                             \
      "The request carries no API key, and the Host it was sent to gives no authority to do this.",          \
      "Send the key as `Authorization: Bearer KEY` or `X-API-Key: KEY`. Keys in the URL are not read.")      \
    X(key_invalid, 401, "key-invalid", "The API key is not valid.",                                          \
      "The key is mistyped, cut off, unknown, or it has been replaced and its time is over.",                \
      "Compare the key with the one that you were given, all 52 characters. If it was replaced, use the "    \
      "new one.")                                                                                            \
    X(login_invalid, 401, "login-invalid", "The user name or the password is wrong.",                        \
      "Nobody logs in with this name and password here. Users belong to the tenant whose Host the request "  \
      "was sent to.",                                                                                        \
      "Check both, and the host name in the URL. Too many attempts are answered with 429.")                  \
    X(tenant_mismatch, 403, "tenant-mismatch", "The API key belongs to another tenant than the Host.",       \
      "The Host in the URL is one tenant's own domain, the key is another tenant's.",                        \
      "Use the key of that tenant, or the host name that all tenants share.")                                \
    X(signature_invalid, 403, "signature-invalid", "The request is not signed by its Twilio account.",       \
      "Webhooks prove by `X-Twilio-Signature` that Twilio has sent them. The signature is missing, or is "   \
      "not what the auth token of a tenant with this AccountSid makes of the URL and the parameters.",       \
      "See whether the tenant's `twilio_auth_token` is the account's primary one, and whether the URL "      \
      "that Twilio was given is the one that the server takes it for (TenantPublicURL).")                    \
    X(tenant_inactive, 403, "tenant-inactive", "The tenant is not active.",                                  \
      "The key is right, but whoever runs this service has switched its tenant off.",                        \
      "Ask them to switch it on.")                                                                           \
    X(tenant_moved, 421, "tenant-moved", "The tenant is served by another cell.",                            \
      "The tenant has moved to another database. This server has its rows as they were then, and does not "  \
      "show them.",                                                                                          \
      "Send the request again, on a new connection. Whoever runs this service leads the tenant's requests "  \
      "to its new cell.")                                                                                    \
    X(key_retiring, 403, "key-retiring", "Only the current API key may do this.",                            \
      "This key has been replaced and goes on working for a while only. It cannot make a new key.",          \
      "Use the key that replaced it. Whoever has lost the answer that showed it sends the same request "     \
      "with "                                                                                                \
      "the same Idempotency-Key again.")                                                                     \
    X(user_forbidden, 403, "user-forbidden", "A user's login does not allow this.",                          \
      "The login is right, but users may not do this here: an API key may.",                                 \
      "Use the tenant's API key, or ask whoever has it.")                                                    \
    X(cross_site, 403, "cross-site", "Another site may not send this.",                                      \
      "A browser sent the request on behalf of a page of another site. Because browsers add logins by "      \
      "themselves, such requests are refused.",                                                              \
      "Send it from a page of this very server, or from a program with an API key.")                         \
    X(admin_unprotected, 403, "admin-unprotected",                                                           \
      "The administration is not protected by a login of the server's own.",                                 \
      "The administration answers only where the server itself has asked who is there, by a login that is "  \
      "not a tenant's.",                                                                                     \
      "The sysadmin gives the Location an AuthType, a provider that is not mod_tenant's, and a Require.")    \
    X(https_required, 403, "https-required", "This needs HTTPS.",                                            \
      "The request came in the clear, and so did the key, if it carried one.",                               \
      "Send it to the https address, and replace the key: others may have read it.")                         \
    X(forbidden, 403, "forbidden", "The server's configuration does not allow this.",                        \
      "The web server refused the request for a reason of its own, such as the address that it came from.",  \
      "Ask whoever runs the server.")                                                                        \
    X(not_found, 404, "not-found", "There is nothing here.",                                                 \
      "No such path, or no row of yours with this id. Paths are case-sensitive and do not end in a slash. "  \
      "A row of another tenant answers the same.",                                                           \
      "Check the path and the id. The base path links to everything that there is.")                         \
    X(method_not_allowed, 405, "method-not-allowed", "This does not support the request method.",            \
      "The path exists, the method does not. The header Allow lists those that do.", "Use one of them.")     \
    X(not_acceptable, 406, "not-acceptable", "The answer does not exist in a form that Accept allows.",      \
      "The request's Accept header excludes every form that the answer could have.",                         \
      "Send `Accept: application/json`, or no Accept at all.")                                               \
    X(request_timeout, 408, "request-timeout", "The request did not arrive in time.",                        \
      "The request began, but the rest of it was too slow in coming.",                                       \
      "Send it again. If it happens often, look for what holds your connection up.")                         \
    X(sid_taken, 409, "sid-taken", "The sid is taken.",                                                      \
      "A row with this sid exists already. Sids are unique among all tenants, so that it need not be a row " \
      "that you can see.",                                                                                   \
      "If you have sent the request before, it has succeeded then: read the row by its sid. Otherwise look " \
      "where the sid comes from.")                                                                           \
    X(email_taken, 409, "email-taken", "The e-mail address is taken.",                                       \
      "Another user of the same tenant has this address; case does not count.",                              \
      "Change that user, or take another address.")                                                          \
    X(domain_taken, 409, "domain-taken", "The custom domain is taken.", "Another tenant has this domain.",   \
      "Take it from that tenant first, or use another one.")                                                 \
    X(tenant_active, 409, "tenant-active", "An active tenant cannot be removed.",                            \
      "Removing a tenant removes all of its rows, so that only one that has been switched off can go.",      \
      "Set its status to inactive, make sure that nobody misses it, and remove it then.")                    \
    X(twilio_not_set_up, 409, "twilio-not-set-up", "The tenant's account at Twilio is not set up for this.", \
      "A token for Twilio needs the account's sid, the sid of an API key of it, and that key's secret. "     \
      "`detail` says which of them the tenant does not have.",                                               \
      "Make an API key in Twilio's console, and set `twilio_account_sid`, `twilio_api_key_sid` and "         \
      "`twilio_api_key_secret` of `/tenant`.")                                                               \
    X(conflict, 409, "conflict", "The change conflicts with what is stored.",                                \
      "A rule of the database stands against it, or another change of the same rows at the same time.",      \
      "Read what is stored, and try again if your change still makes sense.")                                \
    X(idempotency_in_progress, 409, "idempotency-in-progress",                                               \
      "A request with the same Idempotency-Key has not ended.",                                              \
      "Another request with this Idempotency-Key is being worked on at this moment.",                        \
      "Wait a second and send the request again as it is: you will get the other one's answer.")             \
    X(precondition_failed, 412, "precondition-failed",                                                       \
      "The row has changed, or a precondition does not hold.",                                               \
      "If-Match holds an ETag that is not the row's present one: somebody has changed the row since you "    \
      "read it. Nothing was written.",                                                                       \
      "Read the row again, apply your change to what it is now, and send it with the new ETag.")             \
    X(body_too_large, 413, "body-too-large", "The body is too large.",                                       \
      "The body has more bytes than this server takes; `detail` says how many that are.",                    \
      "Send less at a time.")                                                                                \
    X(unsupported_media_type, 415, "unsupported-media-type", "The body's media type is not supported here.", \
      "Content-Type is missing, or says something else than this operation takes.",                          \
      "Send `Content-Type: application/json`, or `application/merge-patch+json` with PATCH. A charset can "  \
      "only be UTF-8.")                                                                                      \
    X(invalid, 422, "invalid", "The body has members that are not valid.",                                   \
      "The body is JSON, but not what this operation takes. `errors` lists every member that is wrong, "     \
      "with a code: `required`, `unknown`, `read-only`, `type`, `length`, `pattern`, `range`, `null`, "      \
      "`nul` or `duplicate`.",                                                                               \
      "Mend them all and send the request again; nothing has been written.")                                 \
    X(idempotency_mismatch, 422, "idempotency-mismatch",                                                     \
      "The Idempotency-Key has been used with another body.",                                                \
      "In the last 24 hours a request with this Idempotency-Key has made a row of this collection, with "    \
      "other content. Bodies are compared byte by byte.",                                                    \
      "To repeat that request, send the very bytes that it had. For another row, make a new key.")           \
    X(rate_limited, 429, "rate-limited", "There were too many requests.",                                    \
      "You have sent more requests of this kind than the server lets one client send at a time.",            \
      "Wait as many seconds as Retry-After says. Then send fewer at a time.")                                \
    X(internal, 500, "internal", "The server met an error that it did not expect.",                          \
      "This is a fault of the server's, not of your request's.",                                             \
      "Tell whoever runs it, with the `request_id`.")                                                        \
    X(twilio_unusable, 502, "twilio-unusable", "Twilio's answer cannot be used.",                            \
      "What came from Twilio is broken, or is not what was asked for.",                                      \
      "Try again later. Tell whoever runs the service if it stays so, with the `request_id`.")               \
    X(database_away, 503, "database-away", "The database cannot be reached.",                                \
      "The service is running, its database is not, for the moment.",                                        \
      "Try again after as many seconds as Retry-After says. A write may have taken effect: read before you " \
      "repeat it, or use an Idempotency-Key.")                                                               \
    X(pool_exhausted, 503, "pool-exhausted", "All database connections are in use.",                         \
      "The service is busier than it was set up for.",                                                       \
      "Try again after as many seconds as Retry-After says, more slowly. Nothing has been written.")         \
    X(query_timeout, 503, "query-timeout", "The database did not answer in time.",                           \
      "The database is slow at the moment, or the request asks for much. It was broken off.",                \
      "Try again after as many seconds as Retry-After says, with fewer filters or a smaller `limit`. A "     \
      "write may have taken effect.")                                                                        \
    X(write_in_doubt, 503, "write-in-doubt", "The write is not safe yet.",                                   \
      "The write is in effect, but a copy of it that this service waits for was not made in time. If the "   \
      "database fails now the write may be lost.",                                                           \
      "Send the request again, with the same Idempotency-Key if it is a POST, after as many seconds as "     \
      "Retry-After says, until it is answered. Without a key, read before you repeat it.")                   \
    X(slots_busy, 503, "slots-busy", "Too many passwords are being hashed.",                                 \
      "Hashing a password takes time and memory on purpose, so that only a few are hashed at once.",         \
      "Try again after as many seconds as Retry-After says. Nothing has been written.")                      \
    X(secret_unreadable, 503, "secret-unreadable", "A stored secret cannot be read.",                        \
      "A credential of this tenant was sealed with a key that the server does not have, or it has been "     \
      "altered in the database.",                                                                            \
      "Set the credential again, or tell whoever runs the server, with the `request_id`: their log names "   \
      "it.")                                                                                                 \
    X(twilio_away, 503, "twilio-away", "Twilio cannot be reached.",                                          \
      "The service is running, but has no way to Twilio at the moment.",                                     \
      "Try again after as many seconds as Retry-After says.")                                                \
    X(tenant_moving, 503, "tenant-moving", "The tenant is moving to another cell.",                          \
      "For some seconds its rows are not changed, so that none is lost on the way.",                         \
      "Send the request again after `Retry-After`, with the same Idempotency-Key.")                          \
    X(draining, 503, "draining", "The server is about to end.",                                              \
      "It answers what it has begun, and takes no new connections. Others may be there, or a new one is.",   \
      "Send requests over a new connection.")                                                                \
    X(misconfigured, 503, "misconfigured", "The service is not set up correctly.",                           \
      "The database is not in the state that this service relies on, so that it serves nothing.",            \
      "Tell whoever runs it: their log says what is wrong.")                                                 \
    X(twilio_timeout, 504, "twilio-timeout", "Twilio did not answer in time.",                               \
      "The service asked Twilio, and waited as long as it may.", "Try again later.")

#define PROBLEM_DECLARE(identifier, ...) extern const problem_t problem_##identifier;
PROBLEMS(PROBLEM_DECLARE)
#undef PROBLEM_DECLARE

/* All of them, by status; ended by NULL. */
extern const problem_t *const problem_table[];

/* The entry for an HTTP error that httpd itself raised; for a status without one, by class (bad_request for
 * 4xx, internal for 5xx). Never NULL. */
const problem_t *problem_of_status(int status);

/* Sets Retry-After where a problem passes with time: how long a client does well to wait, in seconds (RFC
 * 9110 section 10.2.3). Who has set it knows better. */
void problem_set_retry_after(const problem_t *problem, apr_table_t *headers);

/* Sets Retry-After to a wait that is known: in whole seconds, none too few. */
void problem_set_wait(apr_interval_time_t wait, apr_table_t *headers);

#endif
