/* SPDX-License-Identifier: Apache-2.0 */
#include "scan.h"

#include <apr_strings.h>
#include <apr_tables.h>
#include <stdlib.h>
#include <string.h>

#include "pointer.h"
#include "token.h"

const scan_limits_t scan_limits_default = {.depth = 32, .nodes = 10000, .keys = 256};

/* A key of an object that is still open. */
typedef struct scan_key_t {
    const char *bytes; /* its value: in the text, or unescaped in the pool */
    apr_size_t length;
    apr_size_t offset; /* of its opening quote in the text */
} scan_key_t;

/* An array or object that is still open. */
typedef struct scan_frame_t {
    int is_object;
    int first;   /* object: index in scan_t.keys of its first key */
    int current; /* object: index there of the key whose value is being read; array: the element's position */
} scan_frame_t;

typedef struct scan_t {
    token_reader_t reader;
    const unsigned char *text;
    const scan_limits_t *limits;
    int nodes;                  /* values seen so far */
    apr_array_header_t *frames; /* scan_frame_t, outermost first */
    apr_array_header_t *keys;   /* scan_key_t, of all open objects, outermost first */
    scan_error_t *error;
    apr_pool_t *pool;
} scan_t;

/* What the scan does next. */
typedef enum scan_step_t {
    SCAN_VALUE,  /* read a value, or the start of one that holds others */
    SCAN_AFTER,  /* read what follows a value */
    SCAN_DONE,   /* the text is at its end */
    SCAN_REFUSED /* reader.fault and reader.at say why and where */
} scan_step_t;

static scan_step_t refuse(scan_t *scan, const char *fault)
{
    scan->reader.fault = fault;
    return SCAN_REFUSED;
}

/* The next byte, -1 at the end of the text. */
static int peek(const scan_t *scan)
{
    return scan->reader.at < scan->reader.end ? *scan->reader.at : -1;
}

static void skip_space(scan_t *scan)
{
    const unsigned char *at = scan->reader.at;
    const unsigned char *const end = scan->reader.end;

    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    scan->reader.at = at;
}

static apr_size_t offset_of(const scan_t *scan, const unsigned char *at)
{
    return (apr_size_t)(at - scan->text);
}

static scan_frame_t *frame_at(const scan_t *scan, int depth)
{
    return &APR_ARRAY_IDX(scan->frames, depth, scan_frame_t);
}

static scan_key_t *key_at(const scan_t *scan, int index)
{
    return &APR_ARRAY_IDX(scan->keys, index, scan_key_t);
}

/* The JSON Pointer of what the outermost depth frames are reading. */
static const char *pointer_to(const scan_t *scan, int depth)
{
    const apr_size_t index_size = sizeof "2147483647";
    apr_size_t size = 1;
    char *pointer;
    char *to;

    for (int i = 0; i < depth; i++) {
        const scan_frame_t *frame = frame_at(scan, i);
        size += 1 + (frame->is_object ? 2 * key_at(scan, frame->current)->length : index_size);
    }
    pointer = to = apr_palloc(scan->pool, size);
    for (int i = 0; i < depth; i++) {
        const scan_frame_t *frame = frame_at(scan, i);

        *to++ = '/';
        if (frame->is_object)
            to = pointer_put(to, key_at(scan, frame->current)->bytes, key_at(scan, frame->current)->length);
        else
            to += apr_snprintf(to, index_size, "%d", frame->current);
    }
    *to = '\0';
    return pointer;
}

/* Keeps the first reason for a 422, so that no pointer leads through a key with a NUL inside. The scan goes
 * on, because what is not JSON at all gets a 400. */
static void find_invalid(scan_t *scan, apr_size_t offset, int depth, const char *code, const char *detail)
{
    if (scan->error->code)
        return;
    scan->error->offset = offset;
    scan->error->code = code;
    scan->error->pointer = pointer_to(scan, depth);
    scan->error->detail = detail;
}

static int compare_keys(const void *left, const void *right)
{
    const scan_key_t *const a = left;
    const scan_key_t *const b = right;
    int order;

    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    order = memcmp(a->bytes, b->bytes, a->length);
    if (order == 0)
        order = a->offset < b->offset ? -1 : 1;
    return order;
}

/* Looks for a repeated key in the object that the innermost frame has read, by sorting: no choice of keys
 * makes that quadratic, and it needs no hash that a client could collide. */
static void find_duplicate(scan_t *scan)
{
    scan_frame_t *const frame = frame_at(scan, scan->frames->nelts - 1);
    int found = -1;

    if (scan->keys->nelts - frame->first < 2)
        return;
    qsort(key_at(scan, frame->first), (size_t)(scan->keys->nelts - frame->first), sizeof(scan_key_t),
          compare_keys);
    for (int i = frame->first + 1; i < scan->keys->nelts; i++) {
        const scan_key_t *const key = key_at(scan, i);

        if (key->length != key[-1].length || memcmp(key->bytes, key[-1].bytes, key->length) != 0)
            continue;
        if (found < 0 || key->offset < key_at(scan, found)->offset)
            found = i;
    }
    if (found < 0)
        return;
    frame->current = found;
    find_invalid(scan, key_at(scan, found)->offset, scan->frames->nelts, "duplicate",
                 "The object has this member more than once.");
}

static scan_step_t open_frame(scan_t *scan, int is_object)
{
    scan_frame_t *frame;

    if (scan->frames->nelts == scan->limits->depth)
        return refuse(scan, apr_psprintf(scan->pool, "Arrays and objects are nested deeper than %d.",
                                         scan->limits->depth));
    frame = apr_array_push(scan->frames);
    frame->is_object = is_object;
    frame->first = scan->keys->nelts;
    frame->current = 0;
    scan->reader.at++;
    skip_space(scan);
    return SCAN_VALUE;
}

