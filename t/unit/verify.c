/* SPDX-License-Identifier: Apache-2.0 */

/* Tells whether requests are signed by their X-Twilio-Signature, for tests that sign them otherwise. Each
 * line of standard input is a request in JSON: url, body, type (its Content-Type, or null), signature, token.
 * Prints a line for each: 1 or 0. */

#include <apr_general.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "twilio/signature.h"

static const char *member(json_object *request, const char *name)
{
    return json_object_get_string(json_object_object_get(request, name));
}

static int is_signed(json_object *request, apr_pool_t *pool)
{
    const char *url = member(request, "url"), *body = member(request, "body");
    const char *type = member(request, "type"), *token = member(request, "token");
    const signature_t *signature;
    form_t form;

    if (!type || strncmp(type, "application/x-www-form-urlencoded", 33) != 0)
        signature = signature_of_body(url, body, strlen(body), pool);
    else if (form_parse(&form, body, strlen(body), 1000, pool))
        return 0;
    else
        signature = signature_of_form(url, &form, pool);
    return signature_verify(signature, token, strlen(token), member(request, "signature"));
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;

    apr_initialize();
    while (getline(&line, &size, stdin) > 0) {
        json_object *request = json_tokener_parse(line);
        apr_pool_t *pool;

        if (!request || apr_pool_create(&pool, NULL) != APR_SUCCESS)
            return 1;
        printf("%d\n", is_signed(request, pool));
        apr_pool_destroy(pool);
        json_object_put(request);
    }
    free(line);
    apr_terminate();
    return fflush(stdout) != 0;
}
