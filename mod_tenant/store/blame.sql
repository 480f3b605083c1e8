-- SPDX-License-Identifier: Apache-2.0
-- What blame.c asks when a write was refused.

-- statement behind
-- The complaint that the ids of a table are behind, where a unique index is of ids alone: no value of a client's hurts that.
-- $1 text: the index
SELECT coalesce('the sequence ' || pg_catalog.pg_get_serial_sequence(x.indrelid::regclass::text, 'id'),
                'what makes the ids of ' || x.indrelid::regclass) || ' is behind the ids that are taken'
  FROM pg_catalog.pg_class i
  JOIN pg_catalog.pg_index x ON x.indexrelid = i.oid
 WHERE i.relname = $1 AND i.relnamespace = 'public'::regnamespace
   AND (SELECT bool_and(a.attname IN ('id', 'tenant_id')) AND bool_or(a.attname = 'id')
          FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = i.oid)

-- statement beyond
-- A complaint for each sequence whose next number is more than its column holds.
SELECT 'the sequence ' || s.oid::regclass || ' is beyond what its column holds'
  FROM pg_catalog.pg_class s
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = s.oid
                             AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
  JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
 WHERE s.relkind = 'S' AND s.relnamespace = 'public'::regnamespace
   AND CASE WHEN s.relkind <> 'S' THEN NULL
            WHEN pg_catalog.has_sequence_privilege(s.oid, 'USAGE')
            THEN pg_catalog.pg_sequence_last_value(s.oid) END
       > CASE a.atttypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647 END
