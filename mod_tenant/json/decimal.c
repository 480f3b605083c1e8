/* SPDX-License-Identifier: Apache-2.0 */
#include "decimal.h"

#include <apr.h>
#include <string.h>

/* The digits of 2^1024 - 2^970, which is the smallest decimal that rounds to an infinite double (round half
 * to even): it is the middle between the largest finite double and what would come next. It has 309. */
static const char infinite[] =
    "179769313486231580793728971405303415079934132710037826936173778980444968292764"
    "750946649017977587207096330286416692887910946555547851940402630657488671505820"
    "681908902000708383676273854845817711531764475730270069855571366959622842914819"
    "860834936475292719074168444365510704342711559699508093042880177904174497792";

static const unsigned char *digits_end(const unsigned char *at, const unsigned char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

static const unsigned char *zeros_end(const unsigned char *at, const unsigned char *end)
{
    while (at < end && *at == '0')
        at++;
    return at;
}

static int integer_fits(const decimal_t *number)
{
    static const char limits[2][20] = {"9223372036854775807", "9223372036854775808"};
    const apr_size_t digits = (apr_size_t)(number->whole_end - number->whole);

    return digits < 19 || (digits == 19 && memcmp(number->whole, limits[number->is_negative], 19) <= 0);
}

/* Whether the nearest double is finite. It looks at the digits, because strtod() would need a copy that ends
 * in a NUL, and reads "1.5e400" as 1 where the locale's decimal point is a comma. */
static int double_is_finite(const decimal_t *number)
{
    const unsigned char *at = zeros_end(number->whole, number->whole_end);
    const unsigned char *end = number->whole_end;
    int64_t magnitude; /* the power of ten of the first digit that is not zero */

    if (at < end) {
        magnitude = number->exponent + (end - at) - 1;
    } else {
        end = number->fraction_end;
        at = zeros_end(number->fraction, end);
        if (at == end)
            return 1;
        magnitude = number->exponent - (at - number->fraction) - 1;
    }
    if (magnitude != (int64_t)sizeof infinite - 2)
        return magnitude < (int64_t)sizeof infinite - 2;
    for (const char *limit = infinite; *limit; limit++) {
        if (at == end && end == number->whole_end) {
            at = number->fraction;
            end = number->fraction_end;
        }
        const char digit = at < end ? (char)*at++ : '0';
        if (digit != *limit)
            return digit < *limit;
    }
    return 0;
}

/* Reads what may follow an e, up to a value that no number of digits can bring back into range. */
static const unsigned char *read_exponent(const unsigned char *at, const unsigned char *end,
                                          int64_t *exponent)
{
    const int negative = at < end && *at == '-';
    const unsigned char *const digits = at + (at < end && (*at == '-' || *at == '+'));

    at = digits_end(digits, end);
    if (at == digits)
        return NULL;
    *exponent = 0;
    for (const unsigned char *digit = digits; digit < at && *exponent < INT64_MAX / 100; digit++)
        *exponent = *exponent * 10 + *digit - '0';
    if (negative)
        *exponent = -*exponent;
    return at;
}

static int refuse(const unsigned char **at, const unsigned char *wrong, const char **fault,
                  const char *sentence)
{
    *at = wrong;
    *fault = sentence;
    return 0;
}

int decimal_read(decimal_t *number, const unsigned char **at, const unsigned char *end, const char **fault)
{
    const unsigned char *to;

    *number = (decimal_t){.is_negative = **at == '-'};
    number->whole = *at + number->is_negative;
    number->whole_end = number->fraction = number->fraction_end = to = digits_end(number->whole, end);
    if (to == number->whole)
        return refuse(at, to, fault, "A number has a minus sign without a digit after it.");
    if (*number->whole == '0' && to - number->whole > 1)
        return refuse(at, number->whole, fault, "A number has a leading zero.");
    if (to < end && *to == '.') {
        number->fraction = to + 1;
        number->fraction_end = to = digits_end(number->fraction, end);
        if (to == number->fraction)
            return refuse(at, to, fault, "A number has a decimal point without a digit after it.");
    }
    if (to < end && (*to == 'e' || *to == 'E')) {
        const unsigned char *const exponent_end = read_exponent(to + 1, end, &number->exponent);

        if (!exponent_end)
            return refuse(at, to, fault, "A number has an exponent without a digit.");
        to = exponent_end;
    }
    number->is_plain = to == number->whole_end;
    *at = to;
    return 1;
}

int decimal_is_in_range(const decimal_t *number)
{
    return number->is_plain ? integer_fits(number) : double_is_finite(number);
}

/* The digits of a number without its point and the zeros around them: its value is count of them, as an
 * integer, times ten to the power. */
typedef struct digits_t {
    const decimal_t *number;
    apr_size_t first, count;
    int64_t power;
} digits_t;

static apr_size_t whole_length(const decimal_t *number)
{
    return (apr_size_t)(number->whole_end - number->whole);
}

static int digit_at(const decimal_t *number, apr_size_t n)
{
    const apr_size_t length = whole_length(number);

    return (n < length ? number->whole[n] : number->fraction[n - length]) - '0';
}

static digits_t strip_zeros(const decimal_t *number)
{
    const apr_size_t behind = (apr_size_t)(number->fraction_end - number->fraction);
    digits_t digits = {number, 0, whole_length(number) + behind, number->exponent - (int64_t)behind};

    while (digits.count > 0 && digit_at(number, digits.first) == 0) {
        digits.first++;
        digits.count--;
    }
    while (digits.count > 0 && digit_at(number, digits.first + digits.count - 1) == 0) {
        digits.count--;
        digits.power++;
    }
    return digits;
}

int decimal_integer(const decimal_t *number, int64_t *value)
{
    enum { DIGITS_MAX = 19 }; /* of an int64_t; no 19 digits are too much for a uint64_t */
    const uint64_t limit = (uint64_t)INT64_MAX + (uint64_t)number->is_negative;
    digits_t digits = strip_zeros(number);
    uint64_t magnitude = 0;

    *value = 0;
    if (digits.count == 0)
        return 1;
    if (digits.power < 0)
        return 0;
    if (digits.power > DIGITS_MAX || (int64_t)digits.count + digits.power > DIGITS_MAX)
        magnitude = limit;
    else
        for (apr_size_t n = 0; n < digits.count + (apr_size_t)digits.power; n++)
            magnitude =
                magnitude * 10 + (n < digits.count ? (uint64_t)digit_at(number, digits.first + n) : 0);
    if (magnitude > limit)
        magnitude = limit;
    *value = number->is_negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return 1;
}
