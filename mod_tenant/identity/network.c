/* SPDX-License-Identifier: Apache-2.0 */
#include "network.h"

#include <apr_strings.h>
#include <arpa/inet.h>
#include <string.h>

const char *network_of_client(const request_rec *r)
{
    const apr_sockaddr_t *address = r->useragent_addr;
    const struct in6_addr *ipv6 = address->ipaddr_ptr;
    char text[INET6_ADDRSTRLEN];
    struct in6_addr network = {0};

    if (address->family != APR_INET6 || IN6_IS_ADDR_V4MAPPED(ipv6))
        return r->useragent_ip;
    memcpy(&network, ipv6, sizeof network / 2);
    return apr_pstrdup(r->pool, inet_ntop(AF_INET6, &network, text, sizeof text));
}
