-- Version 2. A stream is the event log of one fleet; its events are numbered from 1 without gaps.
CREATE TABLE streams (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

-- Without rowid: an append goes to the end of its stream, with no second tree to keep.
CREATE TABLE events (
  stream INTEGER NOT NULL REFERENCES streams (id),
  seq INTEGER NOT NULL CHECK (seq > 0),
  at REAL NOT NULL,
  actor TEXT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (stream, seq)
) STRICT, WITHOUT ROWID;

-- Folded states and large texts are compressed with zlib.
CREATE TABLE snapshots (
  stream INTEGER PRIMARY KEY REFERENCES streams (id),
  seq INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;

CREATE TABLE blobs (
  digest TEXT PRIMARY KEY,
  body BLOB NOT NULL
) STRICT;
