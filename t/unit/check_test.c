/* SPDX-License-Identifier: Apache-2.0 */
/* What the fields of the table require past type and length. */
#include "../../mod_tenant/text.h"
#include "../../mod_tenant/resource/check.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "tap.h"

#define TEXT(literal) (literal), sizeof(literal) - 1
#define HEX_31        "0123456789abcdef0123456789ABCDE"

typedef struct text_t {
    const char *text;
    apr_size_t length;
} text_t;

/* Runs a check of the table over texts that it takes and texts that it refuses, with a sentence's end. */
#define test_field(name, check, good, bad)                                                                   \
    do {                                                                                                     \
        for (size_t i = 0; i < sizeof(good) / sizeof *(good); i++)                                           \
            is_text((check)((good)[i].text, (good)[i].length), NULL, name " %zu is taken", i);               \
        for (size_t i = 0; i < sizeof(bad) / sizeof *(bad); i++) {                                           \
            const char *const wrong = (check)((bad)[i].text, (bad)[i].length);                               \
            ok(wrong &&strncmp(wrong, "must be ", 8) == 0, name " %zu is refused in a sentence", i);         \
        }                                                                                                    \
    } while (0)

static void test_sids(void)
{
    static const text_t calls[] = {{TEXT("CA" HEX_31 "f")}, {TEXT("CA" HEX_31 "F")}};
    static const text_t messages[] = {{TEXT("SM" HEX_31 "0")}, {TEXT("MM" HEX_31 "9")}};
    static const text_t recordings[] = {{TEXT("RE" HEX_31 "0")}};
    static const text_t not_calls[] = {
        {TEXT("")},
        {TEXT("CA")},
        {TEXT("CA" HEX_31)},
        {TEXT("CA" HEX_31 "00")},
        {TEXT("CA" HEX_31 "g")},
        {TEXT("CA" HEX_31 "\xc3")},
        {TEXT("CA" HEX_31 "\0")},
        {TEXT("ca" HEX_31 "0")},
        {TEXT("Ca" HEX_31 "0")},
        {TEXT("SM" HEX_31 "0")},
        {TEXT("RE" HEX_31 "0")},
        {TEXT(" A" HEX_31 "0")},
    };
    static const text_t not_messages[] = {{TEXT("CA" HEX_31 "0")}, {TEXT("MS" HEX_31 "0")}, {TEXT("SM")}};
    static const text_t not_recordings[] = {{TEXT("CA" HEX_31 "0")}, {TEXT("re" HEX_31 "0")}};

    test_field("call's sid", check_call_sid, calls, not_calls);
    test_field("message's sid", check_message_sid, messages, not_messages);
    test_field("recording's sid", check_recording_sid, recordings, not_recordings);
}

static void test_status(void)
{
    static const text_t good[] = {{TEXT("a")}, {TEXT("in-progress")}, {TEXT("a_b")}, {TEXT("a--__")}};
    static const text_t bad[] = {{TEXT("")},      {TEXT("-a")},          {TEXT("_a")},        {TEXT("A")},
                                 {TEXT("done2")}, {TEXT("in progress")}, {TEXT("a\xc3\xa9")}, {TEXT("a\0")}};

    test_field("status", check_status, good, bad);
}

static void test_email(void)
{
    static const text_t good[] = {{TEXT("a@b")},
                                  {TEXT("first.last+tag@mail.example.com")},
                                  {TEXT("o'neil@example.com")},
                                  {TEXT("j\xc3\xb6rg@b\xc3\xbc"
                                        "cher.example")}};
    static const text_t bad[] = {{TEXT("")},     {TEXT("a")},     {TEXT("@")},     {TEXT("a@")},
                                 {TEXT("@b")},   {TEXT("a@b@c")}, {TEXT("a@@b")},  {TEXT("a b@c")},
                                 {TEXT("a@b ")}, {TEXT("a:b@c")}, {TEXT("a@b:25")}};

    test_field("e-mail address", check_email, good, bad);
}

