/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_ROUTE_H
#define TENANT_RESOURCE_ROUTE_H

#include "resource.h"

typedef enum route_kind_t {
    ROUTE_INDEX,      /* the base path, with or without a slash */
    ROUTE_COLLECTION, /* /calls */
    ROUTE_ROW,        /* /calls/17, /calls/CA… */
    ROUTE_SOUND,      /* /recordings/RE….mp3, .wav */
    ROUTE_SINGLE,     /* /settings */
    ROUTE_ROTATION,   /* /tenant/key, or the administrator's /tenants/17/key */
    ROUTE_TOKEN,      /* /twilio/token, of the tenants' own API */
    ROUTE_REFERENCE,  /* /reference/NAME, a file of the page that shows the API */
    ROUTE_OPENAPI,    /* /openapi.json */
    ROUTE_PROBLEMS,   /* /problems */
    ROUTE_PROBLEM,    /* /problems/CODE */
    ROUTE_LIVE,       /* /live */
    ROUTE_READY,      /* /ready */
    ROUTE_KINDS,      /* how many there are */
} route_kind_t;

/* What a path names. */
/* A form of a row's sound: the ending of its path, and its media type. */
typedef struct sound_t {
    const char *ending, *media;
} sound_t;

/* All of them; ended by a NULL ending. */
extern const sound_t route_sounds[];

typedef struct route_t {
    route_kind_t kind;
    const resource_t *resource; /* NULL for what is no tenant's */
    const char *id; /* NUL-terminated: a row's id or key, well formed; a sound's key; a file's name; a code */
    int by_key;     /* id is the resource's FIELD_KEY, not its id */
    const sound_t *sound; /* of a ROUTE_SOUND */
} route_t;

/* Reads a decoded path behind the base path: "", "/", "/calls", "/calls/17". Case-sensitive; a slash at
 * the end is nothing's path. id is in pool. spans_tenants picks the resources. 0: nothing has that path,
 * whatever the database holds. */
int route_parse(route_t *route, const char *path, int spans_tenants, apr_pool_t *pool);

/* Whether a name is a path of the API's own, so that no resource can have it. */
int route_is_reserved(const char *name);

/* Whether it is no tenant's, so that everybody may have it. */
int route_is_open(const route_t *route);

/* The methods that a route allows, for Allow (RFC 9110 section 10.2.1). */
const char *route_allow(const route_t *route, apr_pool_t *pool);

/* Whether it allows a method by httpd's number (M_GET, which is HEAD as well). */
int route_allows(const route_t *route, int method);

#endif
