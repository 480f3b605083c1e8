/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <apr_general.h>
#include <getopt.h>
#include <string.h>

#include "../resource/resource.h"
#include "httpd.h"

static const struct {
    const char *name;
    const char *argument; /* NULL: it takes none */
    const char *summary;
} table[OPTION_COUNT] = {
    [OPTION_HELP] = {"help", NULL, "print this, as -h does"},
    [OPTION_VERSION] = {"version", NULL, "print the version"},
    [OPTION_JSON] = {"json", NULL, "print one JSON document instead of a table"},
    [OPTION_DATABASE] =
        {"database", "CONNINFO",
         "libpq connection string, without a password, or exec:/path of a program that prints one"},
    [OPTION_KEY_FILE] = {"key-file", "PATH", "file of sealing keys and peppers"},
    [OPTION_CONFIG] = {"config", "FILE",
                       "take what is not given from this httpd configuration, default " HTTPD_CONFIG},
    [OPTION_RUNTIME_DIR] = {"runtime-dir", "DIR",
                            "httpd's runtime folder, where it tells which keys it has loaded"},
    [OPTION_FORCE] = {"force", NULL, "do it whatever httpd has loaded and the database holds"},
    [OPTION_YES] = {"yes", NULL, "do not ask"},
    [OPTION_HASH] = {"hash", NULL, "print the hashes of the keys on standard input"},
    [OPTION_PLAINTEXT] = {"plaintext", NULL, "seal the values too that an earlier system left in clear"},
    [OPTION_GRACE_SECONDS] = {"grace-seconds", "N",
                              "how long the old key goes on working: 0 to " APR_STRINGIFY(
                                  RESOURCE_GRACE_MAX) ", default " APR_STRINGIFY(RESOURCE_GRACE_DEFAULT)},
    [OPTION_URL] = {"url", "URL", "https://HOST/PATH of the Location with TenantHandler twilio"},
    [OPTION_CA] = {"ca", "FILE", "certificates that may have signed the server's"},
    [OPTION_INSECURE] = {"insecure", NULL, "do not ask whose certificate the server has"},
    [OPTION_ALL] = {"all", NULL, "every tenant that has an account at Twilio"},
    [OPTION_SINCE] = {"since", "TIME",
                      "2026-11-20, 2026-11-20T12:00:00Z, or how long ago: 90m, 36h, 7d (the default)"},
    [OPTION_BEFORE] = {"before", "TIME", "2026-11-20, 2026-11-20T12:00:00Z, or how long ago: 90m, 36h, 365d"},
    [OPTION_BASE_URL] = {"base-url", "URL", "instead of https://api.twilio.com"},
    [OPTION_WITH_PASSWORDS] = {"with-passwords", NULL,
                               "the hashes of the users' passwords too; connects as tenant_owner"},
    [OPTION_EXPORT] = {"export", "FILE", "export the tenant first"},
    [OPTION_WITHOUT_EXPORT] = {"without-export", NULL, "nothing of the tenant is to be kept"},
    [OPTION_THROUGH] = {"through", "CONNINFO",
                        "how the server of --to reaches this database; as this program does unless given"},
    [OPTION_TO_KEY_FILE] = {"to-key-file", "PATH", "the target's key file; the same unless given"},
    [OPTION_SWITCH] = {"switch", "COMMAND", "leads the tenant's requests to the target, within the pause"},
    [OPTION_PAUSE] = {"pause", "SECONDS", "how long the tenant is without writes at most: 5 unless given"},
    [OPTION_ABORT] = {"abort", NULL, "take the move back"},
    [OPTION_OF] = {"of", "CELLS", "how many cells there will ever be, from 2 to 1000"},
    [OPTION_BESIDE] = {"beside", "CONNINFO", "another cell: begin above all ids that it has given"},
    [OPTION_SID] = {"sid", "SID", "of the call, message or recording; a new one unless given"},
    [OPTION_CALL_SID] = {"call-sid", "SID", "of a recording's call, or of the leg that was dialled"},
    [OPTION_FROM] = {"from", "NUMBER", "who calls or writes"},
    [OPTION_TO] = {"to", "NUMBER|CONNINFO",
                   "whom; the tenant's number is one of the two unless given. Of a move: the target"},
    [OPTION_BODY] = {"body", "TEXT", "of a message"},
    [OPTION_DURATION] = {"duration", "SECONDS", "of a call or recording"},
    [OPTION_CLEAR] = {"clear", "FIELD,...", "unset fields, by the names that --json shows"},
    [OPTION_NAME] = {"name", "TEXT", "1 to 256 characters"},
    [OPTION_STATUS] = {"status", "STATUS", "of a tenant active or inactive; of an event Twilio's word"},
    [OPTION_CUSTOM_DOMAIN] = {"custom-domain", "HOST", "host name in ASCII (xn--... for others)"},
    [OPTION_TWILIO_ACCOUNT_SID] = {"twilio-account-sid", "SID", NULL},
    [OPTION_TWILIO_AUTH_TOKEN] = {"twilio-auth-token", NULL, "ask for it, or read a line of standard input"},
    [OPTION_TWILIO_API_KEY_SID] = {"twilio-api-key-sid", "SID", NULL},
    [OPTION_TWILIO_API_KEY_SECRET] = {"twilio-api-key-secret", NULL,
                                      "the same; the next line where both are given"},
    [OPTION_TWILIO_PHONE_NUMBER] = {"twilio-phone-number", "NUMBER", "`+` and 2 to 15 digits"},
    [OPTION_RATE_LIMIT] = {"rate-limit", "LIMIT",
                           "N/TIME, or 'N/TIME burst=N'; without one the server's counts"},
};

const char *options_read(options_t *options, int argc, char **argv, int *first)
{
    static char letter[] = "-?"; /* an option of one letter, which other words may stand around */
    struct option known[OPTION_COUNT + 1] = {{0}};
    int option;

    for (int n = 0; n < OPTION_COUNT; n++) {
        known[n].name = table[n].name;
        known[n].has_arg = table[n].argument ? required_argument : no_argument;
        known[n].val = n + 1; /* 0 would mean something else to getopt_long() */
    }
    opterr = 0;
    while ((option = getopt_long(argc, argv, "h", known, NULL)) != -1) {
        if (option == 'h')
            option = OPTION_HELP + 1;
        if (option == '?' && optopt > OPTION_COUNT) {
            letter[1] = (char)optopt;
            return letter;
        }
        if (option == '?' || option < 1 || option > OPTION_COUNT)
            return argv[optind - 1];
        if (options->values[option - 1])
            return table[option - 1].name;
        options->values[option - 1] = optarg ? optarg : "";
    }
    *first = optind;
    return NULL;
}

const char *options_name(option_t option)
{
    return table[option].name;
}

option_t options_beyond(const options_t *options, option_set_t accepted)
{
    int n = 0;

    while (n < OPTION_COUNT && (!options->values[n] || (accepted & OPTION_BIT(n))))
        n++;
    return (option_t)n;
}

void options_describe(FILE *out, option_set_t accepted)
{
    enum { WIDTH = 30 };

    for (int n = 0; n < OPTION_COUNT; n++) {
        const char *argument = table[n].argument ? table[n].argument : "";
        const char *summary = table[n].summary ? table[n].summary : "";
        int width;

        if (!(accepted & OPTION_BIT(n)))
            continue;
        width = fprintf(out, "  --%s%s%s", table[n].name, *argument ? " " : "", argument);
        if (*summary)
            fprintf(out, "%*s  %s", width < WIDTH ? WIDTH - width : 0, "", summary);
        fputc('\n', out);
    }
}
