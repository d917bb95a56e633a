-- name: all_streams
-- Every stream with its last number, in order of first append.
SELECT id, name, last FROM streams ORDER BY id;

-- name: add_stream
-- Begin a stream.
INSERT INTO streams (id, name, last) VALUES (?, ?, 0);

-- name: move_last
-- Note the last number of a stream.
UPDATE streams SET last = ? WHERE id = ?;

-- name: add_event
-- Append one event; the primary key refuses a number that is taken.
INSERT INTO events (stream, seq, at, actor, body) VALUES (?, ?, ?, ?, ?);

-- name: events_after
-- A page of a stream's events above a number.
SELECT seq, at, actor, body FROM events WHERE stream = ? AND seq > ? ORDER BY seq LIMIT ?;

-- name: save_snapshot
-- Keep the newest folded state of a stream.
INSERT INTO snapshots (stream, seq, body) VALUES (?, ?, ?)
ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, body = excluded.body
WHERE excluded.seq >= snapshots.seq;

-- name: load_snapshot
-- The newest folded state of a stream.
SELECT seq, body FROM snapshots WHERE stream = ?;

-- name: put_blob
-- Keep a large text once.
INSERT INTO blobs (digest, body) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING;

-- name: get_blob
-- A large text.
SELECT body FROM blobs WHERE digest = ?;
