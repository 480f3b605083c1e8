/* SPDX-License-Identifier: Apache-2.0 */

/* No module: preloaded (LD_PRELOAD) behind ThreadSanitizer's library it does APR's atomic operations.
 * APR is built without ThreadSanitizer, which so would not see what order they make between threads. By them
 * httpd hands pools of memory from one thread to another, and the module drops results that it shares. */

#include <apr_atomic.h>

apr_status_t apr_atomic_init(apr_pool_t *pool)
{
    (void)pool;
    return APR_SUCCESS;
}

#define OPERATIONS(BITS)                                                                                     \
    apr_uint##BITS##_t apr_atomic_read##BITS(volatile apr_uint##BITS##_t *place)                             \
    {                                                                                                        \
        return __atomic_load_n(place, __ATOMIC_SEQ_CST);                                                     \
    }                                                                                                        \
    void apr_atomic_set##BITS(volatile apr_uint##BITS##_t *place, apr_uint##BITS##_t value)                  \
    {                                                                                                        \
        __atomic_store_n(place, value, __ATOMIC_SEQ_CST);                                                    \
    }                                                                                                        \
    apr_uint##BITS##_t apr_atomic_add##BITS(volatile apr_uint##BITS##_t *place, apr_uint##BITS##_t value)    \
    {                                                                                                        \
        return __atomic_fetch_add(place, value, __ATOMIC_SEQ_CST);                                           \
    }                                                                                                        \
    void apr_atomic_sub##BITS(volatile apr_uint##BITS##_t *place, apr_uint##BITS##_t value)                  \
    {                                                                                                        \
        __atomic_fetch_sub(place, value, __ATOMIC_SEQ_CST);                                                  \
    }                                                                                                        \
    apr_uint##BITS##_t apr_atomic_inc##BITS(volatile apr_uint##BITS##_t *place)                              \
    {                                                                                                        \
        return __atomic_fetch_add(place, 1, __ATOMIC_SEQ_CST);                                               \
    }                                                                                                        \
    int apr_atomic_dec##BITS(volatile apr_uint##BITS##_t *place)                                             \
    {                                                                                                        \
        return __atomic_sub_fetch(place, 1, __ATOMIC_SEQ_CST) != 0;                                          \
    }                                                                                                        \
    apr_uint##BITS##_t apr_atomic_cas##BITS(volatile apr_uint##BITS##_t *place, apr_uint##BITS##_t with,     \
                                            apr_uint##BITS##_t was)                                          \
    {                                                                                                        \
        __atomic_compare_exchange_n(place, &was, with, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);               \
        return was;                                                                                          \
    }                                                                                                        \
    apr_uint##BITS##_t apr_atomic_xchg##BITS(volatile apr_uint##BITS##_t *place, apr_uint##BITS##_t value)   \
    {                                                                                                        \
        return __atomic_exchange_n(place, value, __ATOMIC_SEQ_CST);                                          \
    }

OPERATIONS(32)
OPERATIONS(64)

void *apr_atomic_casptr(volatile void **place, void *with, const void *was)
{
    const volatile void *found = was;

    __atomic_compare_exchange_n(place, (volatile void **)&found, with, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return (void *)found;
}

void *apr_atomic_xchgptr(volatile void **place, void *with)
{
    return (void *)__atomic_exchange_n(place, with, __ATOMIC_SEQ_CST);
}
