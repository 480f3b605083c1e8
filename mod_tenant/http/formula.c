/* SPDX-License-Identifier: Apache-2.0 */
#include "formula.h"

#include <stdint.h>
#include <string.h>

typedef struct range_t {
    uint32_t first, last;
} range_t;

/* What a spreadsheet may drop ahead of a formula, or a reader of the table not see: Unicode's White_Space,
 * Default_Ignorable_Code_Point and Cc, and the blank of Braille. */
static const range_t unseen[] = {
    {0x01, 0x20},       {0x7F, 0xA0},       {0xAD, 0xAD},     {0x034F, 0x034F}, {0x061C, 0x061C},
    {0x115F, 0x1160},   {0x1680, 0x1680},   {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x2000, 0x200F},
    {0x2028, 0x202F},   {0x205F, 0x206F},   {0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164},
    {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3},
    {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
};

/* `+`, `-`, `=` and `@`, what Unicode decomposes to one of them (NFKC), and its own minus. */
static const range_t openers[] = {
    {'+', '+'},       {'-', '-'},       {'=', '='},       {'@', '@'},       {0x207A, 0x207C},
    {0x208A, 0x208C}, {0x2212, 0x2212}, {0xFB29, 0xFB29}, {0xFE62, 0xFE63}, {0xFE66, 0xFE66},
    {0xFE6B, 0xFE6B}, {0xFF0B, 0xFF0B}, {0xFF0D, 0xFF0D}, {0xFF1D, 0xFF1D}, {0xFF20, 0xFF20},
};

static int is_in(const range_t *ranges, size_t count, uint32_t character)
{
    size_t n = 0;

    while (n < count && character > ranges[n].last)
        n++;
    return n < count && character >= ranges[n].first;
}

#define IS_IN(ranges, character) is_in(ranges, sizeof ranges / sizeof *(ranges), character)

/* The character that text begins with; *next is what follows. */
static uint32_t read_character(const char *text, const char **next)
{
    const unsigned char *at = (const unsigned char *)text;
    uint32_t c = *at++;

    if (c >= 0x80) {
        c &= c < 0xE0 ? 0x1F : c < 0xF0 ? 0x0F : 0x07;
        while ((*at & 0xC0) == 0x80)
            c = c << 6 | (*at++ & 0x3F);
    }
    *next = (const char *)at;
    return c;
}

/* Whether so short a text is a sign and digits alone. */
static int is_number(const char *text)
{
    size_t digits = strspn(text + 1, "0123456789");

    return (*text == '+' || *text == '-') && digits > 0 &&
           (!text[1 + digits] || strchr(FORMULA_SEPARATORS, text[1 + digits]));
}

/* Where a cell begins to show, and whether it may be computed. */
typedef struct shown_t {
    const char *at;
    int is_formula;
} shown_t;

/* Looks for what a cell that begins here shows first. `"` stands where a program that looks for the separator
 * alone would take it for the cell's own quotes. */
static shown_t look(const char *cell, int is_inner)
{
    for (;;) {
        const char *next;
        uint32_t c = read_character(cell, &next);

        if (!IS_IN(unseen, c) && !(is_inner && c == '"'))
            return (shown_t){cell, IS_IN(openers, c) && !is_number(cell)};
        cell = next;
    }
}

/* The next place in text that wants a mark; NULL: none does. Separators in a row, with nothing but what does
 * not show in between, have the same behind them: shown is what was found last, so that all takes time in
 * proportion to the text. */
static const char *find_inner(const char *text, shown_t *shown)
{
    for (text = strpbrk(text, FORMULA_SEPARATORS); text; text = strpbrk(text, FORMULA_SEPARATORS)) {
        text += strspn(text, FORMULA_SEPARATORS);
        if (text > shown->at)
            *shown = look(text, 1);
        if (shown->is_formula)
            return text;
    }
    return NULL;
}

const char *formula_guard(const char *text, apr_pool_t *pool)
{
    int is_first = *text == '\t' || *text == '\r' || look(text, 0).is_formula;
    shown_t shown = {text, 0};
    const char *place = find_inner(text, &shown);
    char *guarded, *to;

    if (!is_first && !place)
        return text;
    guarded = to = apr_palloc(pool, 2 * strlen(text) + 2);
    if (is_first)
        *to++ = '\'';
    for (; place; place = find_inner(text, &shown)) {
        memcpy(to, text, (size_t)(place - text));
        to += place - text;
        *to++ = '\'';
        text = place;
    }
    strcpy(to, text);
    return guarded;
}
