-- SPDX-License-Identifier: Apache-2.0
-- Verify mod_tenant:owner_policies on pg

SELECT 1 / (count(*) = 0)::integer
  FROM pg_policy p
 WHERE p.polname = 'tenant'
   AND NOT EXISTS (SELECT FROM pg_policy o
                    WHERE o.polrelid = p.polrelid AND o.polname = 'tenant_owner' AND o.polpermissive AND o.polcmd = '*'
                      AND o.polroles = ARRAY['tenant_owner'::regrole::oid]
                      AND pg_get_expr(o.polqual, o.polrelid) = 'true' AND pg_get_expr(o.polwithcheck, o.polrelid) = 'true');
SELECT 1 / (prosrc LIKE '%CREATE POLICY tenant\_owner ON%')::integer
  FROM pg_proc
 WHERE oid = 'tenant_table_secure(regclass, name[], name[], name[])'::regprocedure;
