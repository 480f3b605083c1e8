/* SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"

#include <json-c/json.h>
#include <json-c/printbuf.h>
#include <limits.h>
#include <string.h>

#include "decimal.h"
#include "scan.h"

/* tree_t has no definition: it is json-c's object by a name of ours. */
static struct json_object *object_of(const tree_t *value)
{
    return (struct json_object *)value;
}

/* Overwrites the strings of a value, for passwords come in bodies. It nests no deeper than tokener_new() let
 * the parser go. */
static void wipe(struct json_object *value)
{
    switch (json_object_get_type(value)) {
    case json_type_string:
        explicit_bzero((char *)json_object_get_string(value), (size_t)json_object_get_string_len(value));
        break;
    case json_type_array:
        for (size_t i = 0; i < json_object_array_length(value); i++)
            wipe(json_object_array_get_idx(value, i));
        break;
    case json_type_object: {
        json_object_object_foreach(value, name, member)
        {
            (void)name;
            wipe(member);
        }
        break;
    }
    default:
        break;
    }
}

static apr_status_t release(void *object)
{
    wipe(object);
    json_object_put(object);
    return APR_SUCCESS;
}

/* A tokener for a text of length bytes. json-c collects each string in the tokener's buffer: with its final
 * size from the start, that buffer is never moved, so no piece of a string stays behind where it was. */
static struct json_tokener *tokener_new(int length)
{
    /* json-c counts the scalar in the innermost array as one more level. */
    struct json_tokener *const tokener = json_tokener_new_ex(scan_limits_default.depth + 1);

    if (!tokener)
        return NULL;
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    if (printbuf_memset(tokener->pb, 0, 0, length) < 0) {
        json_tokener_free(tokener);
        return NULL;
    }
    printbuf_reset(tokener->pb);
    return tokener;
}

static void tokener_free(struct json_tokener *tokener)
{
    explicit_bzero(tokener->pb->buf, (size_t)tokener->pb->size);
    json_tokener_free(tokener);
}

/* Gives 1 when the whole text is one value. A number or word at its very end is complete for json-c only when
 * something follows it. */
static int parse(struct json_tokener *tokener, struct json_object **object, const char *text, int length)
{
    *object = json_tokener_parse_ex(tokener, text, length);
    if (json_tokener_get_error(tokener) == json_tokener_continue) {
        length = 1;
        *object = json_tokener_parse_ex(tokener, " ", length);
    }
    return json_tokener_get_error(tokener) == json_tokener_success &&
           json_tokener_get_parse_end(tokener) == (size_t)length;
}

int tree_parse(const tree_t **root, const char *text, apr_size_t length, apr_pool_t *pool)
{
    struct json_tokener *tokener;
    struct json_object *object = NULL;
    int parsed;

    *root = NULL;
    if (length >= INT_MAX)
        return 0;
    tokener = tokener_new((int)length);
    if (!tokener)
        return 0;
    parsed = parse(tokener, &object, text, (int)length);
    tokener_free(tokener);
    if (object)
        apr_pool_cleanup_register(pool, object, release, apr_pool_cleanup_null);
    if (parsed)
        *root = (const tree_t *)object;
    return parsed;
}

/* Whether a number that json-c took for a double is an integer by its value, and which: it keeps the text
 * that the double was made of. */
static int integer_of_double(struct json_object *object, int64_t *value)
{
    const char *const text = json_object_get_userdata(object);
    const unsigned char *at = (const unsigned char *)text;
    decimal_t number;
    const char *fault;

    return text && decimal_read(&number, &at, at + strlen(text), &fault) && decimal_integer(&number, value);
}

tree_type_t tree_type(const tree_t *value)
{
    static const tree_type_t types[] = {
        [json_type_null] = TREE_NULL,     [json_type_boolean] = TREE_BOOLEAN,
        [json_type_double] = TREE_NUMBER, [json_type_int] = TREE_INTEGER,
        [json_type_object] = TREE_OBJECT, [json_type_array] = TREE_ARRAY,
        [json_type_string] = TREE_STRING,
    };

    const tree_type_t type = types[json_object_get_type(object_of(value))];
    int64_t integer;

    return type == TREE_NUMBER && integer_of_double(object_of(value), &integer) ? TREE_INTEGER : type;
}

int tree_boolean(const tree_t *value)
{
    return json_object_get_boolean(object_of(value));
}

int64_t tree_integer(const tree_t *value)
{
    struct json_object *const object = object_of(value);
    int64_t integer;

    if (json_object_is_type(object, json_type_double) && integer_of_double(object, &integer))
        return integer;
    return json_object_get_int64(object);
}

const char *tree_string(const tree_t *value, apr_size_t *length)
{
    struct json_object *const object = object_of(value);

    *length = (apr_size_t)json_object_get_string_len(object);
    return json_object_get_string(object);
}

int tree_each(const tree_t *object, tree_visit_fn *visit, void *context)
{
    int result = 0;

    json_object_object_foreach(object_of(object), name, member)
    {
        result = visit(context, name, strlen(name), (const tree_t *)member);
        if (result)
            break;
    }
    return result;
}

const tree_t *tree_member(const tree_t *object, const char *name)
{
    return (const tree_t *)json_object_object_get(object_of(object), name);
}

apr_size_t tree_count(const tree_t *array)
{
    return json_object_array_length(object_of(array));
}

const tree_t *tree_item(const tree_t *array, apr_size_t n)
{
    return (const tree_t *)json_object_array_get_idx(object_of(array), n);
}
