/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_OPTIONS_H
#define TENANT_TENANTCTL_OPTIONS_H

#include <stdint.h>
#include <stdio.h>

/* The options of all commands; a command accepts some of them.
 * Those from OPTION_NAME on set a field of a tenant. */
typedef enum option_t {
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_JSON,
    OPTION_DATABASE,
    OPTION_KEY_FILE,
    OPTION_CONFIG,
    OPTION_RUNTIME_DIR,
    OPTION_FORCE,
    OPTION_YES,
    OPTION_HASH,
    OPTION_PLAINTEXT,
    OPTION_GRACE_SECONDS,
    OPTION_URL,
    OPTION_CA,
    OPTION_INSECURE,
    OPTION_ALL,
    OPTION_SINCE,
    OPTION_BEFORE,
    OPTION_BASE_URL,
    OPTION_WITH_PASSWORDS,
    OPTION_EXPORT,
    OPTION_WITHOUT_EXPORT,
    OPTION_THROUGH,
    OPTION_TO_KEY_FILE,
    OPTION_SWITCH,
    OPTION_PAUSE,
    OPTION_ABORT,
    OPTION_OF,
    OPTION_BESIDE,
    OPTION_SID,
    OPTION_CALL_SID,
    OPTION_FROM,
    OPTION_TO,
    OPTION_BODY,
    OPTION_DURATION,
    OPTION_CLEAR,
    OPTION_NAME,
    OPTION_STATUS,
    OPTION_CUSTOM_DOMAIN,
    OPTION_TWILIO_ACCOUNT_SID,
    OPTION_TWILIO_AUTH_TOKEN,
    OPTION_TWILIO_API_KEY_SID,
    OPTION_TWILIO_API_KEY_SECRET,
    OPTION_TWILIO_PHONE_NUMBER,
    OPTION_RATE_LIMIT,
    OPTION_COUNT,
} option_t;

/* A set of options. */
typedef uint64_t option_set_t;
#define OPTION_BIT(option) ((option_set_t)1 << (option))
_Static_assert(OPTION_COUNT <= 64, "a set has a bit for each");

/* The options that a command line gives: by option_t its argument, "" where it takes none, NULL where it is
 * not given. */
typedef struct options_t {
    const char *values[OPTION_COUNT];
} options_t;

/* Takes the options out of a command line, wherever they stand; what is left starts at argv[*first]. NULL, or
 * an option that is unknown, lacks its argument, has one that it does not take (behind `=`, which may be a
 * secret), or is repeated. */
const char *options_read(options_t *options, int argc, char **argv, int *first);

/* The name of an option, without its dashes. */
const char *options_name(option_t option);

/* The first option that is given and not in the set; OPTION_COUNT: none. */
option_t options_beyond(const options_t *options, option_set_t accepted);

/* Prints what each option of a set means, a line each. */
void options_describe(FILE *out, option_set_t accepted);

#endif
