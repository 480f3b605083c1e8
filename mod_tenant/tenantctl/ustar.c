/* SPDX-License-Identifier: Apache-2.0 */
#include "ustar.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* A header, as POSIX lays it out. */
typedef struct header_t {
    char name[100];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[12];
    char mtime[12];
    char checksum[8];
    char type;
    char link[100];
    char magic[6];
    char version[2];
    char user[32];
    char group[32];
    char device_major[8];
    char device_minor[8];
    char prefix[155];
    char rest[12];
} header_t;

_Static_assert(sizeof(header_t) == USTAR_BLOCK, "a header is a block");

enum {
    REGULAR = '0',
    BASE_256 = 0x80,     /* the first byte of a number that octal digits cannot hold */
    BASE_256_BYTES = 8,  /* of which the rest are 0 */
    CHECKSUM_DIGITS = 6, /* a NUL and a space follow */
};

#define OCTAL_MAX INT64_C(077777777777)

/* The sum of all bytes, those of the checksum taken as spaces. */
static unsigned sum(const header_t *header)
{
    const unsigned char *bytes = (const unsigned char *)header;
    unsigned total = 0;

    for (size_t n = 0; n < sizeof *header; n++) {
        int is_checksum =
            n >= offsetof(header_t, checksum) && n < offsetof(header_t, checksum) + sizeof header->checksum;

        total += is_checksum ? ' ' : bytes[n];
    }
    return total;
}

/* A number of 12 bytes. */
static void write_number(char field[12], int64_t number)
{
    char text[12 + 12];

    if (number <= OCTAL_MAX) {
        snprintf(text, sizeof text, "%011llo", (unsigned long long)number);
        memcpy(field, text, 12);
        return;
    }
    memset(field, 0, 12);
    field[0] = (char)BASE_256;
    for (int n = 0; n < BASE_256_BYTES; n++)
        field[11 - n] = (char)(number >> (8 * n) & 0xff);
}

/* -1: it is none. */
static int64_t read_number(const char *field, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)field;
    int64_t number = 0;
    size_t n = 0;

    if (length == 12 && bytes[0] == BASE_256) {
        for (n = 1; n < length; n++) {
            if ((n < length - BASE_256_BYTES && bytes[n]) || number > INT64_MAX >> 8)
                return -1;
            number = number << 8 | bytes[n];
        }
        return number;
    }
    for (; n < length && bytes[n] >= '0' && bytes[n] <= '7'; n++)
        number = number << 3 | (bytes[n] - '0'); /* at most 12 digits: 36 bits */
    return n > 0 && (n == length || bytes[n] == '\0' || bytes[n] == ' ') ? number : -1;
}

void ustar_write(unsigned char block[USTAR_BLOCK], const ustar_entry_t *entry, int64_t mtime)
{
    header_t header = {.mode = "0000600",
                       .uid = "0000000",
                       .gid = "0000000",
                       .type = REGULAR,
                       .magic = "ustar",
                       .version = {'0', '0'}};
    char text[16];

    memcpy(header.name, entry->name, strnlen(entry->name, USTAR_NAME_MAX));
    write_number(header.size, entry->size);
    write_number(header.mtime, mtime);
    snprintf(text, sizeof text, "%0*o", CHECKSUM_DIGITS, sum(&header));
    memcpy(header.checksum, text, CHECKSUM_DIGITS + 1);
    header.checksum[CHECKSUM_DIGITS + 1] = ' ';
    memcpy(block, &header, sizeof header);
}

const char *ustar_read(ustar_entry_t *entry, const unsigned char block[USTAR_BLOCK])
{
    header_t header;

    memcpy(&header, block, sizeof header);
    if (memcmp(header.magic, "ustar", sizeof header.magic) != 0)
        return "is no ustar header";
    if (read_number(header.checksum, sizeof header.checksum) != (int64_t)sum(&header))
        return "has a wrong checksum";
    if (header.type != REGULAR)
        return "is no regular file";
    entry->size = read_number(header.size, sizeof header.size);
    if (entry->size < 0)
        return "has no size";
    if (!memchr(header.name, '\0', sizeof header.name) || header.name[0] == '\0' || header.prefix[0])
        return "has no name of its own, or one that is too long";
    memcpy(entry->name, header.name, sizeof header.name);
    return strchr(entry->name, '/') ? "has a folder in its name" : NULL;
}

int ustar_is_end(const unsigned char block[USTAR_BLOCK])
{
    return block[0] == 0 && memcmp(block, block + 1, USTAR_BLOCK - 1) == 0;
}
