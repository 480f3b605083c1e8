/* SPDX-License-Identifier: Apache-2.0 */
#include "scalar.h"

#include <apr_strings.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* --- Times ---------------------------------------------------------------------------------------------- */

/* The numbers from 0 to 99, in two digits each. */
static const char pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
    "4950515253545556575859606162636465666768697071727374757677787980818283848586878889909192939495969798"
    "99";

/* Writes a number below 100 with two digits. Returns their end. */
static char *put_pair(char *to, unsigned number)
{
    memcpy(to, pairs + 2 * number, 2);
    return to + 2;
}

/* Writes a year: four digits, as RFC 3339 has it, or where that is not enough a sign and six (ISO 8601, as
 * ECMAScript has it). The year ahead of 1 is 0. */
static char *put_year(char *to, int year)
{
    unsigned number = (unsigned)(year < 0 ? -year : year);

    if (year < 0 || year > 9999) {
        *to++ = year < 0 ? '-' : '+';
        to = put_pair(to, number / 10000);
    }
    return put_pair(put_pair(to, number / 100 % 100), number % 100);
}

/* Writes the date of a day by its number, 0 being 2000-01-01, from -4713 on. The years of this count begin in
 * March, so that the day that only leap years have is their last; five of their months in a row have 153
 * days, whichever. */
static char *put_date(char *to, int day)
{
    enum { YEARS_4 = 1461, YEARS_100 = 36524, YEARS_400 = 146097, MARCH = 730425, FIRST_YEAR = -4800 };
    unsigned from_march = (unsigned)(day + MARCH - FIRST_YEAR / 400 * YEARS_400); /* since -4800-03-01 */
    unsigned in_400 = from_march % YEARS_400;
    unsigned year_in_400 =
        (in_400 - in_400 / (YEARS_4 - 1) + in_400 / YEARS_100 - in_400 / (YEARS_400 - 1)) / 365;
    unsigned in_year = in_400 - (365 * year_in_400 + year_in_400 / 4 - year_in_400 / 100);
    unsigned month = (5 * in_year + 2) / 153; /* 0: March */
    unsigned year = from_march / YEARS_400 * 400 + year_in_400 + (month >= 10);

    to = put_year(to, (int)year + FIRST_YEAR);
    *to++ = '-';
    to = put_pair(to, month < 10 ? month + 3 : month - 9);
    *to++ = '-';
    return put_pair(to, in_year - (153 * month + 2) / 5 + 1);
}

/* Writes the fraction of a second in microseconds, without zeros at its end. */
static char *put_fraction(char *to, unsigned fraction)
{
    if (fraction == 0)
        return to;
    *to++ = '.';
    to = put_pair(put_pair(put_pair(to, fraction / 10000), fraction / 100 % 100), fraction % 100);
    while (to[-1] == '0')
        to--;
    return to;
}

/* A timestamptz in PostgreSQL's binary format: microseconds since 2000-01-01 UTC (timestamptz_send()). */
static void read_time(scalar_t *scalar, int64_t time)
{
    static const int64_t second = 1000000, day = 86400 * second;
    static const int64_t first = -2451545 * day; /* -4713-11-24, the first that PostgreSQL has */
    int64_t in_day = time % day < 0 ? time % day + day : time % day;
    unsigned seconds = (unsigned)(in_day / second);
    char *to = scalar->made;

    scalar->text = NULL;
    scalar->is_endless = time == INT64_MAX;
    if (time < first || scalar->is_endless)
        return;
    to = put_date(to, (int)((time - in_day) / day));
    *to++ = 'T';
    to = put_pair(to, seconds / 3600);
    *to++ = ':';
    to = put_pair(to, seconds / 60 % 60);
    *to++ = ':';
    to = put_pair(to, seconds % 60);
    to = put_fraction(to, (unsigned)(in_day % second));
    *to++ = 'Z';
    scalar->text = scalar->made;
    scalar->length = (apr_size_t)(to - scalar->made);
}

/* A date in PostgreSQL's binary format: days since 2000-01-01 (date_send()). */
static void read_date(scalar_t *scalar, int32_t day)
{
    static const int first = -2451545; /* -4713-11-24 */

    scalar->text = NULL;
    scalar->is_endless = day == INT32_MAX;
    if (day < first || scalar->is_endless)
        return;
    scalar->text = scalar->made;
    scalar->length = (apr_size_t)(put_date(scalar->made, day) - scalar->made);
}

/* The same in its text format: `YYYY-MM-DD hh:mm:ss[.ffffff]+00`, with up to six digits of the year, ` BC` at
 * the end of a time ahead of year 1. */
