/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_ONCE_H
#define TENANT_API_ONCE_H

#include "api.h"

/* A writer for an answer that shows a secret this once: its text is wiped with the request's pool. It must
 * not grow beyond size, which would leave a copy behind. */
writer_t *once_writer(api_t *api, apr_size_t size);

#endif
