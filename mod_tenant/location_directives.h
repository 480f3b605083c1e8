/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_LOCATION_DIRECTIVES_H
#define TENANT_LOCATION_DIRECTIVES_H

#include "setting.h"

/* The setters of a Location's directives; each writes into the settings of config.h. */
set_word_t set_handler, set_base_path, set_public_read, set_user_authority, set_reference, set_voice,
    set_message, set_public_url, set_max_body, set_gateway_from, set_gateway_rate;
set_flag_t set_require_tls, set_identify, set_forward, set_gateway;
set_words_t set_page_size, set_rate_limit;

#endif
