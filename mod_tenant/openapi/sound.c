/* SPDX-License-Identifier: Apache-2.0 */
#include "sound.h"

#include <apr_lib.h>

#include "../resource/route.h"
#include "names.h"
#include "operation.h"
#include "parameters.h"
#include "responses.h"
#include "security.h"

/* What a document has to name. Nothing here ends a sound: as WAV this is more than 12 hours of two
 * channels. */
enum { LENGTH_MAX = 2000000000 };

static void write_bytes(const openapi_t *openapi, const char *status, const char *description,
                        const char *const *headers, const char *media)
{
    writer_t *writer = openapi->writer;

    openapi_response_begin(openapi, status, description, headers);
    member_object(writer, "content");
    member_object(writer, media);
    member_object(writer, "schema");
    member_text(writer, "type", "string");
    member_text(writer, "format", "binary");
    member_integer(writer, "maxLength", LENGTH_MAX);
    member_object_end(writer);
    member_object_end(writer);
    member_object_end(writer);
    member_object_end(writer);
}

static void write_get(const openapi_t *openapi, const resource_t *resource, const sound_t *sound)
{
    static const problem_t *const unusable[] = {&problem_twilio_unusable};
    static const problem_t *const timeout[] = {&problem_twilio_timeout};
    static const char *const range[] = {"Accept-Ranges", "Content-Range", NULL};
    const char *type = openapi_sentence(openapi, "%s%c%s", openapi_type(openapi, resource),
                                        apr_toupper(*sound->ending), sound->ending + 1);

    openapi_operation_begin(
        openapi, "get", openapi_sentence(openapi, "get%s", type), resource->name,
        openapi_sentence(openapi, "Get the sound of %s (%s)", openapi_a_word(openapi, resource),
                         sound->ending),
        "As Twilio has it. It may take some seconds until it is there. Who may read the row may hear it.");
    openapi_security(openapi, resource, 1);
    openapi_parameter_refs(openapi, (const char *const[]){"Range", NULL});
    member_object(openapi->writer, "responses");
    write_bytes(openapi, "200", "All of it.", NULL, sound->media);
    write_bytes(openapi, "206", "The part that Range asks for.", range, sound->media);
    openapi_response_empty(openapi, "416", "There is no such part.", NULL);
    openapi_problems(openapi, "502", unusable, 1);
    openapi_problems(openapi, "504", timeout, 1);
    openapi_operation_end(openapi, OPENAPI_BAD_REQUEST | OPENAPI_ALWAYS | OPENAPI_NOT_FOUND);
}

void openapi_sound_paths(const openapi_t *openapi, const resource_t *resource)
{
    for (const sound_t *sound = route_sounds; sound->ending; sound++) {
        member_object(openapi->writer,
                      openapi_sentence(openapi, "%s/{%s}.%s", openapi_path(openapi, resource),
                                       resource_key(resource)->name, sound->ending));
        openapi_key_parameter(openapi, resource);
        write_get(openapi, resource, sound);
        member_object_end(openapi->writer);
    }
}
