/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_RESOURCE_H
#define TENANT_RESOURCE_RESOURCE_H

#include <apr_pools.h>

#include "../store/statement.h"

/* How long a replaced API key goes on working, in seconds: a day where nobody says, a week at most. */
#define RESOURCE_GRACE_DEFAULT 86400
#define RESOURCE_GRACE_MAX     604800

/* The least length of an Idempotency-Key that can lead to an API key: 128 random bits in base64. */
#define RESOURCE_REPEAT_MIN 22

typedef enum field_type_t {
    FIELD_INTEGER,  /* a JSON integer, min to max; PostgreSQL integer */
    FIELD_TEXT,     /* a JSON string of min to max characters; varchar or text */
    FIELD_BOOLEAN,  /* boolean */
    FIELD_TIME,     /* a JSON string by RFC 3339; timestamptz */
    FIELD_DATE,     /* a JSON string, `2026-05-17`; date. The server's alone */
    FIELD_PASSWORD, /* a JSON string of min to max bytes, kept as an argon2id hash; text, never read */
    FIELD_SECRET,   /* a JSON string of min to max characters, kept sealed; text, never read */
    FIELD_SEALED,   /* what shows of such a column: whether it is set */
    FIELD_OBJECT,   /* a JSON object with members of its own; in bodies that are no rows */
    FIELD_TEXTS,    /* a JSON object of any names: at most FIELD_TEXTS_MAX, each with a text of min to max
                       characters; likewise */
} field_type_t;

enum {
    FIELD_REQUIRED = 1,   /* must be given on create, and never be null */
    FIELD_READ_ONLY = 2,  /* the server's: refused in bodies */
    FIELD_WRITE_ONCE = 4, /* accepted on create, refused on update */
    FIELD_NULLABLE = 8,   /* may be null */
    FIELD_CONTROLS = 16,  /* control characters are allowed in the text: all that PostgreSQL can hold */
    FIELD_KEY = 32,       /* names the row in a path as well as the id does */
    FIELD_FILTER = 64,    /* `field=value` in a list (filter.h); its indexes are (tenant_id, field, id) and
                             (tenant_id, field, created_at, id) */
    FIELD_RANGE = 128,    /* `field.gt=` and its like as well */
    FIELD_RESET = 256,    /* null stores the fallback */
    FIELD_LOWER = 512,    /* letters are stored in lower case (ASCII) */
    FIELD_LEGACY_NULL = 1024, /* rows of an earlier system may lack it, so that answers may show null */
    FIELD_TENANT = 2048,      /* the tenant's id, in the resource's tenant_column: the same in all rows that a
                                 request may see, which therefore shows its own and reads none */
    FIELD_PARTY = 4096,   /* a phone number with its plus, or an address that may hold one (`sip:+1…`) */
    FIELD_BIG = 8192,     /* an integer to FIELD_BIG_MAX; PostgreSQL integer or bigint */
    FIELD_SPARSE = 16384, /* its indexes leave out the rows that lack it, so that writing those costs nothing:
                             no filter asks for them */
    FIELD_PERIOD = 32768, /* `from=value` and `to=value` in a list: the first and the last one; beside
                             `field=value` */
    FIELD_UNIQUE = 65536, /* a tenant has one row at most with a value of it */
};

/* The largest integer that every reader of JSON keeps as it is (RFC 8259 section 6). */
#define FIELD_BIG_MAX 9007199254740991

/* How many texts a FIELD_TEXTS may have, and how long a name may be, in characters. */
enum { FIELD_TEXTS_MAX = 16, FIELD_TEXTS_NAME_MAX = 64 };

/* A check past type and length. Returns NULL, or what the text must be, as a sentence's end: "must be …".
 * */
typedef const char *field_check_fn(const char *text, apr_size_t length);

typedef struct field_t {
    const char *name; /* JSON key; also the column unless column says otherwise */
    field_type_t type;
    unsigned flags;        /* FIELD_… */
    int min, max;          /* see the type */
    field_check_fn *check; /* or NULL */
    const char *column;    /* another column's name */

    /* SQL for a value that is absent on create. Of a FIELD_BOOLEAN it is JSON as well: what a single row
     * shows that does not exist yet. */
    const char *fallback;

    /* SQL with a parameter: the column's value of a text, NULL where no row can have it. For a column of
     * whichever type an earlier system gave it. */
    const char *taken;

    const char *on_update; /* SQL that every update stores */
    const char *about;     /* for the reference: what it is, in Markdown; NULL: its name says it */
    const char *example;   /* for the reference: a value that is taken; NULL: made up from the rest */

    /* SQL function of a tenant's id and a value: the id of the one row that has it. For a filter that
     * ignores case: such a comparison may not use an index under row-level security, since PostgreSQL does
     * not know it to be leakproof. */
    const char *lookup;

    /* Of a FIELD_SECRET: the field that says until when the value before is good as well. */
    const char *grace;

    const struct resource_t *members; /* of a FIELD_OBJECT: what it may have */
} field_t;

