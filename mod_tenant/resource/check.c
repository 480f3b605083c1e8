/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <apr_lib.h>
#include <apr_time.h>
#include <stdint.h>
#include <apr_strings.h>
#include <string.h>

#include "../text.h"

enum { SID_LENGTH = 34 };

/* Two letters and 32 hex digits (Twilio's SIDs). */
static int is_sid(const char *text, apr_size_t length, const char *prefix)
{
    if (length != SID_LENGTH || memcmp(text, prefix, 2) != 0)
        return 0;
    for (apr_size_t i = 2; i < length; i++) {
        if (!apr_isxdigit(text[i]))
            return 0;
    }
    return 1;
}

const char *check_call_sid(const char *text, apr_size_t length)
{
    return is_sid(text, length, "CA") ? NULL : "must be CA and 32 hexadecimal digits";
}

const char *check_message_sid(const char *text, apr_size_t length)
{
    return is_sid(text, length, "SM") || is_sid(text, length, "MM")
               ? NULL
               : "must be SM or MM and 32 hexadecimal digits";
}

const char *check_recording_sid(const char *text, apr_size_t length)
{
    return is_sid(text, length, "RE") ? NULL : "must be RE and 32 hexadecimal digits";
}

const char *check_account_sid(const char *text, apr_size_t length)
{
    return is_sid(text, length, "AC") ? NULL : "must be AC and 32 hexadecimal digits";
}

const char *check_api_key_sid(const char *text, apr_size_t length)
{
    return is_sid(text, length, "SK") ? NULL : "must be SK and 32 hexadecimal digits";
}

const char *check_application_sid(const char *text, apr_size_t length)
{
    return is_sid(text, length, "AP") ? NULL : "must be AP and 32 hexadecimal digits";
}

const char *check_push_credential_sid(const char *text, apr_size_t length)
{
    return is_sid(text, length, "CR") ? NULL : "must be CR and 32 hexadecimal digits";
}

/* What Twilio says a client's name may be (its error 31105). */
const char *check_identity(const char *text, apr_size_t length)
{
    for (apr_size_t i = 0; i < length; i++) {
        if (!apr_isalnum(text[i]) && text[i] != '_')
            return "must be letters, digits and `_` of ASCII";
    }
    return NULL;
}

const char *check_phone(const char *text, apr_size_t length)
{
    enum { DIGITS_MIN = 2, DIGITS_MAX = 15 };
    apr_size_t digits = 0;

    while (1 + digits < length && apr_isdigit(text[1 + digits]))
        digits++;
    if (length > 1 && text[0] == '+' && text[1] != '0' && 1 + digits == length && digits >= DIGITS_MIN &&
        digits <= DIGITS_MAX)
        return NULL;
    return "must be `+` and 2 to 15 digits, the first of which is not 0";
}

const char *check_rate_limit(const char *text, apr_size_t length)
{
    enum { LONGEST = sizeof "1000000/86400s burst=1000000" };
    char copy[LONGEST];
    int count, seconds, burst;

    apr_snprintf(copy, sizeof copy, "%.*s", (int)length, text);
    if (length < LONGEST && strlen(copy) == length && text_rate(copy, &count, &seconds, &burst))
        return NULL;
    return "must be N/TIME or N/TIME burst=N, up to 1000000 and 24h, such as `100/1m burst=20`";
}

const char *check_tenant_status(const char *text, apr_size_t length)
{
    if ((length == 6 && memcmp(text, "active", 6) == 0) || (length == 8 && memcmp(text, "inactive", 8) == 0))
        return NULL;
    return "must be active or inactive";
}

/* The length of the label (RFC 5890 section 2.3.1) that text starts with; 0: there is none. */
static apr_size_t label_length(const char *text, apr_size_t length)
{
    enum { LABEL_MAX = 63 };
    apr_size_t i = 0;

    while (i < length && (apr_islower(text[i]) || apr_isdigit(text[i]) || text[i] == '-'))
        i++;
    return i == 0 || i > LABEL_MAX || text[0] == '-' || text[i - 1] == '-' ? 0 : i;
}

const char *check_domain(const char *text, apr_size_t length)
{
    static const char wanted[] = "must be a host name of ASCII labels (punycode for others), without port, "
                                 "trailing dot and IP address";
    const char *end = text + length;
    int has_letter = 0; /* in the last label: without one it would be an IPv4 address */

    for (;;) {
        apr_size_t label = label_length(text, (apr_size_t)(end - text));

        if (label == 0)
            return wanted;
        has_letter = strspn(text, "0123456789") < label;
        text += label;
        if (text == end)
            return has_letter ? NULL : wanted;
        if (*text++ != '.')
            return wanted;
    }
}

