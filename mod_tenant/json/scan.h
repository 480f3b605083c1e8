/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_JSON_SCAN_H
#define TENANT_JSON_SCAN_H

#include <apr_pools.h>

#include "../problem.h"

/* What a JSON text may hold at most. */
typedef struct scan_limits_t {
    int depth; /* nesting of arrays and objects; a scalar alone has depth 0 */
    int nodes; /* values, of whatever type, in the whole text */
    int keys;  /* members of one object */
} scan_limits_t;

/* The limits that request bodies get: depth 32, 10,000 nodes, 256 keys. */
extern const scan_limits_t scan_limits_default;

/* Where and why a text was refused; all zero when it was not. The pointer of a 422 is the value's, the
 * repeated member's, or that of the object whose key holds U+0000. */
typedef struct scan_error_t {
    apr_size_t offset; /* from 0: for a 400 the byte that is wrong, for a 422 the first of the value or key */
    const char *code;  /* NULL for a 400; for a 422 the member errors[].code: "nul", "duplicate", "range" */
    const char *pointer; /* NULL for a 400; for a 422 a JSON Pointer (RFC 6901), in the given pool */
    const char *detail;  /* a sentence without any of the text's own bytes; static, or in the pool */
} scan_error_t;

/* Reads length bytes as one JSON text, strictly by RFC 8259: whole input, UTF-8 without surrogates and
 * overlong forms (RFC 3629), no byte order mark, escapes that form valid scalar values.
 *
 * NULL: the text is valid and within the limits.
 * problem_bad_json: not JSON, not UTF-8, or over a limit.
 * problem_invalid: JSON, but a string or key holds U+0000, an object repeats a key (compared after
 * unescaping), or a number cannot be kept: an integer outside of int64_t, or a number whose double is not
 * finite. It tells one of these; a text that also deserves problem_bad_json gets that.
 *
 * Time is O(length + keys * log keys). The pool gets O(depth + keys) bytes, and the values of keys that hold
 * an escape. */
const problem_t *scan_text(const char *text, apr_size_t length, const scan_limits_t *limits,
                           scan_error_t *error, apr_pool_t *pool);

#endif
