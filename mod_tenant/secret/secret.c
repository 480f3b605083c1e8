/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"

#include <sodium.h>

void secret_wipe(void *bytes, apr_size_t length)
{
    sodium_memzero(bytes, length);
}
