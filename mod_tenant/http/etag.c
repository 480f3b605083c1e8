/* SPDX-License-Identifier: Apache-2.0 */
#include "etag.h"

#include <apr_strings.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../secret/digest.h"

/* A tag's text, without quotes: at most 16 digits, a dash, 16 digits, NUL. */
enum { TEXT_SIZE = 16 + 1 + 16 + 1 };

uint64_t etag_salt(uint64_t shape, int tenant)
{
    static const digest_key_t public_key; /* nothing here is secret */
    uint64_t parts[] = {shape, (uint64_t)tenant};

    return digest_make(&public_key, (const char *)parts, sizeof parts).words[0];
}

/* Writes a number in digits of base 16, at least so many. Returns their end. */
static char *put_hex(char *to, uint64_t number, int least)
{
    int digits = least;

    while (digits < 16 && number >> 4 * digits)
        digits++;
    for (int n = digits; n > 0; n--, number >>= 4)
        to[n - 1] = "0123456789abcdef"[number & 0xf];
    return to + digits;
}

/* Returns its end, where a NUL is: every answer with a row has one, so no printf. */
static char *write_text(char text[TEXT_SIZE], uint64_t version, uint64_t salt)
{
    char *end = put_hex(text, version, 1);

    *end++ = '-';
    end = put_hex(end, salt, 16);
    *end = '\0';
    return end;
}

const char *etag_make(const char *version, uint64_t salt, apr_pool_t *pool)
{
    char *tag = apr_palloc(pool, TEXT_SIZE + 2);
    char *end = tag + 1;

    *tag = '"';
    end = write_text(end, (uint64_t)strtoll(version, NULL, 10), salt);
    memcpy(end, "\"", sizeof "\"");
    return tag;
}

static int is_etag_character(char c)
{
    unsigned char byte = (unsigned char)c;

    return byte == 0x21 || (byte >= 0x23 && byte <= 0x7e) || byte >= 0x80;
}

/* Reads a tag at *at and moves behind it. 0: there is none. */
static int parse_tag(etag_t *tag, const char **at)
{
    const char *c = *at;

    tag->is_weak = strncmp(c, "W/", 2) == 0;
    if (tag->is_weak)
        c += 2;
    if (*c++ != '"')
        return 0;
    tag->text = c;
    while (is_etag_character(*c))
        c++;
    tag->length = (apr_size_t)(c - tag->text);
    *at = c + 1;
    return *c == '"';
}

static void skip_space(const char **at)
{
    *at += strspn(*at, " \t");
}

int etag_list_parse(etag_list_t *list, const char *header, apr_pool_t *pool)
{
    const char *at = header;

    memset(list, 0, sizeof *list);
    if (!header)
        return 1;
    list->is_given = 1;
    skip_space(&at);
    if (*at == '*') {
        at++;
        skip_space(&at);
        list->is_any = 1;
        return !*at;
    }
    list->tags = apr_array_make(pool, 1, sizeof(etag_t));
    for (;;) {
        at += strspn(at, " \t,"); /* empty members are nothing (RFC 9110 section 5.6.1.2) */
        if (!*at)
            return list->tags->nelts > 0;
        if (list->tags->nelts == ETAG_LIST_MAX || !parse_tag(apr_array_push(list->tags), &at))
            return 0;
        skip_space(&at);
        if (*at && *at != ',')
            return 0;
    }
}

/* The length of a tag's text without the suffix of a compressed answer. */
static apr_size_t plain_length(const etag_t *tag)
{
    static const char *const suffixes[] = {"-gzip", "-br"};

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        apr_size_t length = strlen(suffixes[i]);

        if (tag->length > length && memcmp(tag->text + tag->length - length, suffixes[i], length) == 0)
            return tag->length - length;
    }
    return tag->length;
}

/* Whether the list's tag may be compared this way at all. */
static int is_comparable(const etag_t *tag, etag_comparison_t comparison)
{
    return comparison == ETAG_WEAK || !tag->is_weak;
}

/* The first tag of a list that equals this one, or NULL. */
static const etag_t *find(const etag_list_t *list, const char *tag, etag_comparison_t comparison)
{
    apr_size_t length = strlen(tag) - 2;

    for (int n = 0; list->tags && n < list->tags->nelts; n++) {
        const etag_t *listed = &APR_ARRAY_IDX(list->tags, n, etag_t);

        if (is_comparable(listed, comparison) && plain_length(listed) == length &&
            memcmp(listed->text, tag + 1, length) == 0)
            return listed;
    }
    return NULL;
}

int etag_list_has(const etag_list_t *list, const char *tag, etag_comparison_t comparison)
{
    return list->is_any || find(list, tag, comparison);
}

const char *etag_list_spelling(const etag_list_t *list, const char *tag, apr_pool_t *pool)
{
    const etag_t *listed = find(list, tag, ETAG_WEAK);

    return listed ? apr_psprintf(pool, "\"%.*s\"", (int)listed->length, listed->text) : tag;
}

/* Reads the version of a tag under a salt. 0: it is no such tag. */
static int read_version(uint64_t *version, const etag_t *tag, uint64_t salt)
{
    apr_size_t length = plain_length(tag);
    char given[TEXT_SIZE], right[TEXT_SIZE];

    if (length >= sizeof given)
        return 0;
    memcpy(given, tag->text, length);
    given[length] = '\0';
    *version = strtoull(given, NULL, 16);
    write_text(right, *version, salt);
    return strcmp(given, right) == 0;
}

const char *etag_list_versions(const etag_list_t *list, uint64_t salt, etag_comparison_t comparison,
                               apr_pool_t *pool)
{
    const char *versions = "";

    if (!list->is_given || list->is_any)
        return NULL;
    for (int n = 0; n < list->tags->nelts; n++) {
        const etag_t *tag = &APR_ARRAY_IDX(list->tags, n, etag_t);
        uint64_t version;

        if (is_comparable(tag, comparison) && read_version(&version, tag, salt))
            versions = apr_psprintf(pool, "%s%s%" PRId64, versions, *versions ? "," : "", (int64_t)version);
    }
    return apr_pstrcat(pool, "{", versions, "}", NULL);
}
