-- name: from_1
-- Version 2: a stream's last number is read from its events, not kept beside them.
ALTER TABLE streams DROP COLUMN last;

-- name: from_2
-- Version 3: every key begins with the tenant, and every event is bound to the one before it.
-- Until now there was one tenant; the hashes are put in by opening.py.
ALTER TABLE streams RENAME TO old_streams;
ALTER TABLE events RENAME TO old_events;
ALTER TABLE snapshots RENAME TO old_snapshots;
ALTER TABLE blobs RENAME TO old_blobs;
CREATE TABLE streams (
  tenant TEXT NOT NULL CHECK (tenant <> ''),
  id INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
  tenant TEXT NOT NULL,
  stream INTEGER NOT NULL,
  seq INTEGER NOT NULL CHECK (seq > 0),
  place INTEGER NOT NULL,
  hash BLOB NOT NULL,
  at REAL NOT NULL,
  actor TEXT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (tenant, stream, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE chains (
  tenant TEXT NOT NULL PRIMARY KEY,
  length INTEGER NOT NULL,
  hash BLOB NOT NULL,
  found INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE snapshots (
  tenant TEXT NOT NULL,
  stream INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (tenant, stream),
  FOREIGN KEY (tenant, stream) REFERENCES streams (tenant, id)
) STRICT;
CREATE TABLE blobs (
  tenant TEXT NOT NULL,
  digest TEXT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (tenant, digest)
) STRICT;
INSERT INTO streams (tenant, id, name) SELECT 'default', id, name FROM old_streams;
INSERT INTO events (tenant, stream, seq, place, hash, at, actor, body)
SELECT 'default', stream, seq, row_number() OVER (ORDER BY stream, seq), x'', at, actor, body
FROM old_events ORDER BY stream, seq;
INSERT INTO snapshots (tenant, stream, seq, body)
SELECT 'default', stream, seq, body FROM old_snapshots;
INSERT INTO blobs (tenant, digest, body) SELECT 'default', digest, body FROM old_blobs;
DROP TABLE old_events;
DROP TABLE old_snapshots;
DROP TABLE old_blobs;
DROP TABLE old_streams;

-- name: found_events
-- The events that were there before chains, in the order of their places.
SELECT place, name, seq, at, actor, body FROM events
JOIN streams ON streams.tenant = events.tenant AND streams.id = events.stream
WHERE events.tenant = :tenant ORDER BY stream, seq;

-- name: bind_event
-- Put in the hash of an event.
UPDATE events SET hash = :hash
WHERE tenant = :tenant AND seq = :seq
AND stream = (SELECT id FROM streams WHERE tenant = :tenant AND name = :stream);

-- name: found_chain
-- Note the end of a chain, all of which was there before.
INSERT INTO chains (tenant, length, hash, found) VALUES (:tenant, :length, :hash, :length);
