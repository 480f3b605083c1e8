/* SPDX-License-Identifier: Apache-2.0 */
#include "threads.h"

#include <ap_mpm.h>

int threads_of_eight(int share)
{
    int threads;

    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    return threads * share / 8 > 1 ? threads * share / 8 : 1;
}
