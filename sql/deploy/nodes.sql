-- SPDX-License-Identifier: Apache-2.0
-- Deploy mod_tenant:nodes to pg
--
-- Which servers use this database, with which keys: each generation of an httpd is a row from its start to its end. tenant_api
-- writes it by functions alone.

BEGIN;
SET LOCAL lock_timeout = '2s';

CREATE TABLE nodes (
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 300),
  generation bigint NOT NULL,
  version text NOT NULL CHECK (length(version) <= 50),
  keys text[] NOT NULL CHECK (cardinality(keys) <= 1000),
  primary_keys text[] NOT NULL CHECK (primary_keys <@ keys),
  started_at timestamptz NOT NULL DEFAULT now(),
  seen_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (name, generation)
);
COMMENT ON TABLE nodes IS 'Servers that use this database; who has not been seen for a minute has ended without a word';
COMMENT ON COLUMN nodes.keys IS 'The keys of its key file, such as {"seal 1","pepper 1"}';
COMMENT ON COLUMN nodes.primary_keys IS 'Those that it makes new values with';
GRANT SELECT ON nodes TO tenant_admin;
GRANT SELECT, INSERT (name, generation, version, keys, primary_keys), UPDATE (seen_at), DELETE ON nodes TO tenant_lookup;

-- Whoever is not seen for a day is forgotten. Nobody waits for a standby: a row that is lost comes again within seconds.
CREATE FUNCTION node_seen(name text, generation bigint, version text, keys text[], primary_keys text[])
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  INSERT INTO public.nodes AS n (name, generation, version, keys, primary_keys)
  VALUES (node_seen.name, node_seen.generation, node_seen.version, node_seen.keys, node_seen.primary_keys)
      ON CONFLICT ON CONSTRAINT nodes_pkey DO UPDATE SET seen_at = now();
  DELETE FROM public.nodes n WHERE n.seen_at < now() - interval '1 day';
END
$$;

CREATE FUNCTION node_ended(name text, generation bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  DELETE FROM public.nodes n WHERE n.name = node_ended.name AND n.generation = node_ended.generation;
END
$$;

REVOKE ALL ON FUNCTION node_seen(text, bigint, text, text[], text[]), node_ended(text, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION node_seen(text, bigint, text, text[], text[]), node_ended(text, bigint) TO tenant_api;

-- Only a role that may create functions in the schema can be given one.
GRANT CREATE ON SCHEMA public TO tenant_lookup;
ALTER FUNCTION node_seen(text, bigint, text, text[], text[]) OWNER TO tenant_lookup;
ALTER FUNCTION node_ended(text, bigint) OWNER TO tenant_lookup;
REVOKE CREATE ON SCHEMA public FROM tenant_lookup;

COMMIT;
