/* SPDX-License-Identifier: Apache-2.0 */
/* Where the keys of a ring lie in memory, and where they do not. */
#include "../../mod_tenant/secret/keyring.h"

#include <apr_general.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "scratch.h"
#include "tap.h"

enum { BASE64_LENGTH = 44, MASK = 0x5a, CHUNK = 1 << 20 };

/* A key in base64, each character XOR MASK so that this program's own copy is not found; it decodes to 32
 * bytes of 0x55. */
static unsigned char masked[BASE64_LENGTH];

static void make_masked(void)
{
    memset(masked, 'V' ^ MASK, 42);
    masked[42] = 'U' ^ MASK;
    masked[43] = '=' ^ MASK;
}

static const char *write_key_file(void)
{
    static const char other[] = " primary\npepper 1 AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA= primary\n";
    char text[7 + BASE64_LENGTH + sizeof other];
    volatile char *wiped = text;
    const char *path;

    memcpy(text, "seal 1 ", 7);
    for (int n = 0; n < BASE64_LENGTH; n++)
        text[7 + n] = (char)(masked[n] ^ MASK);
    memcpy(text + 7 + BASE64_LENGTH, other, sizeof other);
    path = scratch_write("keys", text, sizeof text - 1, 0600);
    for (size_t n = 0; n < sizeof text; n++)
        wiped[n] = 0;
    return path;
}

/* How often the first half of the key's base64 stands in bytes. */
static int count_key(const unsigned char *bytes, size_t length)
{
    int found = 0;

    for (size_t n = 0; n + BASE64_LENGTH <= length; n++) {
        size_t same = 0;

        while (same < BASE64_LENGTH / 2 && (bytes[n + same] ^ MASK) == masked[same])
            same++;
        found += same == BASE64_LENGTH / 2;
    }
    return found;
}

/* Searches what is mapped from first up to last, through /proc/self/mem. */
static int count_in_range(int memory, uintmax_t first, uintmax_t last)
{
    static unsigned char chunk[CHUNK];
    int found = 0;

    for (uintmax_t at = first; at < last; at += CHUNK - BASE64_LENGTH) {
        size_t want = last - at < CHUNK ? (size_t)(last - at) : CHUNK;
        ssize_t got = pread(memory, chunk, want, (off_t)at);

        if (got > 0)
            found += count_key(chunk, (size_t)got);
        memset(chunk, 0, sizeof chunk);
    }
    return found;
}

/* How often the key's text stands anywhere in this process's writable memory; -1 where that cannot be read.
 * Maps of a gigabyte and more are a sanitizer's shadow. */
static int count_in_process(void)
{
    int memory = open("/proc/self/mem", O_RDONLY), found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    uintmax_t first, last;
    char mode[5];

    while (memory >= 0 && maps &&
           fscanf(maps, "%" SCNxMAX "-%" SCNxMAX " %4s%*[^\n]", &first, &last, mode) == 3) {
        if (strncmp(mode, "rw", 2) == 0 && last - first < 1 << 30)
            found += count_in_range(memory, first, last);
    }
    if (maps)
        fclose(maps);
    if (memory >= 0)
        close(memory);
    return memory >= 0 && maps ? found : -1;
}

/* The kernel's flags of the map that holds an address, as text; empty where it does not tell. */
static void read_flags(char *flags, size_t size, const void *address)
{
    FILE *maps = fopen("/proc/self/smaps", "r");
    uintmax_t first, last;
    char line[512];
    int inside = 0;

    *flags = '\0';
    while (maps && fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%" SCNxMAX "-%" SCNxMAX " ", &first, &last) == 2)
            inside = (uintptr_t)address >= first && (uintptr_t)address < last;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            snprintf(flags, size, "%s", line + 8);
    }
    if (maps)
        fclose(maps);
}

/* Runs a check in a child; gives its wait status. */
static int in_child(int (*check)(const keyring_t *), const keyring_t *ring)
{
    int status = -1;
    pid_t child;

    fflush(stdout);
    child = fork();
    scratch_must(child >= 0, "fork");
    if (child == 0)
        _exit(check(ring));
    scratch_must(waitpid(child, &status, 0) == child, "waitpid");
    return status;
}

static int overwrite(const keyring_t *ring)
{
    signal(SIGSEGV, SIG_DFL);
    *(volatile unsigned char *)(uintptr_t)keyring_key(ring, KEYNAME_SEAL, 0)->bytes = 0;
    return 0;
}

static int overread(const keyring_t *ring)
{
    volatile unsigned char sink;

    signal(SIGSEGV, SIG_DFL);
    /* Two pages on there is the guard, however many keys the ring has room for. */
    sink = *(volatile const unsigned char *)(keyring_key(ring, KEYNAME_SEAL, 0)->bytes + 4096);
    (void)sink;
    return 0;
}

static int lock(const keyring_t *ring)
{
    return keyring_lock(ring);
}

static int lock_without_allowance(const keyring_t *ring)
{
    const struct rlimit none = {0, 0};

    return setrlimit(RLIMIT_MEMLOCK, &none) == 0 && !keyring_lock(ring);
}

static void test_locks(const keyring_t *ring)
{
    ok(WEXITSTATUS(in_child(lock, ring)) == 1, "a child locks them again");
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
    skip("a sanitizer makes mlock() do nothing");
    (void)lock_without_allowance;
#else
    if (geteuid() == 0)
        skip("root may lock memory beyond RLIMIT_MEMLOCK");
    else
        ok(WEXITSTATUS(in_child(lock_without_allowance, ring)) == 1, "or is told that it cannot");
#endif
}

static void test_search(void)
{
    char planted[BASE64_LENGTH];

    for (int n = 0; n < BASE64_LENGTH; n++)
        planted[n] = (char)(masked[n] ^ MASK);
    ok(planted[0] && count_in_process() > 0, "the search finds a key's text that stands on the stack");
    for (int n = 0; n < BASE64_LENGTH; n++)
        ((volatile char *)planted)[n] = 0;
}

int main(void)
{
    apr_pool_t *pool;
    keyring_t *ring;
    char flags[512];
    int found;

    make_masked();
    scratch_make();
    apr_initialize();
    apr_pool_create(&pool, NULL);
    plan(8);
    test_search();
    is_text(keyring_read(&ring, write_key_file(), pool), NULL, "a key file is read");
    found = count_in_process();
    is(found, 0, "the text of the key stands nowhere in writable memory");
    read_flags(flags, sizeof flags, keyring_key(ring, KEYNAME_SEAL, 0)->bytes);
    if (*flags)
        ok(strstr(flags, " dd"), "the keys' pages stay out of core dumps");
    else
        skip("the kernel does not tell the flags of maps");
    ok(!WIFEXITED(in_child(overwrite, ring)), "the keys are read-only");
    ok(!WIFEXITED(in_child(overread, ring)), "a guard page follows them");
    test_locks(ring);
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_status();
}
