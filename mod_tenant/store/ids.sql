-- SPDX-License-Identifier: Apache-2.0
-- What ids.c asks.

-- text past-half
-- The tables more than half of whose ids are gone, as text; NULL: none. An id is at most what its column, its sequence and the API
-- can hold.
SELECT string_agg(format('%s: %s of %s', t.relname, s.last, s.most), ', ' ORDER BY t.relname)
  FROM pg_class t
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'id' AND NOT a.attisdropped
  JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
                  AND d.refobjsubid = a.attnum AND d.deptype IN ('a', 'i')
  JOIN pg_sequence q ON q.seqrelid = d.objid,
       LATERAL (SELECT CASE WHEN has_sequence_privilege(q.seqrelid, 'USAGE') THEN pg_sequence_last_value(q.seqrelid) END,
                       least(q.seqmax, CASE a.atttypid WHEN 'int4'::regtype THEN 2147483647 ELSE 9007199254740991 END)) s (last, most)
 WHERE t.relnamespace = 'public'::regnamespace AND t.relname IN ('calls', 'messages', 'recordings', 'products')
   AND s.last > s.most / 2
