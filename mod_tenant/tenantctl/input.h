/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_INPUT_H
#define TENANT_TENANTCTL_INPUT_H

#include <stddef.h>

/* Reads a secret: from the terminal without an echo, where standard input is one, else a line of standard
 * input. 1: buffer holds it, NUL-terminated, for the caller to wipe.
 * 0: there was none, or it does not fit. */
int input_secret(char *buffer, size_t size, const char *name);

/* Asks on the terminal. 1: yes; 0: anything else; -1: there is no terminal to ask on. */
int input_confirm(const char *question);

/* Asks on the terminal for a text. 1: it was typed; 0: anything else was; -1: there is no terminal. */
int input_repeat(const char *question, const char *text);

#endif
