-- SPDX-License-Identifier: Apache-2.0
-- What attest.c asks a new connection.

-- statement catalog
-- Complaints, ranked; then, ranked last, the tables to try a read of. A table of tenants is one with a tenant_id column, or
-- tenants itself, that the role may touch.
-- $1 text: the condition of every policy, or NULL for the one that keeps tenants apart
-- $2 text: the changes that this module knows, as text[]
WITH me AS (
  SELECT oid, rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user),
own AS (
  SELECT c.oid, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.reloptions,
         CASE WHEN c.relname = 'tenants' THEN 'id' ELSE 'tenant_id' END AS tenant_column
    FROM pg_class c
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
     AND (has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege(c.oid, 'DELETE'))
     AND (c.relname = 'tenants'
          OR EXISTS (SELECT FROM pg_attribute a
                      WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped))),
secured AS (
  SELECT own.*, coalesce($1, format('(%I = tenant_context())', tenant_column)) AS wall
    FROM own
   WHERE relkind IN ('r', 'p'))
SELECT rank::text, text FROM (
  SELECT 0 AS rank,
         format('transactions are %s and not read committed by default: run bootstrap.sql',
                current_setting('transaction_isolation')) AS text
   WHERE current_setting('transaction_isolation') <> 'read committed'
   UNION ALL
  SELECT 0, format('the database is encoded in %s, not in UTF8', getdatabaseencoding())
   WHERE getdatabaseencoding() <> 'UTF8'
   UNION ALL
  SELECT 1, format('the role %s is a superuser', rolname) FROM me WHERE rolsuper
   UNION ALL
  SELECT 2, format('the role %s has BYPASSRLS', rolname) FROM me WHERE rolbypassrls
   UNION ALL
  SELECT 3, format('the role %s is a member of %s', me.rolname, m.roleid::regrole)
    FROM me
    JOIN pg_auth_members m ON m.member = me.oid
   UNION ALL
  SELECT 4, format('the role %s owns %s', me.rolname, c.oid::regclass)
    FROM me
    JOIN pg_class c ON c.relowner = me.oid
   WHERE c.relpersistence <> 't'
   UNION ALL
  SELECT 5, format('the Sqitch change %s is not deployed', change)
    FROM unnest($2::text[]) change
   WHERE change NOT IN (SELECT d.change FROM sqitch.changes d WHERE d.project = 'mod_tenant')
   UNION ALL
  SELECT 6, format('row-level security is not enabled and forced on %I', relname)
    FROM secured
   WHERE NOT (relrowsecurity AND relforcerowsecurity AND row_security_active(oid))
   UNION ALL
  -- A partition is reached by its table, whose policies hold; one that is detached is still a table of tenants.
  SELECT 6, format('the role %s has a right to %s, which is, or was, a partition', me.rolname, c.oid::regclass)
    FROM me, pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'f') AND (c.relispartition OR n.nspname ~ '^tenant_partition_[0-9]+$')
     AND (has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege(c.oid, 'DELETE, TRUNCATE'))
   UNION ALL
  SELECT 7, format('the policies of %I are not the ones that keep tenants apart', relname)
    FROM secured
   WHERE 1 <> (SELECT count(*) FROM pg_policy p, me
                WHERE p.polrelid = secured.oid AND p.polroles && ARRAY[0, me.oid])
      OR NOT EXISTS (SELECT FROM pg_policy p, me
                      WHERE p.polrelid = secured.oid AND me.oid = ANY (p.polroles)
                        AND p.polpermissive AND p.polcmd = '*'
                        AND pg_get_expr(p.polqual, p.polrelid) = wall
                        AND pg_get_expr(p.polwithcheck, p.polrelid) = wall)
   UNION ALL
  SELECT 8, format('the view %I shows rows of tenants without security_invoker', relname)
    FROM own
   WHERE relkind = 'm'
      OR relkind = 'v'
         AND NOT coalesce(reloptions && ARRAY['security_invoker=true', 'security_invoker=on',
                                              'security_invoker=1', 'security_invoker=yes'], false)
   UNION ALL
  SELECT 9, format('%I', relname) FROM secured WHERE has_any_column_privilege(oid, 'SELECT')
) findings ORDER BY findings.rank, text

-- statement whereabouts
-- The cluster; its timeline in hexadecimal digits, which NULL stands for on a standby; `on` where a session can only read.
SELECT system_identifier::text,
       CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END,
       current_setting('transaction_read_only')
  FROM pg_control_system()