/* A set of a resource's fields: bit n is set where field n belongs to it. */
typedef unsigned fields_t;
#define FIELDS_ALL (~(fields_t)0)

enum {
    RESOURCE_LIST = 1,
    RESOURCE_READ = 2,
    RESOURCE_CREATE = 4,
    RESOURCE_UPDATE = 8,
    RESOURCE_DELETE = 16,
    RESOURCE_ALL = RESOURCE_LIST | RESOURCE_READ | RESOURCE_CREATE | RESOURCE_UPDATE | RESOURCE_DELETE,
};

/* How a list is ordered, descending. */
typedef enum resource_order_t {
    ORDER_ID,
    ORDER_CREATED, /* by created_at, then id; rows without created_at last. For ids that do not grow */
} resource_order_t;

/* How many fields a resource may have: statements take two values of each, and some more. */
enum { RESOURCE_FIELDS_MAX = 30 };

/* One kind of rows, and all that is to be said of it:
 * routes, validation, SQL and answers follow from this. */
typedef struct resource_t {
    const char *name;          /* the path's segment */
    const char *table;         /* NULL: the same name */
    const char *tenant_column; /* NULL: tenant_id */
    unsigned operations;       /* RESOURCE_… */
    int is_single;             /* one row, or none yet, for each tenant: no list, no id in the path */
    int is_profile;            /* the tenant's own row, which is always there, and which has the API key */
    int is_private;            /* nothing for the tenant's users, of whom it tells */
    int is_users;              /* who may log in: of these rows a user may touch its own alone */
    int is_audited;            /* the audit tells of each change; of others that a row was deleted */
    int is_token;              /* tokens, not rows: a user gets those that name the user alone */
    int spans_tenants;         /* rows of all tenants: reached where a handler spans tenants alone */
    int makes_keys;            /* a row has an API key, which the answer to its creation shows */
    int is_public;             /* TenantPublicRead may name it */
    int has_sound;             /* its rows, by their key, have a sound at Twilio: /NAME/KEY.mp3 and .wav */
    resource_order_t order;
    const field_t *fields;       /* in the order of the answer; the first one is id; ended by a NULL name */
    const char *removable;       /* SQL condition without which no row is removed; NULL: none */
    const conflict_t *conflicts; /* or NULL */
    const char *singular; /* for the reference: the name of one; NULL: the name without its last letter */
    const char *about;    /* for the reference: what these are, in Markdown; NULL: the name says it */
} resource_t;

/* The body of POST /tenant/key: grace_seconds, how long the old key goes on working, at most a week. */
extern const resource_t resource_rotation;

/* The body of POST /twilio/token, which is a path of its own: whom the token names, how long it holds, and
 * what it grants, in the form that Twilio's tokens have (twilio/access.h). */
extern const resource_t resource_token;

/* How long a token holds, in seconds: an hour where nobody says. Twilio takes none of more than a day. */
#define RESOURCE_TTL_DEFAULT 3600
#define RESOURCE_TTL_MIN     60
#define RESOURCE_TTL_MAX     86400

/* The longest name of a client at Twilio, in characters. */
#define RESOURCE_IDENTITY_MAX 121

/* The fields of resource_token, of its member voice, and of that one's members, in their order. */
enum { TOKEN_IDENTITY, TOKEN_TTL, TOKEN_VOICE };
enum { VOICE_INCOMING, VOICE_OUTGOING, VOICE_PUSH_CREDENTIAL };
enum { INCOMING_ALLOW };
enum { OUTGOING_APPLICATION, OUTGOING_PARAMS };

/* What is wrong with an entry, or NULL: looked at once at start, so that a mistake in the table does not
 * serve. In pool. */
const char *resource_check(const resource_t *resource, apr_pool_t *pool);

/* How many fields it has. */
int resource_field_count(const resource_t *resource);

/* The field of a name, or NULL. */
const field_t *resource_field(const resource_t *resource, const char *name, apr_size_t length);

/* The field that names a row in a path besides the id, or NULL. */
const field_t *resource_key(const resource_t *resource);

const char *resource_table(const resource_t *resource);
const char *resource_tenant_column(const resource_t *resource);
const char *field_column(const field_t *field);

/* Whether answers show the field, statements read it for that, a create takes it, an update takes it. */
int field_is_readable(const field_t *field);
int field_is_selected(const field_t *field);
int field_is_creatable(const field_t *field);
int field_is_updatable(const field_t *field);

/* How many bytes the values of a row have that a list reads, at most, about. */
apr_size_t resource_row_size(const resource_t *resource);

/* The largest number that an integer may be. */
apr_int64_t field_most(const field_t *field);

/* Whether answers may show null for it. */
int field_may_be_null(const field_t *field);

/* Whether a value of it belongs to one row of a tenant at most; field is one of a resource's. */
int field_is_unique(const field_t *field);

#endif
