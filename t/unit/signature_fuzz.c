/* SPDX-License-Identifier: Apache-2.0 */

/* For libFuzzer (make fuzz): signatures. The input's lines are a URL, a header, and a body, as a form if it
 * can be one. The header is right just if it is the signature of the URL with or without its port, and that
 * is found under no other token. */

#include <apr_base64.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "../../mod_tenant/secret/mac.h"
#include "../../mod_tenant/twilio/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static const char *sign(const char *text, apr_size_t length, apr_pool_t *pool)
{
    const mac_part_t part = {text, length};
    unsigned char mac[MAC_SHA1_BYTES];
    char *header = apr_palloc(pool, 64);

    mac_sha1(mac, "token", 5, &part, 1);
    apr_base64_encode_binary(header, mac, sizeof mac);
    return header;
}

/* Takes the text's next line, which it NUL-terminates. */
static char *take_line(char **text, char *end)
{
    char *line = *text;
    char *newline = memchr(line, '\n', (size_t)(end - line));

    *text = newline ? newline + 1 : end;
    *(newline ? newline : end) = '\0';
    return line;
}

/* A form of no fields, and no body, are signed by the URL alone, which as a rule is its own canonical form.
 */
static void require_empty(const char *url, apr_pool_t *pool)
{
    const form_t none = {NULL, 0};
    const signature_t *form = signature_of_form(url, &none, pool);

    if (strncmp(url, "https://", 8) == 0 && !strpbrk(url + 8, "@#:"))
        require(signature_verify(form, "token", 5, sign(url, strlen(url), pool)));
    if (strchr(url, '#'))
        require(!signature_verify(form, "token", 5, sign(url, strlen(url), pool)));
    if (!strstr(url, "bodySHA256"))
        require(signature_verify(signature_of_body(url, NULL, 0, pool), "token", 5, "x") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int started;
    char *text = malloc(size + 1), *at = text,
         *end = text + size; /* where the sanitizer sees a read past the end */
    const char *url, *header;
    apr_pool_t *pool;
    form_t form;

    if (!started++)
        apr_initialize();
    require(text != NULL);
    memcpy(text, data, size);
    *end = '\0';
    apr_pool_create(&pool, NULL);
    url = take_line(&at, end);
    header = take_line(&at, end);
    require_empty(url, pool);
    if (!form_parse(&form, at, (apr_size_t)(end - at), 64, pool))
        require(!signature_verify(signature_of_form(url, &form, pool), "token", 5, header));
    require(!signature_verify(signature_of_body(url, at, (apr_size_t)(end - at), pool), "token", 5, header));
    apr_pool_destroy(pool);
    free(text);
    return 0;
}
