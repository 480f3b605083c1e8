/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_HTTPD_H
#define TENANT_TENANTCTL_HTTPD_H

#include <apr_pools.h>

/* The configuration that is read where the options leave out what a command needs: Debian's, below
 * APACHE_CONFDIR as in apachectl where that is set. */
#define HTTPD_CONFIG "/etc/apache2/apache2.conf"

/* What an httpd configuration says of mod_tenant; NULL where it says nothing. */
typedef struct httpd_t {
    const char *database;    /* TenantDatabase */
    const char *admin;       /* its admin= */
    const char *reader;      /* its read= */
    int several;             /* different ones stand in several servers */
    const char *key_file;    /* TenantKeyFile */
    const char *runtime_dir; /* the folder that httpd keeps its state in */
    const char *user;        /* who serves requests */
} httpd_t;

/* Reads a configuration file through httpd itself, which knows about Include, Define and IfModule: `apachectl
 * -t -D DUMP_CONFIG`, which mod_info answers. NULL, or a sentence in pool; what httpd says against the file
 * goes to standard error. */
const char *httpd_read(httpd_t *httpd, const char *file, apr_pool_t *pool);

#endif
