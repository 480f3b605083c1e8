/* SPDX-License-Identifier: Apache-2.0 */
#include "unverified.h"

#include <httpd.h>

#include <apr_strings.h>
#include <http_config.h>

#include "section.h"

/* A gateway, and the lists of directives that it stands in. */
typedef struct gateway_place_t {
    const ap_directive_t *section; /* its Location */
    const char *path;              /* the Location's */
    const char *target;            /* of its ProxyPass */
    const ap_directive_t *host;    /* its virtual host's list; NULL: it is in the main server */
    apr_pool_t *pool;
} gateway_place_t;

static const char *first_word(const ap_directive_t *directive, apr_pool_t *pool)
{
    const char *arguments = directive->args;

    return ap_getword_conf(pool, &arguments);
}

/* What a list itself says last of a directive; NULL: nothing. */
static const char *last_value(const ap_directive_t *list, const char *name, apr_pool_t *pool)
{
    const char *value = NULL;

    for (; list; list = list->next) {
        if (section_is_named(list, name))
            value = first_word(list, pool);
    }
    return value;
}

/* Whether a <Proxy> may be for some of what a gateway asks: what cannot be told counts as yes. */
static int may_be_for(const ap_directive_t *section, const gateway_place_t *place)
{
    const char *url;
    apr_size_t length, whole = strlen(place->target ? place->target : "");

    if (section_is_named(section, "<ProxyMatch"))
        return 1;
    if (!section_is_named(section, "<Proxy"))
        return 0;
    url = section_argument(section, place->pool);
    length = strcspn(url, "*?[~ ");
    return strncasecmp(url, place->target, length < whole ? length : whole) == 0;
}

typedef int is_bad_fn(const char *value);

static int is_off(const char *value)
{
    return strcasecmp(value, "on") != 0;
}

static int is_on(const char *value)
{
    return strcasecmp(value, "off") != 0;
}

static int is_not_required(const char *value)
{
    return strcasecmp(value, "require") != 0;
}

/* What TLS to Twilio rests on. With ProxyPreserveHost a client would
 * name the server that has to prove itself. */
static const struct rule_t {
    const char *directive;
    is_bad_fn *is_bad;
    int is_needed; /* httpd's default is a bad one */
    const char *wanted;
} rules[] = {
    {"SSLProxyEngine", is_off, 1, "SSLProxyEngine on"},
    {"SSLProxyVerify", is_not_required, 1, "SSLProxyVerify require"},
    {"SSLProxyCheckPeerName", is_off, 0, "SSLProxyCheckPeerName on"},
    {"SSLProxyCheckPeerCN", is_off, 0, "SSLProxyCheckPeerCN on"}, /* without PeerName its off is both's */
    {"SSLProxyCheckPeerExpire", is_off, 0, "SSLProxyCheckPeerExpire on"},
    {"ProxyPreserveHost", is_on, 0, "ProxyPreserveHost off"},
};

static int sections_say_bad(const ap_directive_t *list, const struct rule_t *rule,
                            const gateway_place_t *place);

/* Whether a list, or a section of it that may be for a gateway, says something bad. */
static int list_says_bad(const ap_directive_t *list, const struct rule_t *rule, const gateway_place_t *place)
{
    const char *value = last_value(list, rule->directive, place->pool);

    return (value && rule->is_bad(value)) || sections_say_bad(list, rule, place);
}

/* Whether a section of a list that may be for a gateway says something bad. */
static int sections_say_bad(const ap_directive_t *list, const struct rule_t *rule,
                            const gateway_place_t *place)
{
    for (; list; list = list->next) {
        if (list->first_child &&
            (may_be_for(list, place) || section_may_apply(list, place->path, place->pool)) &&
            list_says_bad(list->first_child, rule, place))
            return 1;
    }
    return 0;
}

/* Whether a virtual host, which has the main server's gateways too, says something bad. */
static int hosts_say_bad(const struct rule_t *rule, const gateway_place_t *place)
{
    for (const ap_directive_t *host = ap_conftree; host; host = host->next) {
        if (section_is_named(host, "<VirtualHost") && list_says_bad(host->first_child, rule, place))
            return 1;
    }
    return 0;
}

/* Whether what a gateway's server says of a directive is there, and never bad. */
static int is_kept(const struct rule_t *rule, const gateway_place_t *place)
{
    const char *value = place->host ? last_value(place->host, rule->directive, place->pool) : NULL;

    if (!value)
        value = last_value(ap_conftree, rule->directive, place->pool);
    if (value ? rule->is_bad(value) : rule->is_needed)
        return 0;
    return !sections_say_bad(ap_conftree, rule, place) &&
           !(place->host ? sections_say_bad(place->host, rule, place) : hosts_say_bad(rule, place));
}

static int has_authority(const gateway_place_t *place)
{
    static const char *const names[] = {"SSLProxyCACertificateFile", "SSLProxyCACertificatePath"};

    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        if ((place->host && last_value(place->host, names[n], place->pool)) ||
            last_value(ap_conftree, names[n], place->pool))
            return 1;
    }
    return 0;
}

/* What a gateway lacks, or NULL. */
static const char *lack_of(const gateway_place_t *place)
{
    if (last_value(place->section->first_child, "TenantHandler", place->pool))
        return "no TenantHandler beside it";
    if (!place->target || strncasecmp(place->target, "https://", 8) != 0)
        return "a ProxyPass with https:// in the same Location";
    for (size_t n = 0; n < sizeof rules / sizeof *rules; n++) {
        if (!is_kept(&rules[n], place))
            return rules[n].wanted;
    }
    return has_authority(place) ? NULL : "SSLProxyCACertificateFile";
}

static const char *look_through(const ap_directive_t *list, const ap_directive_t *host, apr_pool_t *pool)
{
    const char *why = NULL;

    for (; list && !why; list = list->next) {
        const char *on =
            section_is_named(list, "<Location") ? last_value(list->first_child, "TenantGateway", pool) : NULL;

        if (on && strcasecmp(on, "on") == 0) {
            gateway_place_t place = {list, section_argument(list, pool),
                                     last_value(list->first_child, "ProxyPass", pool), host, pool};
            const char *lack = lack_of(&place);

            if (lack)
                why = apr_psprintf(
                    pool,
                    "TenantGateway in <Location \"%s\"> needs %s, so that nobody but Twilio gets "
                    "its credentials (%s:%d)",
                    place.path, lack, list->filename, list->line_num);
        }
        if (!why)
            why = look_through(list->first_child,
                               section_is_named(list, "<VirtualHost") ? list->first_child : host, pool);
    }
    return why;
}

const char *unverified_find(apr_pool_t *pool)
{
    return look_through(ap_conftree, NULL, pool);
}
