/* SPDX-License-Identifier: Apache-2.0 */
#include "moment.h"

#include <string.h>
#include <time.h>

#include "command.h"
#include "output.h"

#define EXAMPLES "2026-11-20, 2026-11-20T12:00:00Z, or how long ago: 90m, 36h, 7d"

enum { AGO_MAX = 100000 };

/* A time that is so long ago, as `36h`. 0: it is no such text. */
static int read_ago(time_t *at, const char *text)
{
    static const struct {
        char unit;
        long seconds;
    } units[] = {{'m', 60}, {'h', 3600}, {'d', 86400}};
    long count = 0;

    if (strlen(text) < 2 || strspn(text, "0123456789") != strlen(text) - 1)
        return 0;
    for (; text[1]; text++) {
        count = count * 10 + (*text - '0');
        if (count > AGO_MAX)
            return 0;
    }
    for (size_t n = 0; n < sizeof units / sizeof *units; n++) {
        if (*text == units[n].unit) {
            *at = time(NULL) - count * units[n].seconds;
            return 1;
        }
    }
    return 0;
}

/* A date, or a date and a time of UTC. 0: it is no such text. */
static int read_date(time_t *at, const char *text)
{
    static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"};
    char again[sizeof "9999-12-31T23:59:60Z"];

    for (size_t n = 0; n < sizeof forms / sizeof *forms; n++) {
        struct tm parts = {0};
        const char *end = strptime(text, forms[n], &parts);

        if (!end || *end)
            continue;
        *at = timegm(&parts);
        /* not of the 31st of November, which strptime() takes */
        return strftime(again, sizeof again, forms[n], &parts) > 0 && strcmp(again, text) == 0;
    }
    return 0;
}

int moment_read(const char **time_text, const char *option, const char *given, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, sizeof "9999-12-31T23:59:59Z");
    struct tm parts;
    time_t at;

    *time_text = text;
    if (!read_ago(&at, given) && !read_date(&at, given))
        return complain(EXIT_USAGE, "--%s must be " EXAMPLES, option);
    if (at > time(NULL))
        return complain(EXIT_USAGE, "--%s lies ahead", option);
    if (!gmtime_r(&at, &parts) || parts.tm_year < 0 ||
        strftime(text, sizeof "9999-12-31T23:59:59Z", "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        return complain(EXIT_USAGE, "--%s must be " EXAMPLES, option);
    return EXIT_DONE;
}
