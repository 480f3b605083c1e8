/* SPDX-License-Identifier: Apache-2.0 */
#include "scalar.h"

#include <endian.h>
#include <string.h>

/* --- Times ---------------------------------------------------------------------------------------------- */

/* PostgreSQL's `YYYY-MM-DD hh:mm:ss[.ffffff]+00` has its parts in the same places as RFC 3339. */
enum { TIME_SPACE = 10, TIME_MIN = 22, TIME_MAX = 29, TIME_OFFSET = 3 };

static void take_time(scalar_t *scalar, const char *text, apr_size_t length)
{
    scalar->text = NULL;
    scalar->is_endless = length == strlen("infinity") && memcmp(text, "infinity", length) == 0;
    if (length < TIME_MIN || length > TIME_MAX || text[TIME_SPACE] != ' ' ||
        memcmp(text + length - TIME_OFFSET, "+00", TIME_OFFSET) != 0)
        return;
    length -= TIME_OFFSET;
    memcpy(scalar->made, text, length);
    scalar->made[TIME_SPACE] = 'T';
    scalar->made[length] = 'Z';
    scalar->text = scalar->made;
    scalar->length = length + 1;
}

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

/* Writes the date of a day by its number, 0 being 0001-01-01. The years of this count begin in March, so that
 * the day that only leap years have is their last; five of their months in a row have 153 days, whichever. */
static char *put_date(char *to, unsigned day)
{
    enum { YEARS_4 = 1461, YEARS_100 = 36524, YEARS_400 = 146097, MARCH = 306 };
    unsigned from_march = day + MARCH; /* since 0000-03-01 */
    unsigned in_400 = from_march % YEARS_400;
    unsigned year_in_400 =
        (in_400 - in_400 / (YEARS_4 - 1) + in_400 / YEARS_100 - in_400 / (YEARS_400 - 1)) / 365;
    unsigned in_year = in_400 - (365 * year_in_400 + year_in_400 / 4 - year_in_400 / 100);
    unsigned month = (5 * in_year + 2) / 153; /* 0: March */
    unsigned year = from_march / YEARS_400 * 400 + year_in_400 + (month >= 10);

    to = put_pair(put_pair(to, year / 100), year % 100);
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
    static const int64_t first = -730119 * day;  /* 0001-01-01 */
    static const int64_t beyond = 2921940 * day; /* 10000-01-01 */
    uint64_t since;
    unsigned seconds;
    char *to = scalar->made;

    scalar->text = NULL;
    scalar->is_endless = time == INT64_MAX;
    if (time < first || time >= beyond)
        return;
    since = (uint64_t)(time - first);
    seconds = (unsigned)(since % (uint64_t)day / (uint64_t)second);
    to = put_date(to, (unsigned)(since / (uint64_t)day));
    *to++ = 'T';
    to = put_pair(to, seconds / 3600);
    *to++ = ':';
    to = put_pair(to, seconds / 60 % 60);
    *to++ = ':';
    to = put_pair(to, seconds % 60);
    to = put_fraction(to, (unsigned)(since % (uint64_t)second));
    *to++ = 'Z';
    scalar->text = scalar->made;
    scalar->length = (apr_size_t)(to - scalar->made);
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
    else
        scalar_take(scalar, type, value, length); /* a string is the same in both formats */
}
