/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger: the claims of a Twilio account, whole, for as long as they hold. */
#include <apr_general.h>
#include <apr_strings.h>

#include "identity/ledger.h"
#include "monotonic.h"
#include "tap.h"

#define SID "AC00112233445566778899aabbccddeeff"

static apr_pool_t *pool;
static generations_t *generations;

static ledger_t *open_ledger(int size, int negative)
{
    cache_settings_t settings = {size, apr_time_from_sec(60), apr_time_from_sec(negative)};

    return ledger_open(&settings, generations, pool);
}

static const char *text_of(int length, char c)
{
    char *text = apr_pcalloc(pool, (apr_size_t)length + 1);

    memset(text, c, (apr_size_t)length);
    return text;
}

/* Claims of the tenants 1 to count, all with texts of that length; no domain, no token before. */
static claims_t claims_of(int count, int length)
{
    claims_t claims = {.count = count};

    for (int n = 0; n < count; n++)
        claims.list[n] = (claim_t){
            .tenant = {.id = n + 1,
                       .id_text = apr_itoa(pool, n + 1),
                       .name = text_of(length, 'n'),
                       .is_active = n % 2,
                       .via = TENANT_VIA_TWILIO},
            .phone = text_of(length < 80 ? length : 80, '1'),
            .token = text_of(length, 't'),
            .previous_until = 17,
        };
    return claims;
}

static digest_t name_of(ledger_t *ledger, const char *sid)
{
    return ledger_name(ledger, sid, NULL, pool);
}

static void keep(ledger_t *ledger, const char *sid, const claims_t *claims)
{
    digest_t name = name_of(ledger, sid);

    ledger_keep(ledger, &name, claims, ledger_moment(ledger));
}

/* How many claims there are of an account; -1: the ledger cannot say. */
static int find(ledger_t *ledger, const char *sid)
{
    digest_t name = name_of(ledger, sid);
    claims_t found = {.count = 99};

    return ledger_find(ledger, &name, &found, pool) ? found.count : -1;
}

static int same_text(const char *a, const char *b)
{
    return a && b ? a != b && strcmp(a, b) == 0 : a == b;
}

/* Whether they say the same, in memory of their own. */
static int same(const claims_t *a, const claims_t *b)
{
    int is_same = a->count == b->count;

    for (int n = 0; is_same && n < a->count; n++) {
        const claim_t *x = &a->list[n], *y = &b->list[n];

        is_same = x->tenant.id == y->tenant.id && same_text(x->tenant.id_text, y->tenant.id_text) &&
                  same_text(x->tenant.name, y->tenant.name) &&
                  same_text(x->tenant.domain, y->tenant.domain) &&
                  x->tenant.is_active == y->tenant.is_active && x->tenant.via == y->tenant.via &&
                  !x->tenant.user && same_text(x->phone, y->phone) && same_text(x->token, y->token) &&
                  same_text(x->previous, y->previous) && x->previous_until == y->previous_until;
    }
    return is_same;
}

static void test_copies(void)
{
    ledger_t *ledger = open_ledger(1000, 30);
    const struct {
        int count, length;
    } cases[] = {{1, 0}, {1, 30}, {1, 1024}, {2, 60}, {8, 1}, {8, 1000}};

    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        claims_t claims = claims_of(cases[n].count, cases[n].length), found, copies;
        digest_t name = name_of(ledger, apr_itoa(pool, (int)n));

        claims.list[0].tenant.domain = text_of(cases[n].length / 4, 'd');
        claims.list[claims.count - 1].previous = text_of(cases[n].length, 'p');
        ledger_keep(ledger, &name, &claims, ledger_moment(ledger));
        ok(ledger_find(ledger, &name, &found, pool) && same(&found, &claims), "%d claims, texts of %d bytes",
           cases[n].count, cases[n].length);
        ledger_copy(&copies, &claims, pool);
        ok(same(&copies, &claims), "copies of them");
    }
}

static void test_bounds(void)
{
    ledger_t *ledger = open_ledger(8, 30);
    claims_t one = claims_of(1, 30), endless = claims_of(8, 2000);
    int known = 0;

    keep(ledger, SID, &endless);
    ok(find(ledger, SID) == -1, "what is too long is not kept");
    for (int n = 0; n < 1000; n++)
        keep(ledger, apr_itoa(pool, n), &one);
    for (int n = 0; n < 1000; n++)
        known += find(ledger, apr_itoa(pool, n)) == 1;
    ok(known > 0 && known <= 8, "%d of a thousand accounts are kept where there is room for 8", known);
}

