-- SPDX-License-Identifier: Apache-2.0
-- Cells: databases whose sequences never give the same id. Cell 3 of 16 gives those that leave 3 when divided by 16.

-- text sequences
-- What gives the ids of each table: the sequence, the table, by how much it grows.
WITH ids AS MATERIALIZED (
  SELECT c.relname, pg_get_serial_sequence(format('public.%I', c.relname), 'id') AS sequence
    FROM pg_catalog.pg_class c
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
     AND EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'id' AND NOT a.attisdropped))
SELECT i.sequence, i.relname::text, s.seqincrement::text
  FROM ids i
  JOIN pg_catalog.pg_sequence s ON s.seqrelid = i.sequence::regclass
 ORDER BY i.relname COLLATE "C"
