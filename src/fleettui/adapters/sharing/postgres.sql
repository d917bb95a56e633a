-- name: lock
-- Let one at a time make the table, until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtext('fleettui_memory'))

-- name: schema
-- The one table.
CREATE TABLE IF NOT EXISTS fleettui_memory (
  tenant text NOT NULL,
  namespace text NOT NULL,
  key text COLLATE "C" NOT NULL,
  value bytea NOT NULL,
  by text NOT NULL,
  at double precision NOT NULL,
  expires_at double precision NOT NULL,
  PRIMARY KEY (tenant, namespace, key)
)

-- name: put
-- Keep an entry in place of the one with its key.
INSERT INTO fleettui_memory (tenant, namespace, key, value, by, at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (tenant, namespace, key) DO UPDATE
SET value = EXCLUDED.value, by = EXCLUDED.by, at = EXCLUDED.at, expires_at = EXCLUDED.expires_at

-- name: sweep
-- Let go of what was over at a moment.
DELETE FROM fleettui_memory
WHERE tenant = $1 AND namespace = $2 AND expires_at > 0 AND expires_at <= $3

-- name: page
-- The next entries by key: of one key, or with a prefix.
SELECT key, value, by, at, expires_at FROM fleettui_memory
WHERE tenant = $1 AND namespace = $2 AND key > $3
  AND ($4 = '' OR key = $4) AND starts_with(key, $5)
  AND (expires_at = 0 OR expires_at > $6)
ORDER BY key LIMIT $7

-- name: drop
-- Forget one entry, and say whether it was there.
WITH gone AS (
  DELETE FROM fleettui_memory WHERE tenant = $1 AND namespace = $2 AND key = $3 RETURNING 1
) SELECT count(*) FROM gone
