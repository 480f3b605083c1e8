/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_USTAR_H
#define TENANT_TENANTCTL_USTAR_H

#include <stdint.h>

/* The tar format of POSIX (IEEE Std 1003.1, pax, "ustar Interchange Format"), as much of it as an export
 * needs: regular files in one folder. A file is a block for its header, its bytes, and zeros up to the next
 * block; two blocks of zeros end the archive. A size of 8 GiB and more is in GNU tar's base-256. */
enum { USTAR_BLOCK = 512, USTAR_NAME_MAX = 99 };

/* What a header says. */
typedef struct ustar_entry_t {
    char name[USTAR_NAME_MAX + 1];
    int64_t size; /* in bytes */
} ustar_entry_t;

/* Makes the header of a regular file of mode 0600 that belongs to nobody in particular. */
void ustar_write(unsigned char block[USTAR_BLOCK], const ustar_entry_t *entry, int64_t mtime);

/* Reads a header. NULL, or what is wrong with it, as a sentence's end: only regular files are taken, with no
 * folder in their names. */
const char *ustar_read(ustar_entry_t *entry, const unsigned char block[USTAR_BLOCK]);

/* Whether a block is all zeros. */
int ustar_is_end(const unsigned char block[USTAR_BLOCK]);

/* How many zeros follow so many bytes. */
static inline int64_t ustar_padding(int64_t size)
{
    return (USTAR_BLOCK - size % USTAR_BLOCK) % USTAR_BLOCK;
}

#endif
