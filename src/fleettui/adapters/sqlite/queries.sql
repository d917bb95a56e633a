-- name: chains
-- Every tenant with the end of its chain: the one question that is asked of all tenants.
SELECT tenant, length, hash FROM chains ORDER BY tenant;

-- name: heads
-- Every stream of a tenant with its number and the number of its last event.
SELECT name, id, coalesce(
  (SELECT max(seq) FROM events WHERE events.tenant = :tenant AND stream = streams.id), 0
)
FROM streams WHERE tenant = :tenant ORDER BY id;

-- name: add_stream
-- Give a stream its number; it has no event yet.
INSERT INTO streams (tenant, name, id) VALUES (?, ?, ?);

-- name: add_event
-- Append one event; the primary key refuses a number that is taken.
INSERT INTO events (tenant, stream, seq, place, hash, at, actor, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: move_chain
-- Note the new end of a tenant's chain.
INSERT INTO chains (tenant, length, hash) VALUES (?, ?, ?)
ON CONFLICT (tenant) DO UPDATE SET length = excluded.length, hash = excluded.hash;

-- name: events_after
-- A page of a stream's events above a number.
SELECT seq, at, actor, body FROM events
WHERE tenant = :tenant AND seq > :after
AND stream = (SELECT id FROM streams WHERE tenant = :tenant AND name = :stream)
ORDER BY seq LIMIT :most;

-- name: save_snapshot
-- Keep the newest folded state of a stream that has events; an older one changes nothing.
INSERT INTO snapshots (tenant, stream, seq, body)
SELECT tenant, id, :seq, :body FROM streams WHERE tenant = :tenant AND name = :stream
ON CONFLICT (tenant, stream) DO UPDATE SET seq = excluded.seq, body = excluded.body
WHERE excluded.seq >= snapshots.seq;

-- name: load_snapshot
-- The newest folded state of a stream.
SELECT seq, body FROM snapshots WHERE tenant = :tenant
AND stream = (SELECT id FROM streams WHERE tenant = :tenant AND name = :stream);

-- name: put_blob
-- Keep a large text, once a tenant.
INSERT INTO blobs (tenant, digest, body) VALUES (?, ?, ?)
ON CONFLICT (tenant, digest) DO NOTHING;

-- name: get_blob
-- A large text.
SELECT body FROM blobs WHERE tenant = :tenant AND digest = :digest;
