-- SPDX-License-Identifier: Apache-2.0
-- What of a tenant goes into an export, and what of a tenant is erased, as PostgreSQL's catalog has it.

-- text tables
-- $1: the columns of tenants that may go; $2: columns that go though they are secret, as table.column.
-- Each row is a table: its name; the column that says whose its rows are; the columns that go; those that are left out;
-- the order of its rows; what gives new ids; unique columns, which no other tenant's row may hold, lists divided by `;`;
-- references to ids, as column=table; the tables ahead of which no row of it can be. Lists are divided by `,`.
--
-- A column goes if the tenant's role or the administrators' may read it, so one of a table with secrets, where columns are
-- granted one by one, must be granted first. One whose name says that it is secret never goes. idempotency_keys are answers
-- of a day, to requests with the old ids. row_version says which write of this database a row is from.
WITH tables AS (
  SELECT c.oid, c.relname, CASE WHEN c.relname = 'tenants' THEN 'id' ELSE 'tenant_id' END AS key
    FROM pg_catalog.pg_class c
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
     AND c.relname <> 'idempotency_keys'
     AND (c.relname = 'tenants'
          OR EXISTS (SELECT FROM pg_catalog.pg_attribute a
                      WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped))),
columns AS (
  SELECT t.oid, a.attnum, a.attname, format('%s.%s', t.relname, a.attname) AS name,
         CASE
           WHEN format('%s.%s', t.relname, a.attname) = ANY ($2::text[]) THEN true
           WHEN a.attname ~* '(hash|secret|token|passw|passphrase|pwd|cipher|sealed|credential|private|pepper|otp)'
                OR a.attname ~* '(^|_)(pin|salt|seed|nonce|signature|(api|auth|access|sign(ing)?|seal(ing)?)_?keys?)($|_)'
                   AND a.attname !~ '_s?id$' THEN false
           WHEN t.relname = 'tenants' THEN a.attname = ANY ($1::text[])
           ELSE has_column_privilege('tenant_api', t.oid, a.attnum, 'SELECT')
                OR has_column_privilege('tenant_admin', t.oid, a.attnum, 'SELECT')
         END AS goes
    FROM tables t
    JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid
   WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attname NOT IN ('tenant_id', 'row_version')),
sequences AS (
  SELECT t.oid, pg_get_serial_sequence(format('public.%I', t.relname), 'id') AS name
    FROM tables t
   WHERE EXISTS (SELECT FROM columns c WHERE c.oid = t.oid AND c.attname = 'id')),
keys AS (
  SELECT i.indrelid AS oid, i.indisprimary,
         ARRAY(SELECT a.attname
                 FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (attnum, n)
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                WHERE k.n <= i.indnkeyatts ORDER BY k.n) AS names
    FROM pg_catalog.pg_index i
   WHERE i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL),
foreign_keys AS (
  SELECT f.conrelid AS oid, o.relname AS other, a.attname, b.attname AS other_attname, s.name AS sequence
    FROM pg_catalog.pg_constraint f
   CROSS JOIN LATERAL unnest(f.conkey, f.confkey) k (own, other)
    JOIN tables o ON o.oid = f.confrelid AND o.relname <> 'tenants'
    JOIN pg_catalog.pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.own
    JOIN pg_catalog.pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = k.other
    LEFT JOIN sequences s ON s.oid = f.confrelid
   WHERE f.contype = 'f')
SELECT t.relname::text, t.key,
       (SELECT string_agg(c.attname, ',' ORDER BY c.attnum) FROM columns c WHERE c.oid = t.oid AND c.goes),
       (SELECT string_agg(c.name, ',' ORDER BY c.attnum) FROM columns c WHERE c.oid = t.oid AND NOT c.goes),
       CASE WHEN EXISTS (SELECT FROM columns c WHERE c.oid = t.oid AND c.attname = 'id') THEN 'id'
            ELSE (SELECT array_to_string(array_remove(k.names, 'tenant_id'), ',') FROM keys k WHERE k.oid = t.oid AND k.indisprimary)
       END,
       s.name,
       (SELECT string_agg(DISTINCT array_to_string(k.names, ','), ';')
          FROM keys k
         WHERE k.oid = t.oid AND 'tenant_id' <> ALL (k.names) AND NOT (s.name IS NOT NULL AND 'id' = ANY (k.names))
           AND NOT EXISTS (SELECT FROM unnest(k.names) n
                            WHERE n NOT IN (SELECT c.attname FROM columns c WHERE c.oid = t.oid AND c.goes))),
       (SELECT string_agg(DISTINCT format('%s=%s', f.attname, f.other), ',')
          FROM foreign_keys f WHERE f.oid = t.oid AND f.other_attname = 'id' AND f.sequence IS NOT NULL),
       (SELECT string_agg(DISTINCT f.other, ',') FROM foreign_keys f WHERE f.oid = t.oid AND f.other <> t.relname)
  FROM tables t
  LEFT JOIN sequences s ON s.oid = t.oid
 ORDER BY t.relname <> 'tenants', t.relname COLLATE "C"

-- text erased
-- The tables with rows of tenants, those ahead that others do not refer to. The audit is apart: it has to prove what was done.
WITH RECURSIVE tables AS (
  SELECT c.oid, c.relname
    FROM pg_catalog.pg_class c
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
     AND c.relname NOT IN ('tenants', 'audit')
     AND EXISTS (SELECT FROM pg_catalog.pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)),
depths AS (
  SELECT oid, 0 AS depth FROM tables
   UNION
  SELECT f.confrelid, d.depth + 1
    FROM depths d
    JOIN pg_catalog.pg_constraint f ON f.conrelid = d.oid AND f.contype = 'f' AND f.confrelid <> f.conrelid
   WHERE f.confrelid IN (SELECT oid FROM tables) AND d.depth < (SELECT count(*) FROM tables))
SELECT quote_ident(t.relname) FROM tables t JOIN depths d USING (oid) GROUP BY t.relname ORDER BY max(d.depth), t.relname COLLATE "C"
