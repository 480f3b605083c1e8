/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_SESSION_H
#define TENANT_TENANTCTL_SESSION_H

#include "../secret/keyring.h"
#include "../store/console.h"
#include "command.h"

/* What a command needs beside its operands. */
enum {
    SESSION_DATABASE = 1, /* a connection */
    SESSION_KEY_FILE = 2, /* the key file's path */
    SESSION_KEYS = 4,     /* its keys */
    SESSION_OWNER = 8,    /* a connection as the tables' owner */
};

/* What the options, and the httpd configuration, lead to. */
typedef struct session_t {
    apr_pool_t *pool;
    const char *name;        /* where a command has two: what it calls this one; else NULL */
    const char *config;      /* the configuration that was read; NULL: none */
    const char *conninfo;    /* as given; NULL: none */
    const char *role;        /* what to connect as where conninfo is the module's own; else NULL */
    const char *service;     /* the module's own connection string, by the configuration; NULL: not known */
    const char *reader;      /* the same, of what answers reads; NULL: there is none, or it is not known */
    const char *user;        /* who httpd connects as, of the system's users; NULL: not known */
    const char *key_file;    /* absolute; NULL: none */
    const char *runtime_dir; /* absolute; NULL: not known */
    console_t *database;     /* NULL unless wanted */
    keyring_t *keyring;      /* NULL unless wanted */
} session_t;

/* Opens what a command wants, a set of SESSION_…. Returns EXIT_…, having said what is wrong. */
int session_open(session_t *session, const call_t *call, int wants);

/* Opens a further session to another database, with the keys of another key file; called by its name. */
int session_open_other(session_t *session, const char *name, const char *conninfo, const char *key_file,
                       apr_pool_t *pool);

/* The path as seen from the root; NULL where the working directory has no name. */
const char *session_path(const char *path, apr_pool_t *pool);

#endif
