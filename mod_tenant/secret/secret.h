/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_SECRET_H
#define TENANT_SECRET_SECRET_H

#include <apr.h>

/* Overwrites bytes that were secret in a way that the compiler does not remove (sodium_memzero). */
void secret_wipe(void *bytes, apr_size_t length);

#endif
