-- SPDX-License-Identifier: Apache-2.0
-- What surveyor.c asks the primary and its reader, and attest.c a connection to the reader.

-- part server
-- The cluster, and the server of it: no two are started in the same microsecond, and one that is started anew is another one.
system_identifier::text, (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint

-- text primary
-- The server; its timeline in decimal digits, NULL of a standby; and where its log ends, as a number of bytes: behind all that has
-- been committed. Where the last page is full the position is behind the next one's header, of which nothing has been written
-- (40 bytes in the first page of a segment, 24 in others): a standby has all of the log at the end of the full page.
SELECT
:server
     , timeline, p - CASE WHEN p % segment = 40 THEN 40 WHEN p % page = 24 THEN 24 ELSE 0 END
  FROM pg_control_system(),
       (SELECT ('x' || lpad(left(pg_walfile_name(lsn), 8), 8, '0'))::bit(32)::bigint, (lsn - '0/0')::bigint,
               pg_size_bytes(current_setting('wal_segment_size')), current_setting('wal_block_size')::int
          FROM (SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_insert_lsn() END OFFSET 0) i (lsn)) l (timeline, p, segment, page)

-- text reader
-- The server; whether it is a standby; of a standby its timeline, which is that of its last restart point, or a newer one that its
-- tables may be of; and how far it has replayed the log. NULL each of a primary.
SELECT
:server
     , pg_is_in_recovery()::int,
       CASE WHEN pg_is_in_recovery() THEN greatest(timeline_id, min_recovery_end_timeline) END,
       CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0')::bigint END
  FROM pg_control_system(), pg_control_checkpoint(), pg_control_recovery()

-- statement server
-- The server.
SELECT
:server
  FROM pg_control_system()
