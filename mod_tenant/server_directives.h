/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SERVER_DIRECTIVES_H
#define TENANT_SERVER_DIRECTIVES_H

#include "setting.h"

/* The setters of a server's directives; each writes into the settings of config.h. */
set_word_t set_database, set_key_file, set_pool, set_cache, set_password_slots, set_login_rate,
    set_failure_rate, set_linger, set_metrics, set_usage;

#endif
