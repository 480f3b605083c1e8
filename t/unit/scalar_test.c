/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/resource/scalar.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <endian.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <time.h>

#include "tap.h"

#define SECOND        INT64_C(1000000)
#define DAY           (86400 * SECOND)
#define EPOCH_OF_2000 INT64_C(946684800) /* in seconds since 1970 */

static apr_pool_t *pool;
static int is_binary; /* the format of the next row */

/* A row of one column. */
static const rows_t *row_of(const void *bytes, int length)
{
    PGresAttDesc column = {.name = (char *)"c", .format = is_binary};
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);

    PQsetResultAttrs(result, 1, &column);
    PQsetvalue(result, 0, 0, (char *)bytes, length);
    return rows_make(result, pool);
}

static const char *read_bytes(field_type_t type, const void *bytes, int length)
{
    scalar_t scalar;

    scalar_read(&scalar, type, row_of(bytes, length), 0);
    return scalar.text ? apr_pstrmemdup(pool, scalar.text, scalar.length) : NULL;
}

static const char *read_big(field_type_t type, int64_t value, int length)
{
    uint64_t word = htobe64((uint64_t)value << 8 * (8 - length));

    return read_bytes(type, &word, length);
}

static void test_integers(void)
{
    is_text(read_big(FIELD_INTEGER, 0, 4), "0", "0");
    is_text(read_big(FIELD_INTEGER, 7, 4), "7", "a digit");
    is_text(read_big(FIELD_INTEGER, 10, 4), "10", "two");
    is_text(read_big(FIELD_INTEGER, 905, 4), "905", "three, a 0 within");
    is_text(read_big(FIELD_INTEGER, -1, 4), "-1", "a negative one");
    is_text(read_big(FIELD_INTEGER, INT32_MAX, 4), "2147483647", "the largest int");
    is_text(read_big(FIELD_INTEGER, INT32_MIN, 4), "-2147483648", "the least");
    is_text(read_big(FIELD_INTEGER, INT16_MIN, 2), "-32768", "the least smallint");
    is_text(read_big(FIELD_INTEGER, INT64_MAX, 8), "9223372036854775807", "the largest bigint");
    is_text(read_big(FIELD_INTEGER, INT64_MIN, 8), "-9223372036854775808", "the least");
}

static void test_others(void)
{
    is_text(read_bytes(FIELD_BOOLEAN, "\1", 1), "true", "true");
    is_text(read_bytes(FIELD_BOOLEAN, "\0", 1), "false", "false");
    is_text(read_bytes(FIELD_TEXT, "t\303\244", 3), "t\303\244", "a string");
    is_text(read_bytes(FIELD_TEXT, "", 0), "", "an empty one");
    ok(!read_bytes(FIELD_TEXT, NULL, -1), "NULL");
    ok(!read_bytes(FIELD_TIME, NULL, -1), "a time that is NULL");
    is_text(read_bytes(FIELD_SEALED, NULL, -1), "false", "no sealed value");
    is_text(read_bytes(FIELD_SEALED, "x", 1), "true", "a sealed value");
}

static void test_times(void)
{
    static const struct {
        int64_t time;
        const char *text;
    } times[] = {
        {0, "2000-01-01T00:00:00Z"},
        {-1, "1999-12-31T23:59:59.999999Z"},
        {500000, "2000-01-01T00:00:00.5Z"},
        {10, "2000-01-01T00:00:00.00001Z"},
        {59 * DAY, "2000-02-29T00:00:00Z"},
        {-730119 * DAY, "0001-01-01T00:00:00Z"},
        {-730119 * DAY - 1, "0000-12-31T23:59:59.999999Z"},
        {-730485 * DAY, "0000-01-01T00:00:00Z"},
        {-730485 * DAY - 1, "-000001-12-31T23:59:59.999999Z"},
        {-2451545 * DAY, "-004713-11-24T00:00:00Z"},
        {-2451545 * DAY - 1, NULL}, /* PostgreSQL has none that is earlier */
        {2921940 * DAY - 1, "9999-12-31T23:59:59.999999Z"},
        {2921940 * DAY, "+010000-01-01T00:00:00Z"},
        {INT64_C(9223371331199999999), "+294276-12-31T23:59:59.999999Z"},
        {INT64_MIN + 1, NULL},
        {INT64_MIN, NULL},
        {INT64_MAX, NULL},
    };

    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        const char *text = read_big(FIELD_TIME, times[i].time, 8);

        if (times[i].text)
            is_text(text, times[i].text, "%s", times[i].text);
        else
            ok(!text, "no time: %" PRId64, times[i].time);
    }
}

