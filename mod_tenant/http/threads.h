/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_THREADS_H
#define TENANT_HTTP_THREADS_H

/* So many of eight of the child's threads, at least one. */
int threads_of_eight(int share);

#endif