static void test_url(void)
{
    static const text_t good[] = {
        {TEXT("http://a")},
        {TEXT("https://a")},
        {TEXT("HTTPS://Example.COM:8443/a%20b?c=@d#@e")},
        {TEXT("https://[2001:db8::1]:8443/")},
        {TEXT("http://a?b@c")},
        {TEXT("http://a#b@c")},
        {TEXT("https://b\xc3\xbc"
              "cher.example/\xe2\x82\xac")},
    };
    static const text_t bad[] = {
        {TEXT("")},
        {TEXT("http")},
        {TEXT("http:")},
        {TEXT("http://")},
        {TEXT("https://")},
        {TEXT("http:///path")},
        {TEXT("http://?q")},
        {TEXT("http://#f")},
        {TEXT("https://:443/")},
        {TEXT("//example.com/")},
        {TEXT("/path")},
        {TEXT("ftp://a/")},
        {TEXT("javascript:alert(1)")},
        {TEXT("xhttp://a/")},
        {TEXT(" http://a/")},
        {TEXT("http://a/b c")},
        {TEXT("http://a/\"")},
        {TEXT("http://a/<b>")},
        {TEXT("http://a\\b/")},
        {TEXT("http://a/{b}")},
        {TEXT("http://a/^`|")},
        {TEXT("http://user@a/")},
        {TEXT("http://user:password@a/")},
        {TEXT("https://@a/")},
        {TEXT("https://a@b@c/")},
    };

    test_field("URL", check_url, good, bad);
}