/* Each day that can be said, at another time of the day, as the C library has it. */
static void test_days(void)
{
    int wrong = 0;

    for (int64_t day = -730119; day < 2921940; day++) {
        int64_t time = day * DAY + (day + 730119) * 7919 % 86400 * SECOND;
        time_t seconds = (time_t)(time / SECOND - (time % SECOND < 0) + EPOCH_OF_2000);
        struct tm tm;
        char text[64];

        gmtime_r(&seconds, &tm);
        snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        if (strcmp(read_big(FIELD_TIME, time, 8), text) != 0 && !wrong++)
            printf("# %s instead of %s\n", read_big(FIELD_TIME, time, 8), text);
        apr_pool_clear(pool);
    }
    ok(!wrong, "every day from 0001-01-01 to 9999-12-31");
}

/* A time as statements take it, in PostgreSQL's spelling. */
static void test_values(void)
{
    static const struct {
        int64_t time;
        const char *value;
    } times[] = {
        {500000, "2000-01-01T00:00:00.5Z"},
        {-730119 * DAY, "0001-01-01T00:00:00Z"},
        {-730119 * DAY - 1, "0001-12-31T23:59:59.999999Z BC"},
        {-2451545 * DAY, "4714-11-24T00:00:00Z BC"},
        {2921940 * DAY, "10000-01-01T00:00:00Z"},
        {INT64_C(9223371331199999999), "294276-12-31T23:59:59.999999Z"},
    };

    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        uint64_t word = htobe64((uint64_t)times[i].time);
        scalar_t scalar;

        scalar_read(&scalar, FIELD_TIME, row_of(&word, sizeof word), 0);
        is_text(scalar_time_value(&scalar, pool), times[i].value, "%s", times[i].value);
    }
}

/* What the text format says, for rows that come in that. */
static void test_text(void)
{
    scalar_t scalar;

    is_text(read_bytes(FIELD_TIME, "2026-11-22 10:00:00.5+00", 24), "2026-11-22T10:00:00.5Z",
            "a time as text");
    is_text(read_bytes(FIELD_TIME, "10000-01-01 00:00:00+00", 23), "+010000-01-01T00:00:00Z",
            "one beyond 9999");
    is_text(read_bytes(FIELD_TIME, "294276-12-31 23:59:59.999999+00", 31), "+294276-12-31T23:59:59.999999Z",
            "the last");
    is_text(read_bytes(FIELD_TIME, "0001-03-15 00:00:00+00 BC", 25), "0000-03-15T00:00:00Z",
            "one ahead of 1");
    is_text(read_bytes(FIELD_TIME, "4714-11-24 00:00:00.000001+00 BC", 32), "-004713-11-24T00:00:00.000001Z",
            "the first");
    ok(!read_bytes(FIELD_TIME, "-infinity", 9), "-infinity");
    ok(!read_bytes(FIELD_TIME, "", 0), "none");
    ok(!read_bytes(FIELD_TIME, " BC", 3), "none but BC");
    ok(!read_bytes(FIELD_TIME, "2026-11-22 10:00:00.5+01", 24), "one that is not of UTC");
    is_text(read_bytes(FIELD_BOOLEAN, "t", 1), "true", "a boolean as text");
    is_text(read_bytes(FIELD_INTEGER, "12", 2), "12", "a number as text");
    scalar_read(&scalar, FIELD_TIME, row_of("infinity", 8), 0);
    ok(scalar.is_endless, "infinity");
    scalar_read(&scalar, FIELD_TIME, row_of("-infinity", 9), 0);
    ok(!scalar.is_endless, "-infinity is not");
}

int main(void)
{
    scalar_t scalar;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_text();
    is_binary = 1;
    test_integers();
    test_others();
    test_times();
    test_values();
    scalar_read(&scalar, FIELD_TIME, row_of("\x7f\xff\xff\xff\xff\xff\xff\xff", 8), 0);
    ok(scalar.is_endless, "infinity");
    test_days();
    apr_terminate();
    return done();
}
