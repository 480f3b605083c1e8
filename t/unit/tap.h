/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_T_UNIT_TAP_H
#define TENANT_T_UNIT_TAP_H

/* Assertions that print the Test Anything Protocol, for programs that prove(1) runs. A failure prints the
 * file and line of the assertion as a diagnostic. Each macro takes a printf format and its arguments as the
 * name of the test, evaluates every argument once, and gives 1 when the test passed, else 0:
 *
 *     ok(condition, name...)
 *     is(got, want, name...)              integers, compared as intmax_t
 *     is_text(got, want, name...)         NUL-terminated texts, either may be NULL
 *     is_bytes(got, got_length, want, want_length, name...)
 *
 * A program calls plan() first and ends with `return tap_status();`,
 * or calls done() last instead of plan(). */

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    int run;
    int failed;
    int planned;
} tap;

#define TAP_UNUSED     __attribute__((unused))
#define TAP_PRINTF(at) __attribute__((unused, format(printf, at, at + 1)))

/* Prints a line that prove(1) shows but does not judge. */
static void TAP_PRINTF(1) diag(const char *format, ...)
{
    va_list arguments;

    fflush(stdout);
    fputs("# ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

static void TAP_UNUSED plan(int tests)
{
    tap.planned = tests;
    printf("1..%d\n", tests);
}

/* The exit status: 0 when as many tests as planned ran and all passed. */
static int TAP_UNUSED tap_status(void)
{
    if (tap.run != tap.planned)
        diag("planned %d tests but ran %d", tap.planned, tap.run);
    if (tap.failed)
        diag("failed %d of %d tests", tap.failed, tap.run);
    return tap.run != tap.planned || tap.failed;
}

/* Ends a program that could not tell beforehand how many tests it has; gives its exit status. */
static int TAP_UNUSED done(void)
{
    plan(tap.run);
    return tap_status();
}

/* Counts as one passed test that did not run. */
static void TAP_UNUSED skip(const char *reason)
{
    printf("ok %d # SKIP %s\n", ++tap.run, reason);
}

/* Ends the program as passed without running any test; only before the first of them. */
static void TAP_UNUSED skip_all(const char *reason)
{
    printf("1..0 # SKIP %s\n", reason);
    exit(0);
}

static int TAP_PRINTF(4) tap_ok(int passed, const char *file, int line, const char *format, ...)
{
    va_list arguments;

    printf("%s %d - ", passed ? "ok" : "not ok", ++tap.run);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    if (!passed) {
        tap.failed++;
        diag("failed at %s:%d", file, line);
    }
    return passed;
}

static int TAP_UNUSED tap_numbers(int passed, intmax_t got, intmax_t want)
{
    if (!passed)
        diag(" got: %jd\n# want: %jd", got, want);
    return passed;
}

static int TAP_UNUSED tap_same_text(const char *got, const char *want)
{
    return got && want ? strcmp(got, want) == 0 : got == want;
}

static int TAP_UNUSED tap_texts(int passed, const char *got, const char *want)
{
    if (!passed)
        diag(" got: %s\n# want: %s", got ? got : "(NULL)", want ? want : "(NULL)");
    return passed;
}

static void TAP_UNUSED tap_print_bytes(const char *label, const void *bytes, size_t length)
{
    const size_t shown = length < 128 ? length : 128;

    fprintf(stderr, "# %s %zu bytes: ", label, length);
    for (size_t i = 0; i < shown; i++) {
        const unsigned char byte = ((const unsigned char *)bytes)[i];
        fprintf(stderr, byte > 0x20 && byte < 0x7f ? "%c" : "\\x%02x", byte);
    }
    fputs(shown < length ? "...\n" : "\n", stderr);
}

static int TAP_UNUSED tap_bytes(int passed, const void *got, size_t got_length, const void *want,
                                size_t want_length)
{
    if (!passed) {
        tap_print_bytes(" got:", got, got_length);
        tap_print_bytes("want:", want, want_length);
    }
    return passed;
}

#define ok(condition, ...) tap_ok((condition) != 0, __FILE__, __LINE__, __VA_ARGS__)

#define is(got, want, ...)                                                                                   \
    __extension__({                                                                                          \
        const intmax_t tap_got = (got);                                                                      \
        const intmax_t tap_want = (want);                                                                    \
        tap_numbers(ok(tap_got == tap_want, __VA_ARGS__), tap_got, tap_want);                                \
    })

#define is_text(got, want, ...)                                                                              \
    __extension__({                                                                                          \
        const char *const tap_got = (got);                                                                   \
        const char *const tap_want = (want);                                                                 \
        tap_texts(ok(tap_same_text(tap_got, tap_want), __VA_ARGS__), tap_got, tap_want);                     \
    })

#define is_bytes(got, got_length, want, want_length, ...)                                                    \
    __extension__({                                                                                          \
        const void *const tap_got = (got);                                                                   \
        const void *const tap_want = (want);                                                                 \
        const size_t tap_got_length = (got_length);                                                          \
        const size_t tap_want_length = (want_length);                                                        \
        tap_bytes(ok(tap_got_length == tap_want_length && memcmp(tap_got, tap_want, tap_got_length) == 0,    \
                     __VA_ARGS__),                                                                           \
                  tap_got, tap_got_length, tap_want, tap_want_length);                                       \
    })

#endif