static void take_time(scalar_t *scalar, const char *text, apr_size_t length)
{
    enum { YEAR_MIN = 4, YEAR_MAX = 6, SPACE = 6, OFFSET = 3 };
    enum { REST_MIN = sizeof "-MM-DD hh:mm:ss+00" - 1, REST_MAX = sizeof "-MM-DD hh:mm:ss.ffffff+00" - 1 };
    int is_before =
        length > strlen(" BC") && memcmp(text + length - strlen(" BC"), " BC", strlen(" BC")) == 0;
    const char *end = text + length - (is_before ? strlen(" BC") : 0);
    const char *rest = text;
    int year = 0;
    char *to;

    scalar->text = NULL;
    scalar->is_endless = length == strlen("infinity") && memcmp(text, "infinity", length) == 0;
    for (; rest < end && rest - text < YEAR_MAX && *rest >= '0' && *rest <= '9'; rest++)
        year = year * 10 + (*rest - '0');
    if (rest - text < YEAR_MIN || end - rest < REST_MIN || end - rest > REST_MAX || rest[SPACE] != ' ' ||
        memcmp(end - OFFSET, "+00", OFFSET) != 0)
        return;
    to = put_year(scalar->made, is_before ? 1 - year : year);
    memcpy(to, rest, (apr_size_t)(end - OFFSET - rest));
    to[SPACE] = 'T';
    to += end - OFFSET - rest;
    *to++ = 'Z';
    scalar->text = scalar->made;
    scalar->length = (apr_size_t)(to - scalar->made);
}

const char *scalar_time_value(const scalar_t *scalar, apr_pool_t *pool)
{
    int year = atoi(scalar->text);
    const char *rest = memchr(scalar->text + 1, '-', scalar->length - 1);
    int length = (int)(scalar->text + scalar->length - rest);

    return year > 0 ? apr_psprintf(pool, "%04d%.*s", year, length, rest)
                    : apr_psprintf(pool, "%04d%.*s BC", 1 - year, length, rest);
}

/* --- The others ----------------------------------------------------------------------------------------- */

static void take_boolean(scalar_t *scalar, int value)
{
    scalar->text = value ? "true" : "false";
    scalar->length = strlen(scalar->text);
}

/* An integer in PostgreSQL's binary format: as many bytes as its type has, the highest first (int2send(),
 * int4send(), int8send()). */
static void read_integer(scalar_t *scalar, const char *bytes, apr_size_t length)
{
    char *const end = scalar->made + sizeof scalar->made;
    char *at = end;
    int64_t value = (signed char)*bytes;
    uint64_t rest;

    for (apr_size_t n = 1; n < length; n++)
        value = value * 256 + (unsigned char)bytes[n];
    rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    for (; rest >= 100; rest /= 100)
        put_pair(at -= 2, (unsigned)(rest % 100));
    if (rest >= 10)
        put_pair(at -= 2, (unsigned)rest);
    else
        *--at = (char)('0' + rest);
    if (value < 0)
        *--at = '-';
    scalar->text = at;
    scalar->length = (apr_size_t)(end - at);
}

void scalar_take(scalar_t *scalar, field_type_t type, const char *text, apr_size_t length)
{
    scalar->text = text;
    scalar->length = length;
    scalar->is_endless = 0;
    if (type == FIELD_SEALED)
        take_boolean(scalar, text != NULL);
    else if (text && type == FIELD_BOOLEAN)
        take_boolean(scalar, *text == 't');
    else if (text && type == FIELD_TIME)
        take_time(scalar, text, length);
}

static int32_t load_32(const char *bytes)
{
    uint32_t word;

    memcpy(&word, bytes, sizeof word);
    return (int32_t)be32toh(word);
}

static int64_t load_64(const char *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return (int64_t)be64toh(word);
}

void scalar_read(scalar_t *scalar, field_type_t type, const rows_t *rows, int column)
{
    apr_size_t length;
    const char *value = rows_value(rows, column, &length);

    scalar->is_endless = 0;
    if (!value || !rows_are_binary(rows))
        scalar_take(scalar, type, value, length);
    else if (type == FIELD_INTEGER)
        read_integer(scalar, value, length);
    else if (type == FIELD_BOOLEAN)
        take_boolean(scalar, *value);
    else if (type == FIELD_TIME)
        read_time(scalar, load_64(value));
    else if (type == FIELD_DATE)
        read_date(scalar, load_32(value));
    else
        scalar_take(scalar, type, value, length); /* a string is the same in both formats */
}
