/* SPDX-License-Identifier: Apache-2.0 */

/* For libFuzzer (make fuzz). Whatever the scanner accepts, json-c must accept too, and each key and string
 * that json-c finds must come back unchanged through the writer. */

#include <apr_general.h>
#include <stdlib.h>

#include "../../mod_tenant/json/scan.h"
#include "../../mod_tenant/json/tree.h"
#include "../../mod_tenant/json/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* Reads a text again that holds one string, and compares. */
static void check_string(const char *bytes, apr_size_t length, apr_pool_t *pool)
{
    const tree_t *value;
    scan_error_t error;
    writer_t writer;
    const char *again;
    apr_size_t again_length;

    writer_init(&writer, pool, 0);
    writer_string(&writer, bytes, length);
    require(scan_text(writer.text, writer.length, &scan_limits_default, &error, pool) == NULL);
    require(tree_parse(&value, writer.text, writer.length, pool));
    again = tree_string(value, &again_length);
    require(again_length == length && memcmp(again, bytes, length) == 0);
}

static int check_value(void *context, const char *name, apr_size_t name_length, const tree_t *value)
{
    apr_size_t length;
    const char *string;

    check_string(name, name_length, context);
    if (tree_type(value) == TREE_STRING) {
        string = tree_string(value, &length);
        check_string(string, length, context);
    } else if (tree_type(value) == TREE_OBJECT) {
        tree_each(value, check_value, context);
    }
    return 0;
}

/* A refusal tells all that its kind needs, about a byte of the text or the one after its end. */
static void check_refusal(const problem_t *problem, const scan_error_t *error, size_t size)
{
    require(error->offset <= size && error->detail != NULL);
    require((problem == &problem_invalid) == (error->code != NULL));
    require((problem == &problem_invalid) == (error->pointer != NULL));
    require(problem == &problem_invalid || problem == &problem_bad_json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apr_pool_t *pool;
    const problem_t *problem;
    scan_error_t error;
    const tree_t *root;

    if (!pool) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    problem = scan_text((const char *)data, size, &scan_limits_default, &error, pool);
    if (problem) {
        check_refusal(problem, &error, size);
    } else {
        require(tree_parse(&root, (const char *)data, size, pool));
        check_value(pool, "", 0, root);
    }
    apr_pool_clear(pool);
    return 0;
}
