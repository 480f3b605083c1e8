/* SPDX-License-Identifier: Apache-2.0 */
#include "rule.h"

#include <stddef.h>

#include "../resource/check.h"

#define HEX32   "[0-9a-fA-F]{32}"
#define MILLION "([1-9][0-9]{0,5}|1000000)"
#define LABEL   "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"

static const char *const tenant_statuses[] = {"active", "inactive", NULL};

static const openapi_rule_t rules[] = {
    {check_call_sid, "^CA" HEX32 "$", NULL, "CA2f0c81c4f7a94d0f8c1c5e3a6b7d9e10"},
    {check_message_sid, "^(SM|MM)" HEX32 "$", NULL, "SM5b1d7a3c9e0f4862a1b3c5d7e9f01234"},
    {check_recording_sid, "^RE" HEX32 "$", NULL, "RE9d8c7b6a5f4e3d2c1b0a998877665544"},
    {check_account_sid, "^AC" HEX32 "$", NULL, "AC00112233445566778899aabbccddeeff"},
    {check_api_key_sid, "^SK" HEX32 "$", NULL, "SK00112233445566778899aabbccddeeff"},
    {check_application_sid, "^AP" HEX32 "$", NULL, "AP00112233445566778899aabbccddeeff"},
    {check_push_credential_sid, "^CR" HEX32 "$", NULL, "CR00112233445566778899aabbccddeeff"},
    {check_identity, "^[A-Za-z0-9_]*$", NULL, "desk_7"},
    {check_phone, "^\\+[1-9][0-9]{1,14}$", NULL, "+12025550100"},
    {check_rate_limit,
     "^" MILLION "/(([1-9][0-9]{0,3}|[1-7][0-9]{4}|8[0-5][0-9]{3}|86[0-3][0-9]{2}|86400)s?"
     "|([1-9][0-9]{0,2}|1[0-3][0-9]{2}|14[0-3][0-9]|1440)m|([1-9]|1[0-9]|2[0-4])h)( burst=" MILLION ")?$",
     NULL, "100/1m burst=20"},
    {check_tenant_status, NULL, tenant_statuses, "active"},
    {check_domain, "^(" LABEL "\\.)*(?![0-9]+$)" LABEL "$", NULL, "acme.example.com"},
    {check_printable, "^[!-~]*$", NULL, "0123456789abcdef0123456789abcdef"},
    {check_status, "^[a-z][a-z_-]*$", NULL, "completed"},
    {check_email, "^[^@ :\\u0000-\\u001F]+@[^@ :\\u0000-\\u001F]+$", NULL, "ada@example.com"},
    {check_url,
     "^[Hh][Tt][Tt][Pp][Ss]?://(?!:)[^/?#@ \"<>\\\\^`{|}\\u0000-\\u001F]+"
     "([/?#][^ \"<>\\\\^`{|}\\u0000-\\u001F]*)?$",
     NULL, "https://media.example.com/recordings/1.mp3"},
};

const openapi_rule_t *openapi_rule(field_check_fn *check)
{
    for (size_t i = 0; check && i < sizeof rules / sizeof *rules; i++) {
        if (rules[i].check == check)
            return &rules[i];
    }
    return NULL;
}
