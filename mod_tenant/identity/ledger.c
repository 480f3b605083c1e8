/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include <apr_strings.h>
#include <string.h>

#include "../monotonic.h"
#include "table.h"

/* The texts of a claim. The id's is made from the id. */
static const apr_size_t texts[] = {
    offsetof(claim_t, tenant.name), offsetof(claim_t, tenant.domain), offsetof(claim_t, phone),
    offsetof(claim_t, token),       offsetof(claim_t, previous),
};

enum {
    TEXTS = sizeof texts / sizeof *texts,
    NOBODY_WORDS = 2,  /* moment and until */
    USUAL_WORDS = 64,  /* one tenant with two tokens of the usual length */
    LONG_WORDS = 2400, /* as many as there may be, with the longest names, domains and tokens of the API */
    NOTES = 1024,      /* tokens that cannot be opened, which the log has been told of */
};

/* What part of the size the others have, as in the cache of tenants. */
enum { NOBODY_SHARE = 4, LONG_SHARE = 8 };

/* What a table keeps. */
typedef union record_t {
    uint64_t words[LONG_WORDS];
    struct {
        generation_t moment; /* ahead of the lookup */
        apr_time_t until;    /* by monotonic_now(); of a nobody that is all */
        int count;
        char claims[]; /* one behind the other: head_t, and the texts with their NULs */
    };
} record_t;

/* A claim but for its texts. */
typedef struct head_t {
    apr_time_t previous_until;
    int id;
    int is_active;
    uint16_t lengths[TEXTS]; /* with their NULs; 0: NULL */
} head_t;

struct ledger_t {
    cache_settings_t settings;
    const generations_t *generations; /* NULL: nothing is kept */
    digest_key_t key;
    table_t *usual;
    table_t *lengthy;
    table_t *nobodies;
    table_t *notes;
    flights_t *flights;
};

ledger_t *ledger_open(const cache_settings_t *settings, const generations_t *generations, apr_pool_t *process)
{
    ledger_t *ledger = apr_pcalloc(process, sizeof *ledger);

    digest_key_make(&ledger->key);
    ledger->notes = table_make(NOTES, 1, process);
    ledger->flights = flights_make(process);
    if (!ledger->notes || !ledger->flights)
        return NULL;
    if (!generations)
        return ledger;
    ledger->settings = *settings;
    ledger->generations = generations;
    ledger->usual = table_make(settings->size, USUAL_WORDS, process);
    ledger->lengthy = table_make(settings->size / LONG_SHARE, LONG_WORDS, process);
    ledger->nobodies = table_make(settings->size / NOBODY_SHARE, NOBODY_WORDS, process);
    return ledger->usual && ledger->lengthy && ledger->nobodies ? ledger : NULL;
}

digest_t ledger_name(const ledger_t *ledger, const char *account_sid, const char *first, apr_pool_t *pool)
{
    const char *text = first ? apr_pstrcat(pool, account_sid, " ", first, NULL) : account_sid;

    return digest_make(&ledger->key, text, strlen(text));
}

static const char **text_of(claim_t *claim, int n)
{
    return (const char **)((char *)claim + texts[n]);
}

/* Reads a claim of a record at *at, which moves behind it. */
static void unpack(claim_t *claim, const char **at, apr_pool_t *pool)
{
    head_t head;

    memcpy(&head, *at, sizeof head);
    *at += sizeof head;
    *claim = (claim_t){
        .tenant = {.id = head.id,
                   .id_text = apr_itoa(pool, head.id),
                   .is_active = head.is_active,
                   .via = TENANT_VIA_TWILIO},
        .previous_until = head.previous_until,
    };
    for (int n = 0; n < TEXTS; n++) {
        if (head.lengths[n])
            *text_of(claim, n) = apr_pmemdup(pool, *at, head.lengths[n]);
        *at += head.lengths[n];
    }
}

/* Adds a claim to a record of which so many bytes are used. Returns how many are then; 0: there is no room.
 */