const char *check_printable(const char *text, apr_size_t length)
{
    for (apr_size_t i = 0; i < length; i++) {
        if (text[i] < 0x21 || text[i] > 0x7E)
            return "must be printable ASCII without spaces";
    }
    return NULL;
}

const char *check_status(const char *text, apr_size_t length)
{
    apr_size_t i = 0;

    while (i < length && (apr_islower(text[i]) || (i > 0 && (text[i] == '_' || text[i] == '-'))))
        i++;
    return i == length && i > 0 ? NULL : "must be lower-case letters, `_` and `-`, and start with a letter";
}

const char *check_email(const char *text, apr_size_t length)
{
    const char *at = memchr(text, '@', length);
    const char *end = text + length;

    if (!at || at == text || at + 1 == end || memchr(at + 1, '@', (apr_size_t)(end - at - 1)) ||
        memchr(text, ' ', length) || memchr(text, ':', length))
        return "must be an e-mail address with one `@`, without spaces and colons";
    return NULL;
}

const char *check_url(const char *text, apr_size_t length)
{
    static const char wanted[] = "must be an absolute http or https URL without user information";
    const char *end = text + length;
    const char *host, *host_end;

    if (length > 8 && strncasecmp(text, "https://", 8) == 0)
        host = text + 8;
    else if (length > 7 && strncasecmp(text, "http://", 7) == 0)
        host = text + 7;
    else
        return wanted;
    host_end = host;
    while (host_end < end && !strchr("/?#", *host_end))
        host_end++;
    if (host_end == host || *host == ':' || memchr(host, '@', (apr_size_t)(host_end - host)))
        return wanted;
    for (const char *c = text; c < end; c++) {
        if (*c == ' ' || strchr("\"<>\\^`{|}", *c))
            return wanted;
    }
    return NULL;
}

/* Whether it is a number from 1 to one of most_length digits, in its one spelling. */
static int is_number(const char *text, apr_size_t length, const char *most, apr_size_t most_length)
{
    if (length == 0 || length > most_length || text[0] == '0')
        return 0;
    for (apr_size_t i = 0; i < length; i++) {
        if (!apr_isdigit(text[i]))
            return 0;
    }
    return length < most_length || memcmp(text, most, length) <= 0;
}

int check_is_id(const char *text, apr_size_t length)
{
    static const char most[] = "2147483647";

    return is_number(text, length, most, sizeof most - 1);
}

int check_is_big_id(const char *text, apr_size_t length)
{
    static const char most[] = "9007199254740991";

    return is_number(text, length, most, sizeof most - 1);
}

/* A text that is read from left to right. */
typedef struct reader_t {
    const char *at, *end;
    int failed;
} reader_t;

/* Reads exactly so many digits. */
static int read_digits(reader_t *reader, int count)
{
    int value = 0;

    while (count-- > 0) {
        if (reader->at == reader->end || !apr_isdigit(*reader->at)) {
            reader->failed = 1;
            return 0;
        }
        value = value * 10 + (*reader->at++ - '0');
    }
    return value;
}

/* Reads one of the given characters. */
static char read_one(reader_t *reader, const char *accepted)
{
    if (reader->at == reader->end || !*reader->at || !strchr(accepted, *reader->at)) {
        reader->failed = 1;
        return 0;
    }
    return *reader->at++;
}

/* Reads a fraction, if there is one, as microseconds. */
static int read_fraction(reader_t *reader)
{
    int micros = 0;
    int digits = 0;

    if (reader->at == reader->end || *reader->at != '.')
        return 0;
    for (reader->at++; reader->at < reader->end && apr_isdigit(*reader->at); reader->at++) {
        if (digits++ < 6)
            micros = micros * 10 + (*reader->at - '0');
    }
    if (digits == 0)
        reader->failed = 1;
    for (; digits < 6; digits++)
        micros *= 10;
    return micros;
}

