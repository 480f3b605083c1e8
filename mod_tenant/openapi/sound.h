/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_OPENAPI_SOUND_H
#define TENANT_OPENAPI_SOUND_H

#include "reader.h"

/* The paths of the sound of a resource's rows: /NAME/{sid}.mp3 and .wav. */
void openapi_sound_paths(const openapi_t *openapi, const resource_t *resource);

#endif
