/* SPDX-License-Identifier: Apache-2.0 */
#include "profile.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "../resource/resources.h"
#include "../text.h"
#include "../resource/check.h"
#include "../secret/seal.h"
#include "../secret/secret.h"
#include "input.h"
#include "output.h"

enum { SECRET_SIZE = 258 }; /* the longest secret, its newline and NUL */

/* The options that name a field as the API does, but for the dashes. */
static const option_t field_options[] = {
    OPTION_NAME,
    OPTION_STATUS,
    OPTION_CUSTOM_DOMAIN,
    OPTION_TWILIO_ACCOUNT_SID,
    OPTION_TWILIO_AUTH_TOKEN,
    OPTION_TWILIO_API_KEY_SID,
    OPTION_TWILIO_API_KEY_SECRET,
    OPTION_TWILIO_PHONE_NUMBER,
    OPTION_RATE_LIMIT,
};

enum { FIELD_OPTIONS = sizeof field_options / sizeof *field_options };

const field_t *profile_field(const char *name, apr_size_t length)
{
    static const char tenants[] = "tenants";

    return resource_field(resource_find(tenants, sizeof tenants - 1, 1), name, length);
}

/* What is wrong with a value, or NULL. */
static const char *check_value(const field_t *field, const char *value, apr_pool_t *pool)
{
    apr_size_t length = strlen(value);
    int characters;

    if (!text_is_utf8(value, length))
        return "must be UTF-8";
    if (text_has_controls(value, length))
        return "must not hold control characters";
    characters = text_characters(value, length);
    if (characters < field->min || characters > field->max)
        return field->min == field->max
                   ? apr_psprintf(pool, "must have %d characters", field->min)
                   : apr_psprintf(pool, "must have %d to %d characters", field->min, field->max);
    return field->check ? field->check(value, length) : NULL;
}

int profile_add(profile_t *profile, const char *name, const char *value, apr_pool_t *pool)
{
    const field_t *field = profile_field(name, strlen(name));
    const char *why;

    if (value && (field->flags & FIELD_LOWER)) {
        char *lower = apr_pstrdup(pool, value);

        for (char *at = lower; *at; at++)
            *at = (char)apr_tolower(*at);
        value = lower;
    }
    why = value ? check_value(field, value, pool) : NULL;
    if (why)
        return complain(EXIT_USAGE, "%s %s", name, why);
    profile->items[profile->count].field = field;
    profile->items[profile->count++].value = value;
    profile->secrets += field->type == FIELD_SECRET;
    profile->seals |= field->type == FIELD_SECRET && value;
    return EXIT_DONE;
}

static int add_secret(profile_t *profile, const char *name, apr_pool_t *pool)
{
    char *secret = secret_alloc(SECRET_SIZE, pool);

    if (!input_secret(secret, SECRET_SIZE, name))
        return complain(EXIT_FAILED, "%s: there is none on standard input, or it is too long", name);
    return profile_add(profile, name, secret, pool);
}

/* The name of an option's field. */
static const char *field_name(option_t option, apr_pool_t *pool)
{
    char *name = apr_pstrdup(pool, options_name(option));

    for (char *at = name; *at; at++) {
        if (*at == '-')
            *at = '_';
    }
    return name;
}

static int has_field(const profile_t *profile, const field_t *field)
{
    int n = 0;

    while (n < profile->count && profile->items[n].field != field)
        n++;
    return n < profile->count;
}

/* Unsets the fields of a list with commas. */
static int clear_fields(profile_t *profile, const char *list, apr_pool_t *pool)
{
    char *last = NULL, *names = apr_pstrdup(pool, list);
    int status = EXIT_DONE;

    for (char *name = apr_strtok(names, ",", &last); name && status == EXIT_DONE;
         name = apr_strtok(NULL, ",", &last)) {
        const field_t *field = profile_field(name, strlen(name));

        if (!field || !(field->flags & FIELD_NULLABLE))
            return complain(EXIT_USAGE, "--clear: a tenant has no field %s that can be unset", name);
        if (has_field(profile, field))
            return complain(EXIT_USAGE, "%s is both set and unset, or unset twice", name);
        status = profile_add(profile, name, NULL, pool);
    }
    return status;
}

int profile_read(profile_t *profile, const call_t *call)
{
    const char *const *options = call->options.values;
    int status = EXIT_DONE;

    for (int n = 0; status == EXIT_DONE && n < FIELD_OPTIONS; n++) {
        const char *value = options[field_options[n]], *name = field_name(field_options[n], call->pool);

        if (!value)
            continue;
        if (profile_field(name, strlen(name))->type == FIELD_SECRET)
            status = add_secret(profile, name, call->pool);
        else
            status = profile_add(profile, name, value, call->pool);
    }
    if (status == EXIT_DONE && options[OPTION_CLEAR])
        status = clear_fields(profile, options[OPTION_CLEAR], call->pool);
    return status;
}

const char *profile_assignments(const profile_t *profile, int sealed, const char **values,
                                const keyring_t *keyring, int tenant_id, apr_pool_t *pool)
{
    const char *sql = NULL;
    int parameter = 2;

    for (int n = 0; n < profile->count; n++) {
        const field_t *field = profile->items[n].field;
        const char *value = profile->items[n].value, *column = field_column(field);

        if ((field->type == FIELD_SECRET) != sealed)
            continue;
        if (sealed && value)
            value =
                seal_make(keyring, &(seal_place_t){tenant_id, "tenants", column}, value, strlen(value), pool);
        sql = apr_psprintf(pool, "%s%s%s = $%d", sql ? sql : "", sql ? ", " : "", column, parameter);
        values[parameter++ - 1] = value;
    }
    return sql;
}
