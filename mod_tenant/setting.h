/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SETTING_H
#define TENANT_SETTING_H

#include <apr_tables.h>
#include <apr_time.h>
#include <httpd.h>
#include <http_config.h>

/* What the setters of directives (server_directives.h, location_directives.h) read their words with. */

/* What http_config.h calls with a directive's word or words, or its flag: NULL, or what is wrong,
 * which httpd tells, and does not start. */
typedef const char *set_word_t(cmd_parms *cmd, void *config, const char *word);
typedef const char *set_flag_t(cmd_parms *cmd, void *config, int on);
typedef const char *set_words_t(cmd_parms *cmd, void *config, const char *first, const char *second);

/* A whole decimal number from low to high. */
int setting_number(const char *text, int low, int high, int *number);

/* A setting `name=TIME` of a directive. */
typedef struct time_setting_t {
    const char *name; /* with its = */
    apr_interval_time_t *value;
    apr_interval_time_t low, high;
} time_setting_t;

/* Reads a setting if it is one of these, of which name NULL ends the list. 0: it is none of them; else *why
 * is NULL or says what is wrong. */
int setting_time(cmd_parms *cmd, const char *setting, const time_setting_t *times, const char **why);

/* Whether a path is one that answers may name as it is: unreserved characters (RFC 3986 section 2.3) and
 * slashes, in the form that httpd brings a request's path into. */
int setting_is_plain_path(const char *path);

/* Refuses a directive outside of a Location that names one path: a pattern has no prefix to cut off, and a
 * Directory's path is not a URL's. */
const char *setting_outside_location(cmd_parms *cmd);

/* A path without the slash at its end, in pool. */
const char *setting_cut_slash(const char *path, apr_pool_t *pool);

/* Adds the path of a directive's Location to a list, without the slash at its end; NULL: a new one. */
void setting_note_location(apr_array_header_t **locations, cmd_parms *cmd);

#endif