static void test_nobodies(void)
{
    ledger_t *ledger = open_ledger(64, 30), *forgetful = open_ledger(64, 0);
    claims_t one = claims_of(1, 30), none = {0};

    ok(find(ledger, SID) == -1, "nothing is known at first");
    keep(ledger, SID, &none);
    ok(find(ledger, SID) == 0, "nobody's");
    for (int n = 0; n < 8; n++)
        keep(ledger, apr_itoa(pool, n), &one);
    for (int n = 0; n < 1000; n++)
        keep(ledger, apr_psprintf(pool, "nobody's %d", n), &none);
    for (int n = 0; n < 8; n++)
        ok(find(ledger, apr_itoa(pool, n)) == 1, "a thousand of nobody's drive out no other one");
    keep(forgetful, SID, &none);
    ok(find(forgetful, SID) == -1, "they have a time of their own");
    keep(forgetful, SID, &one);
    ok(find(forgetful, SID) == 1, "which is not that of the others");
}

static void test_changes(void)
{
    ledger_t *ledger = open_ledger(64, 30);
    claims_t one = claims_of(1, 30), none = {0};
    digest_t name = name_of(ledger, SID);
    generation_t moment;

    keep(ledger, SID, &one);
    generations_change(generations, GENERATIONS_LOGINS, 1);
    ok(find(ledger, SID) == 1, "a change of logins is none of a tenant's");
    generations_change(generations, GENERATIONS_TENANTS, 1);
    ok(find(ledger, SID) == -1, "a change of the tenant");
    keep(ledger, SID, &one);
    generations_change(generations, GENERATIONS_TENANTS, 2);
    ok(find(ledger, SID) == -1, "a change of another tenant, which may claim the account now");
    keep(ledger, "nobody's", &none);
    generations_change(generations, GENERATIONS_TENANTS, 3);
    ok(find(ledger, "nobody's") == -1, "it may be nobody's no more");
    moment = ledger_moment(ledger);
    generations_change(generations, GENERATIONS_TENANTS, 1);
    ledger_keep(ledger, &name, &one, moment);
    ok(find(ledger, SID) == -1, "what changed while it was read is not kept");
    keep(ledger, SID, &one);
    generations_trust(generations, 0);
    ok(find(ledger, SID) == -1 && ledger_moment(ledger) == 0, "nothing holds while nobody hears of changes");
    generations_trust(generations, APR_INT64_MAX);
    ok(find(ledger, SID) == 1, "it does again");
}

static void test_off(void)
{
    ledger_t *ledger = ledger_open(NULL, NULL, pool);
    claims_t one = claims_of(1, 30);

    keep(ledger, SID, &one);
    ok(ledger && find(ledger, SID) == -1 && ledger_moment(ledger) == 0, "one that is off keeps nothing");
}

static void test_names(void)
{
    ledger_t *ledger = open_ledger(64, 30), *other = open_ledger(64, 30);
    digest_t name = name_of(ledger, SID), same_name = name_of(ledger, SID), its = name_of(other, SID),
             first = ledger_name(ledger, SID, "7", pool), second = ledger_name(ledger, SID, "8", pool);

    ok(memcmp(&name, &same_name, sizeof name) == 0, "an account has one name");
    ok(memcmp(&name, &first, sizeof name) != 0 && memcmp(&first, &second, sizeof first) != 0,
       "another one for each tenant that is told first");
    ok(memcmp(&name, &its, sizeof name) != 0, "which means nothing elsewhere");
}

static void test_notes(void)
{
    ledger_t *ledger = ledger_open(NULL, NULL, pool);
    claims_t claims = claims_of(2, 30);

    ok(ledger_note(ledger, &claims.list[0], "mt1.a", pool), "that a token cannot be opened is news");
    ok(!ledger_note(ledger, &claims.list[0], "mt1.a", pool), "once");
    ok(ledger_note(ledger, &claims.list[0], "mt1.b", pool), "of another token it is again");
    ok(ledger_note(ledger, &claims.list[1], "mt1.a", pool), "and of another tenant");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    generations = generations_make(pool);
    generations_trust(generations, APR_INT64_MAX);
    test_copies();
    test_bounds();
    test_nobodies();
    test_changes();
    test_off();
    test_names();
    test_notes();
    return done();
}
