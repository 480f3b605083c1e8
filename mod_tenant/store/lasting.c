/* SPDX-License-Identifier: Apache-2.0 */
#include "lasting.h"

#include <apr_shm.h>

/* Where memory begins: apr_shm has a word of its own ahead of what it gives. */
enum { PAGE = 4096 };

/* A mapping of the kernel's is all 0, and takes memory only for the pages that are used. */
void *lasting_memory(const char *name, apr_size_t size, int *is_new, apr_pool_t *process)
{
    apr_shm_t *memory;
    void *bytes;

    apr_pool_userdata_get(&bytes, name, process);
    *is_new = !bytes;
    if (bytes || apr_shm_create(&memory, size + PAGE, NULL, process) != APR_SUCCESS)
        return bytes;
    bytes = (char *)apr_shm_baseaddr_get(memory) + PAGE - (apr_uintptr_t)apr_shm_baseaddr_get(memory) % PAGE;
    apr_pool_userdata_set(bytes, name, NULL, process);
    return bytes;
}