static scan_step_t close_frame(scan_t *scan)
{
    const scan_frame_t *const frame = frame_at(scan, scan->frames->nelts - 1);

    if (frame->is_object && !scan->error->code)
        find_duplicate(scan);
    scan->keys->nelts = frame->first;
    scan->frames->nelts--;
    scan->reader.at++;
    return SCAN_AFTER;
}

/* Reads a key and its colon. */
static scan_step_t read_key(scan_t *scan)
{
    scan_frame_t *const frame = frame_at(scan, scan->frames->nelts - 1);
    const apr_size_t offset = offset_of(scan, scan->reader.at);
    token_string_t string;
    scan_key_t *key;

    if (peek(scan) != '"')
        return refuse(scan, "An object has something else than a string where a key must be.");
    if (scan->keys->nelts - frame->first == scan->limits->keys)
        return refuse(scan,
                      apr_psprintf(scan->pool, "An object has more than %d members.", scan->limits->keys));
    if (!token_string(&scan->reader, &string))
        return SCAN_REFUSED;
    if (string.nul)
        find_invalid(scan, offset, scan->frames->nelts - 1, "nul", "A key of the object holds U+0000.");
    frame->current = scan->keys->nelts;
    key = apr_array_push(scan->keys);
    key->offset = offset;
    key->bytes = string.bytes;
    key->length = string.length;
    if (string.escaped) {
        char *const value = apr_palloc(scan->pool, string.length);
        key->length = token_unescape(value, &string);
        key->bytes = value;
    }
    skip_space(scan);
    if (peek(scan) != ':')
        return refuse(scan, "An object has a key without a colon after it.");
    scan->reader.at++;
    return SCAN_VALUE;
}

static scan_step_t read_string(scan_t *scan)
{
    const apr_size_t offset = offset_of(scan, scan->reader.at);
    token_string_t string;

    if (!token_string(&scan->reader, &string))
        return SCAN_REFUSED;
    if (string.nul)
        find_invalid(scan, offset, scan->frames->nelts, "nul", "The string holds U+0000.");
    return SCAN_AFTER;
}

static scan_step_t read_number(scan_t *scan)
{
    const apr_size_t offset = offset_of(scan, scan->reader.at);
    int in_range;

    if (!token_number(&scan->reader, &in_range))
        return SCAN_REFUSED;
    if (!in_range)
        find_invalid(scan, offset, scan->frames->nelts, "range", "The number is too large.");
    return SCAN_AFTER;
}

static scan_step_t read_object(scan_t *scan)
{
    if (open_frame(scan, 1) == SCAN_REFUSED)
        return SCAN_REFUSED;
    return peek(scan) == '}' ? close_frame(scan) : read_key(scan);
}

static scan_step_t read_array(scan_t *scan)
{
    if (open_frame(scan, 0) == SCAN_REFUSED)
        return SCAN_REFUSED;
    return peek(scan) == ']' ? close_frame(scan) : SCAN_VALUE;
}

static scan_step_t read_word(scan_t *scan, const char *word, apr_size_t length)
{
    return token_word(&scan->reader, word, length) ? SCAN_AFTER : SCAN_REFUSED;
}

static scan_step_t read_value(scan_t *scan)
{
    const int byte = peek(scan);

    if (scan->nodes++ == scan->limits->nodes)
        return refuse(scan, apr_psprintf(scan->pool, "There are more than %d values.", scan->limits->nodes));
    switch (byte) {
    case '{':
        return read_object(scan);
    case '[':
        return read_array(scan);
    case '"':
        return read_string(scan);
    case 't':
        return read_word(scan, "true", 4);
    case 'f':
        return read_word(scan, "false", 5);
    case 'n':
        return read_word(scan, "null", 4);
    case '-':
    case '0' ... '9':
        return read_number(scan);
    default:
        return refuse(scan, "There is no value where one must be.");
    }
}

static scan_step_t read_after(scan_t *scan)
{
    const int byte = peek(scan);
    scan_frame_t *frame;

    if (scan->frames->nelts == 0)
        return byte < 0 ? SCAN_DONE : refuse(scan, "There is more after the end of the JSON text.");
    frame = frame_at(scan, scan->frames->nelts - 1);
    if (byte == (frame->is_object ? '}' : ']'))
        return close_frame(scan);
    if (byte != ',')
        return refuse(scan, frame->is_object ? "An object has neither a comma nor its end after a member."
                                             : "An array has neither a comma nor its end after an element.");
    scan->reader.at++;
    if (!frame->is_object) {
        frame->current++;
        return SCAN_VALUE;
    }
    skip_space(scan);
    return read_key(scan);
}

const problem_t *scan_text(const char *text, apr_size_t length, const scan_limits_t *limits,
                           scan_error_t *error, apr_pool_t *pool)
{
    const unsigned char *const bytes = (const unsigned char *)text;
    scan_t scan = {
        .reader = {.at = bytes, .end = bytes + length},
        .text = bytes,
        .limits = limits,
        .frames = apr_array_make(pool, 8, sizeof(scan_frame_t)),
        .keys = apr_array_make(pool, 16, sizeof(scan_key_t)),
        .error = error,
        .pool = pool,
    };
    scan_step_t step = SCAN_VALUE;

    *error = (scan_error_t){0};
    while (step == SCAN_VALUE || step == SCAN_AFTER) {
        skip_space(&scan);
        step = step == SCAN_VALUE ? read_value(&scan) : read_after(&scan);
    }
    if (step == SCAN_REFUSED) {
        *error = (scan_error_t){.offset = offset_of(&scan, scan.reader.at), .detail = scan.reader.fault};
        return &problem_bad_json;
    }
    return error->code ? &problem_invalid : NULL;
}
