/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_VERSION_H
#define TENANT_VERSION_H

/* The version of the module and of tenantctl (semantic versioning). */
#define TENANT_VERSION "0.1.0"

#endif