static void test_times(void)
{
    static const struct {
        const char *text, *utc;
    } good[] = {
        {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"},
        {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
        {"2026-11-22t10:11:12z", "2026-11-22T10:11:12.000000Z"},
        {"2026-11-22T10:11:12.5Z", "2026-11-22T10:11:12.500000Z"},
        {"2026-11-22T10:11:12.000001Z", "2026-11-22T10:11:12.000001Z"},
        {"2026-11-22T10:11:12.9999999999999999999Z", "2026-11-22T10:11:12.999999Z"},
        {"2026-11-22T10:11:12+00:00", "2026-11-22T10:11:12.000000Z"},
        {"2026-11-22T10:11:12-00:00", "2026-11-22T10:11:12.000000Z"},
        {"2026-11-22T10:11:12+05:30", "2026-11-22T04:41:12.000000Z"},
        {"2026-11-22T00:29:59.25+00:30", "2026-11-21T23:59:59.250000Z"},
        {"2026-12-31T23:30:00-00:30", "2027-01-01T00:00:00.000000Z"},
        {"2026-01-01T00:00:00+23:59", "2025-12-31T00:01:00.000000Z"},
        {"2024-02-28T23:00:00-01:00", "2024-02-29T00:00:00.000000Z"},
        {"2023-02-28T23:00:00-01:00", "2023-03-01T00:00:00.000000Z"},
        {"2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000000Z"},
        {"2000-02-29T12:00:00Z", "2000-02-29T12:00:00.000000Z"},
        {"2400-02-29T00:00:00Z", "2400-02-29T00:00:00.000000Z"},
        {"2100-03-01T00:30:00+01:00", "2100-02-28T23:30:00.000000Z"},
        {"2000-03-01T00:30:00+01:00", "2000-02-29T23:30:00.000000Z"},
        {"2024-12-31T12:00:00Z", "2024-12-31T12:00:00.000000Z"},
        {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"}, /* a leap second */
        {"1969-12-31T23:30:00-00:30", "1970-01-01T00:00:00.000000Z"},
        {"9999-12-31T23:59:59-00:00", "9999-12-31T23:59:59.000000Z"},
        {"2026-10-31T00:00:00Z", "2026-10-31T00:00:00.000000Z"},
    };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char utc[CHECK_TIME_SIZE] = "";

        ok(check_time(good[i].text, strlen(good[i].text), utc), "%s is a time", good[i].text);
        is_text(utc, good[i].utc, "... in UTC");
    }
}

static const text_t not_times[] = {
    {TEXT("")},
    {TEXT("2026")},
    {TEXT("2026-11-22")},
    {TEXT("2026-11-22T10:11Z")},
    {TEXT("2026-11-22T10:11:12")},
    {TEXT("2026-11-22T10:11:12 Z")},
    {TEXT("2026-11-22T10:11:12ZZ")},
    {TEXT("2026-11-22T10:11:12Z ")},
    {TEXT(" 2026-11-22T10:11:12Z")},
    {TEXT("2026-11-22 10:11:12Z")},
    {TEXT("20261122T101112Z")},
    {TEXT("2026/11/22T10:11:12Z")},
    {TEXT("2026-11-22T10.11.12Z")},
    {TEXT("2026-1-22T10:11:12Z")},
    {TEXT("26-11-22T10:11:12Z")},
    {TEXT("12026-11-22T10:11:12Z")},
    {TEXT("-2026-11-22T10:11:12Z")},
    {TEXT("+2026-11-22T10:11:12Z")},
    {TEXT("2026-11-22T1a:11:12Z")},
    {TEXT("2026-11-22T10:11:1\xd9\xa0Z")},
    {TEXT("2026-00-22T10:11:12Z")},
    {TEXT("2026-13-22T10:11:12Z")},
    {TEXT("2026-11-00T10:11:12Z")},
    {TEXT("2026-11-31T10:11:12Z")},
    {TEXT("2026-10-32T10:11:12Z")},
    {TEXT("2026-02-29T10:11:12Z")},
    {TEXT("2100-02-29T10:11:12Z")},
    {TEXT("2024-02-30T10:11:12Z")},
    {TEXT("2026-11-22T24:00:00Z")},
    {TEXT("2026-11-22T10:60:12Z")},
    {TEXT("2026-11-22T10:11:61Z")},
    {TEXT("2026-11-22T10:11:12.Z")},
    {TEXT("2026-11-22T10:11:12,5Z")},
    {TEXT("2026-11-22T10:11:12.5")},
    {TEXT("2026-11-22T10:11:12.-5Z")},
    {TEXT("2026-11-22T10:11:12.5.5Z")},
    {TEXT("2026-11-22T10:11:12+")},
    {TEXT("2026-11-22T10:11:12+01")},
    {TEXT("2026-11-22T10:11:12+0100")},
    {TEXT("2026-11-22T10:11:12+1:00")},
    {TEXT("2026-11-22T10:11:12+01:0")},
    {TEXT("2026-11-22T10:11:12+01:000")},
    {TEXT("2026-11-22T10:11:12+24:00")},
    {TEXT("2026-11-22T10:11:12+01:60")},
    {TEXT("2026-11-22T10:11:12+01:00Z")},
    {TEXT("2026-11-22T10:11:12 +01:00")},
    {TEXT("2026-11-22T10:11:12UTC")},
    {TEXT("0000-01-01T00:00:00Z")},
    {TEXT("1969-12-31T23:59:59.999999Z")},
    {TEXT("1970-01-01T00:00:00+00:01")},
    {TEXT("9999-12-31T23:59:60Z")},
    {TEXT("9999-12-31T23:59:00-00:01")},
    {TEXT("infinity")},
    {TEXT("now")},
};

static void test_not_times(void)
{
    for (size_t i = 0; i < sizeof not_times / sizeof *not_times; i++) {
        char utc[CHECK_TIME_SIZE];

        ok(!check_time(not_times[i].text, not_times[i].length, utc), "`%s` is no time", not_times[i].text);
    }
}

/* Each day of these years is the one after the last: the calendar has no hole and no double. */
/* The time so many seconds from now. */
static const char *wrong_in(int seconds)
{
    char text[CHECK_TIME_SIZE];
    apr_time_exp_t at;

    apr_time_exp_gmt(&at, apr_time_now() + apr_time_from_sec(seconds));
    apr_snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", at.tm_year + 1900, at.tm_mon + 1,
                 at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec, 0);
    return check_grace_end(text, strlen(text));
}

static void test_grace(void)
{
    ok(!wrong_in(60) && !wrong_in(CHECK_GRACE_MAX - 600), "a grace may end within 30 days");
    ok(!wrong_in(-60) && !check_grace_end(TEXT("1970-01-01T00:00:00.000000Z")), "or have ended");
    ok(wrong_in(CHECK_GRACE_MAX + 600) && check_grace_end(TEXT("9999-12-31T23:59:59.999999Z")), "no later");
}

static void test_years(int first, int last)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    char midnight[CHECK_TIME_SIZE] = "";
    int days = 0;
    int wrong = 0;

    for (int month = 12 * first; month < 12 * (last + 1); month++) {
        const int year = month / 12;
        const int leap = month % 12 == 1 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

        for (int day = 1; day <= lengths[month % 12] + leap; day++) {
            char text[48], utc[CHECK_TIME_SIZE];

            snprintf(text, sizeof text, "%04d-%02d-%02dT00:00:00Z", year, month % 12 + 1, day);
            wrong += !check_time(text, strlen(text), utc) || strncmp(text, utc, 10) != 0;
            wrong += days++ > 0 && strcmp(midnight, utc) != 0;
            /* the midnight that ends this day */
            snprintf(text, sizeof text, "%04d-%02d-%02dT23:59:00-00:01", year, month % 12 + 1, day);
            check_time(text, strlen(text), midnight);
        }
    }
    is(wrong, 0, "the %d days from %d to %d follow one another", days, first, last);
}

