/* SPDX-License-Identifier: Apache-2.0 */
#include "guesses.h"

#include "../config.h"
#include "network.h"

static digest_t name_of(const request_rec *r)
{
    return attempts_name(config_server(r->server)->guesses, "", "", "", network_of_client(r));
}

/* What a wait means for the request. */
static const problem_t *judge(request_rec *r, apr_interval_time_t wait)
{
    if (wait == 0)
        return NULL;
    problem_set_wait(wait, r->err_headers_out);
    return &problem_rate_limited;
}

const problem_t *guesses_check(request_rec *r)
{
    const server_config_t *server = config_server(r->server);
    digest_t name = name_of(r);

    return judge(r, attempts_wait(server->guesses, &server->failure_rate, &name));
}

void guesses_count(request_rec *r)
{
    const server_config_t *server = config_server(r->server);
    digest_t name = name_of(r);

    attempts_count(server->guesses, &server->failure_rate, &name);
}

const problem_t *guesses_take(request_rec *r)
{
    const server_config_t *server = config_server(r->server);
    digest_t name = name_of(r);

    return judge(r, attempts_take(server->guesses, &server->failure_rate, &name, NULL));
}

void guesses_give_back(request_rec *r)
{
    const server_config_t *server = config_server(r->server);
    digest_t name = name_of(r);

    attempts_give_back(server->guesses, &server->failure_rate, &name);
}
