-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:twilio_status to pg
--
-- Events of one call, message or recording come in any order. Whatever that is, the status that stays is the one that is
-- furthest on. So any two have an order: of those that end a call or message, the one that says most comes last; what is
-- not known here comes first, and among its like in the order of its bytes.

BEGIN;
SET LOCAL lock_timeout = '2s';

-- relation: calls, messages or recordings.
CREATE FUNCTION twilio_status_rank(relation text, status text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(array_position(
  CASE relation
  WHEN 'calls' THEN '{queued,initiated,ringing,answered,in-progress,canceled,no-answer,busy,failed,completed}'
  WHEN 'messages' THEN '{receiving,accepted,scheduled,queued,sending,sent,received,canceled,failed,undelivered,'
                       'partially_delivered,delivered,read}'
  WHEN 'recordings' THEN '{in-progress,paused,stopped,processing,absent,failed,completed,deleted}'
  END::text[], status), 0);

-- The one of two that is further on; of NULL and another, the other.
CREATE FUNCTION twilio_status_latest(relation text, one text, other text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN one IS NULL
              OR twilio_status_rank(relation, one) < twilio_status_rank(relation, other)
              OR twilio_status_rank(relation, one) = twilio_status_rank(relation, other) AND one COLLATE "C" < other COLLATE "C"
            THEN other ELSE one END;

COMMIT;