static void test_utf8(void)
{
    static const text_t good[] = {
        {TEXT("")},
        {TEXT("\x01 ~\x7f")},
        {TEXT("\xc2\x80\xdf\xbf")},
        {TEXT("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf")},
        {TEXT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")},
    };
    static const text_t bad[] = {
        {TEXT("a\0b")},
        {TEXT("\0")},
        {TEXT("\x80")},
        {TEXT("\xbf")},
        {TEXT("\xc0\x80")},
        {TEXT("\xc1\xbf")},
        {TEXT("\xc2")},
        {TEXT("\xc2\x41")},
        {TEXT("\xc2\xc2")},
        {TEXT("\xe0\x80\x80")},
        {TEXT("\xe0\x9f\xbf")},
        {TEXT("\xe2\x82")},
        {TEXT("\xe2\x82\x41")},
        {TEXT("\xed\xa0\x80")},
        {TEXT("\xed\xbf\xbf")},
        {TEXT("\xed\xa0\xbd\xed\xb8\x80")},
        {TEXT("\xf0\x80\x80\x80")},
        {TEXT("\xf0\x8f\xbf\xbf")},
        {TEXT("\xf0\x9f\x98")},
        {TEXT("\xf4\x90\x80\x80")},
        {TEXT("\xf5\x80\x80\x80")},
        {TEXT("\xf8\x88\x80\x80\x80")},
        {TEXT("\xff")},
        {TEXT("a\xfe")},
    };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ok(text_is_utf8(good[i].text, good[i].length), "UTF-8 text %zu is taken", i);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ok(!text_is_utf8(bad[i].text, bad[i].length), "text %zu, which is not UTF-8, is refused", i);
    ok(text_is_utf8("\xc3\xa9", 2) && !text_is_utf8("\xc3\xa9", 1), "no byte behind the end is read");
    is(text_characters(TEXT("")), 0, "no character");
    is(text_characters(TEXT("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")), 4, "characters of 1, 2, 3, 4 bytes");
}

static void test_controls(void)
{
    ok(!text_has_controls(TEXT(" ~\x7f\xc2\x80")), "neither DEL nor C1 is a C0 control");
    for (char c = 0; c < 0x20; c++) {
        const char text[] = {'a', c, 'b'};

        ok(text_has_controls(text, sizeof text), "control %d is one", c);
    }
}

static void test_ids(void)
{
    static const char *const good[] = {"1", "9", "10", "999999999", "1000000000", "2147483647"};
    static const char *const bad[] = {"",    "0",   "01",      "-1",         "+1",          "1 ",
                                      " 1",  "1.0", "1e3",     "2147483648", "21474836470", "9999999999",
                                      "0x1", "a",   "\xd9\xa1"};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ok(check_is_id(good[i], strlen(good[i])), "`%s` is an id", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ok(!check_is_id(bad[i], strlen(bad[i])), "`%s` is none", bad[i]);
    ok(check_is_big_id(TEXT("2147483648")) && check_is_big_id(TEXT("9007199254740991")),
       "big ids go further");
    ok(!check_is_big_id(TEXT("9007199254740992")) && !check_is_big_id(TEXT("10000000000000000")) &&
           !check_is_big_id(TEXT("01")) && !check_is_big_id(TEXT("")),
       "to 2^53 - 1");
    ok(!check_is_id(TEXT("1\0")), "nor is 1 with a NUL");
    ok(check_is_id("123", 2), "no byte behind the end is read");
}

int main(void)
{
    test_sids();
    test_status();
    test_email();
    test_url();
    test_times();
    test_not_times();
    test_years(1970, 2110);
    test_years(2395, 2405);
    test_years(9990, 9999);
    test_grace();
    test_utf8();
    test_controls();
    test_ids();
    return done();
}