static apr_size_t pack(record_t *record, apr_size_t used, const claim_t *claim)
{
    claim_t copy = *claim;
    head_t head = {claim->previous_until, claim->tenant.id, claim->tenant.is_active, {0}};
    apr_size_t at = used + sizeof head;

    for (int n = 0; n < TEXTS; n++) {
        const char *text = *text_of(&copy, n);
        apr_size_t length = text ? strlen(text) + 1 : 0;

        if (offsetof(record_t, claims) + at + length > sizeof *record)
            return 0;
        if (length)
            memcpy(record->claims + at, text, length);
        head.lengths[n] = (uint16_t)length;
        at += length;
    }
    memcpy(record->claims + used, &head, sizeof head);
    return at;
}

/* Makes a record of claims. Returns its length in words; 0: they are too long. */
static int pack_all(record_t *record, const claims_t *claims)
{
    apr_size_t used = 0;

    record->count = claims->count;
    for (int n = 0; n < claims->count; n++) {
        used = pack(record, used, &claims->list[n]);
        if (used == 0)
            return 0;
    }
    return (int)((offsetof(record_t, claims) + used + sizeof(uint64_t) - 1) / sizeof(uint64_t));
}

/* Whether a record says what the database would say. */
static int holds(const ledger_t *ledger, const record_t *record)
{
    return monotonic_now() < record->until &&
           generations_hold(ledger->generations, GENERATIONS_TENANTS, GENERATIONS_ANY_TENANT, record->moment);
}

int ledger_find(ledger_t *ledger, const digest_t *name, claims_t *claims, apr_pool_t *pool)
{
    record_t record;
    const char *at = record.claims;

    claims->count = 0;
    if (!ledger->generations)
        return 0;
    if ((table_get(ledger->usual, name, record.words) && holds(ledger, &record)) ||
        (table_get(ledger->lengthy, name, record.words) && holds(ledger, &record))) {
        claims->count = record.count;
        for (int n = 0; n < record.count; n++)
            unpack(&claims->list[n], &at, pool);
        return 1;
    }
    return table_get(ledger->nobodies, name, record.words) && holds(ledger, &record);
}

generation_t ledger_moment(const ledger_t *ledger)
{
    return ledger->generations ? generations_now(ledger->generations, GENERATIONS_TENANTS) : 0;
}

void ledger_keep(ledger_t *ledger, const digest_t *name, const claims_t *claims, generation_t moment)
{
    record_t record;
    int length;

    if (!ledger->generations)
        return;
    length = claims->count ? pack_all(&record, claims) : NOBODY_WORDS;
    record.moment = moment;
    record.until = monotonic_now() + (claims->count ? ledger->settings.ttl : ledger->settings.negative);
    if (length == 0 || !holds(ledger, &record))
        return;
    if (claims->count == 0)
        table_put(ledger->nobodies, name, record.words, length);
    else
        table_put(length <= USUAL_WORDS ? ledger->usual : ledger->lengthy, name, record.words, length);
}

void ledger_copy(claims_t *copies, const claims_t *claims, apr_pool_t *pool)
{
    *copies = *claims;
    for (int n = 0; n < copies->count; n++) {
        claim_t *copy = &copies->list[n];

        copy->tenant.id_text = apr_pstrdup(pool, copy->tenant.id_text);
        for (int t = 0; t < TEXTS; t++)
            *text_of(copy, t) = apr_pstrdup(pool, *text_of(copy, t));
    }
}

flights_t *ledger_flights(const ledger_t *ledger)
{
    return ledger->flights;
}

int ledger_note(ledger_t *ledger, const claim_t *claim, const char *stored, apr_pool_t *pool)
{
    const char *text = apr_pstrcat(pool, claim->tenant.id_text, " ", stored, NULL);
    digest_t name = digest_make(&ledger->key, text, strlen(text));
    uint64_t noted = 1;

    if (table_get(ledger->notes, &name, &noted))
        return 0;
    table_put(ledger->notes, &name, &noted, 1);
    return 1;
}
