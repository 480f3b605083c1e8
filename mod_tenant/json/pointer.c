/* SPDX-License-Identifier: Apache-2.0 */
#include "pointer.h"

char *pointer_put(char *to, const char *name, apr_size_t length)
{
    for (apr_size_t i = 0; i < length; i++) {
        if (name[i] == '~' || name[i] == '/') {
            *to++ = '~';
            *to++ = name[i] == '~' ? '0' : '1';
        } else {
            *to++ = name[i];
        }
    }
    return to;
}
