-- name: schema
-- The one table; another process may have made it a moment ago.
CREATE TABLE IF NOT EXISTS entries (
  tenant TEXT NOT NULL,
  namespace TEXT NOT NULL,
  key TEXT NOT NULL,
  value BLOB NOT NULL,
  by TEXT NOT NULL,
  at REAL NOT NULL,
  expires_at REAL NOT NULL,
  PRIMARY KEY (tenant, namespace, key)
) STRICT

-- name: put
-- Keep an entry in place of the one with its key.
INSERT OR REPLACE INTO entries (tenant, namespace, key, value, by, at, expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: sweep
-- Let go of what was over at a moment.
DELETE FROM entries WHERE tenant = ? AND namespace = ? AND expires_at > 0 AND expires_at <= ?

-- name: page
-- The next entries by key: of one key, or with a prefix.
SELECT key, value, by, at, expires_at FROM entries
WHERE tenant = ? AND namespace = ? AND key > ?
  AND (? = '' OR key = ?) AND substr(key, 1, length(?)) = ?
  AND (expires_at = 0 OR expires_at > ?)
ORDER BY key LIMIT ?

-- name: drop
-- Forget one entry.
DELETE FROM entries WHERE tenant = ? AND namespace = ? AND key = ?