/* Reads `Z` or `±hh:mm` as seconds east of UTC. */
static int read_offset(reader_t *reader)
{
    char sign = read_one(reader, "Zz+-");
    int hours, minutes;

    if (reader->failed || sign == 'Z' || sign == 'z')
        return 0;
    hours = read_digits(reader, 2);
    read_one(reader, ":");
    minutes = read_digits(reader, 2);
    if (hours > 23 || minutes > 59)
        reader->failed = 1;
    return (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

/* The day count begins so many days ahead of 1970-01-01, in -4800-03-01: no date that there can be is
 * negative, and the year starts in March. */
enum { FIRST_YEAR = -4800, DAYS_400 = 146097, DAYS_TO_1970 = 719468 - FIRST_YEAR / 400 * DAYS_400 };

/* Days from 1970-01-01 to a date of the Gregorian calendar; the year ahead of 1 is 0. */
static int64_t days_of_date(int year, int month, int day)
{
    int64_t y = (month > 2 ? year : year - 1) - FIRST_YEAR;
    int64_t m = month > 2 ? month - 3 : month + 9;

    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - DAYS_TO_1970;
}

/* The date that lies so many days after 1970-01-01, or before it: the other way round,
 * by eras of 400 years. */
static void date_of_days(int64_t days, int *year, int *month, int *day)
{
    int64_t shifted = days + DAYS_TO_1970;
    int64_t era = shifted / DAYS_400;
    int64_t of_era = shifted % DAYS_400;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t m = (5 * day_of_year + 2) / 153;

    *day = (int)(day_of_year - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2)) + FIRST_YEAR;
}

/* An instant, in seconds since 1970, and the microseconds beyond. */
typedef struct instant_t {
    int64_t seconds;
    int micros;
} instant_t;

enum { DAY = 86400 };

/* Reads a date-time whose year has four digits, or more up to so many; ahead of year 1 where is_before. */
static int read_instant(instant_t *instant, const char *text, apr_size_t length, int digits, int is_before)
{
    reader_t reader = {text, text + length, 0};
    int year, month, day, hour, minute, second;

    year = read_digits(&reader, 4);
    for (; digits > 4 && reader.at < reader.end && apr_isdigit(*reader.at); digits--)
        year = year * 10 + read_digits(&reader, 1);
    if (is_before)
        year = 1 - year;
    read_one(&reader, "-");
    month = read_digits(&reader, 2);
    read_one(&reader, "-");
    day = read_digits(&reader, 2);
    read_one(&reader, "Tt");
    hour = read_digits(&reader, 2);
    read_one(&reader, ":");
    minute = read_digits(&reader, 2);
    read_one(&reader, ":");
    second = read_digits(&reader, 2);
    instant->micros = read_fraction(&reader);
    if (reader.failed || year <= FIRST_YEAR || month < 1 || month > 12 || day < 1 ||
        day > days_of_month(year, month) || hour > 23 || minute > 59 || second > 60)
        return 0;
    instant->seconds =
        days_of_date(year, month, day) * DAY + hour * 3600 + minute * 60 + second - read_offset(&reader);
    return !reader.failed && reader.at == reader.end;
}

/* Writes an instant in UTC, as statements take it. */
static void write_instant(const instant_t *instant, char *utc, apr_size_t size)
{
    int second = (int)((instant->seconds % DAY + DAY) % DAY);
    int year, month, day;

    date_of_days((instant->seconds - second) / DAY, &year, &month, &day);
    apr_snprintf(utc, size, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ%s", year > 0 ? year : 1 - year, month, day,
                 second / 3600, second / 60 % 60, second % 60, instant->micros, year > 0 ? "" : " BC");
}

int check_time(const char *text, apr_size_t length, char utc[CHECK_TIME_SIZE])
{
    instant_t instant;

    if (!read_instant(&instant, text, length, 4, 0) || instant.seconds < 0 ||
        instant.seconds >= days_of_date(10000, 1, 1) * DAY)
        return 0;
    write_instant(&instant, utc, CHECK_TIME_SIZE);
    return 1;
}

const char *check_date(const char *text, apr_size_t length)
{
    static const char midnight[] = "T00:00:00Z";
    enum { DATE_LENGTH = sizeof "YYYY-MM-DD" - 1 };
    char time[DATE_LENGTH + sizeof midnight];
    char utc[CHECK_TIME_SIZE];

    if (length == DATE_LENGTH) {
        memcpy(time, text, DATE_LENGTH);
        memcpy(time + DATE_LENGTH, midnight, sizeof midnight);
        if (check_time(time, sizeof time - 1, utc))
            return NULL;
    }
    return "must be a day of the years 1970 to 9999: `2026-05-17`";
}

const char *check_grace_end(const char *text, apr_size_t length)
{
    instant_t instant;

    if (!read_instant(&instant, text, length, 4, 0) ||
        instant.seconds > apr_time_sec(apr_time_now()) + CHECK_GRACE_MAX)
        return "must be within 30 days";
    return NULL;
}

int check_any_time(const char *text, apr_size_t length, char utc[CHECK_ANY_TIME_SIZE])
{
    static const char before[] = " BC";
    const apr_size_t before_length = sizeof before - 1;
    int is_before =
        length > before_length && memcmp(text + length - before_length, before, before_length) == 0;
    instant_t instant;

    if (!read_instant(&instant, text, length - (is_before ? before_length : 0), 6, is_before) ||
        instant.seconds < days_of_date(-4713, 11, 24) * DAY ||
        instant.seconds >= days_of_date(294277, 1, 1) * DAY)
        return 0;
    write_instant(&instant, utc, CHECK_ANY_TIME_SIZE);
    return 1;
}
