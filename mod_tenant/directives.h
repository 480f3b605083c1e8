/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_DIRECTIVES_H
#define TENANT_DIRECTIVES_H

#include <httpd.h>
#include <http_config.h>

/* What httpd's configuration may say to this module; each writes into the settings of config.h. */
extern const command_rec directives[];

#endif
