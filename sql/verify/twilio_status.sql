-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:twilio_status on pg

SELECT 1 / (twilio_status_latest('calls', 'completed', 'ringing') = 'completed'
            AND has_function_privilege('tenant_api', 'twilio_status_latest(text, text, text)', 'EXECUTE')
            AND has_function_privilege('tenant_api', 'twilio_status_rank(text, text)', 'EXECUTE'))::integer;
