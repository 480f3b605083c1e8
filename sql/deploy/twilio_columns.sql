-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:twilio_columns to pg
--
-- Columns without a default change the catalogue only. tenant_api stores what Twilio sends; the API writes none of them.

BEGIN;
SET LOCAL lock_timeout = '2s';
CALL tenant_migration.lock_tables('calls', 'messages', 'recordings');
DO $$
DECLARE
  field record;
BEGIN
  FOR field IN
    SELECT relation, name, type, format_type(atttypid, atttypmod) AS present
      FROM (VALUES ('calls', 'direction', 'character varying(32)'), ('calls', 'duration', 'integer'),
                   ('calls', 'parent_call_sid', 'character varying(34)'), ('calls', 'answered_at', 'timestamp with time zone'),
                   ('calls', 'ended_at', 'timestamp with time zone'), ('messages', 'direction', 'character varying(32)'),
                   ('messages', 'error_code', 'integer'), ('messages', 'num_media', 'integer'), ('messages', 'media', 'text'),
                   ('recordings', 'status', 'character varying(20)'), ('recordings', 'channels', 'integer'),
                   ('recordings', 'source', 'character varying(40)')) f (relation, name, type)
      LEFT JOIN pg_attribute ON attrelid = to_regclass('public.' || relation) AND attname = name AND NOT attisdropped
  LOOP
    IF field.present <> field.type THEN
      RAISE EXCEPTION '%.% is there already, as %: it has to be %', field.relation, field.name, field.present, field.type;
    END IF;
    CALL tenant_migration.add_column('twilio_columns', field.relation, field.name, field.type, format('%I IS NULL', field.name));
  END LOOP;
END
$$;

GRANT INSERT (direction, duration, parent_call_sid, answered_at, ended_at),
      UPDATE (direction, duration, parent_call_sid, answered_at, ended_at)
   ON calls TO tenant_api;
GRANT INSERT (direction, error_code, num_media, media), UPDATE (direction, error_code, num_media, media)
   ON messages TO tenant_api;
GRANT INSERT (status, channels, source), UPDATE (status, channels, source) ON recordings TO tenant_api;

-- As in filter_statistics. Of these there are two indexes that leave NULL out, the larger of which has the order of
-- created_at. With more values than this, that is with fewer rows for each, the planner may read the smaller one and sort.
ALTER TABLE calls ALTER direction SET (n_distinct = 4), ALTER parent_call_sid SET (n_distinct = 4);
ALTER TABLE messages ALTER direction SET (n_distinct = 4), ALTER error_code SET (n_distinct = 4);
ALTER TABLE recordings ALTER status SET (n_distinct = 4);
COMMIT;
