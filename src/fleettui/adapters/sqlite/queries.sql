-- name: heads
-- Every stream with its number and the number of its last event, in order of first append.
SELECT name, id, coalesce((SELECT max(seq) FROM events WHERE stream = streams.id), 0)
FROM streams ORDER BY id;

-- name: stream_names
-- Every stream that has an event, in order of first append.
SELECT name FROM streams
WHERE EXISTS (SELECT 1 FROM events WHERE stream = streams.id) ORDER BY id;

-- name: add_stream
-- Give a stream its number; it has no event yet.
INSERT INTO streams (id, name) VALUES (?, ?);

-- name: add_event
-- Append one event; the primary key refuses a number that is taken.
INSERT INTO events (stream, seq, at, actor, body) VALUES (?, ?, ?, ?, ?);

-- name: events_after
-- A page of a stream's events above a number.
SELECT seq, at, actor, body FROM events
WHERE stream = (SELECT id FROM streams WHERE name = ?) AND seq > ? ORDER BY seq LIMIT ?;

-- name: save_snapshot
-- Keep the newest folded state of a stream that has events; an older one changes nothing.
INSERT INTO snapshots (stream, seq, body) SELECT id, ?, ? FROM streams WHERE name = ?
ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, body = excluded.body
WHERE excluded.seq >= snapshots.seq;

-- name: load_snapshot
-- The newest folded state of a stream.
SELECT seq, body FROM snapshots WHERE stream = (SELECT id FROM streams WHERE name = ?);

-- name: put_blob
-- Keep a large text once.
INSERT INTO blobs (digest, body) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING;

-- name: get_blob
-- A large text.
SELECT body FROM blobs WHERE digest = ?;
