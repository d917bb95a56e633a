-- Version 3. Every key begins with the tenant: nothing is found, and nothing shared, without it.
-- A stream is the event log of one fleet; its events are numbered from 1 without gaps. The ids of
-- streams ascend over all tenants, in order of first append.
CREATE TABLE streams (
  tenant TEXT NOT NULL CHECK (tenant <> ''),
  id INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (tenant, id),
  UNIQUE (tenant, name)
) STRICT, WITHOUT ROWID;

-- Without rowid: an append goes to the end of its stream, with no second tree to keep; and without
-- a foreign key, which would be looked up for every event (`audit verify` does). An event's
-- place is its number in the chain of its tenant, its hash binds it to the one before (core/chain).
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

-- The end of each tenant's chain. The first `found` events were there before the chain began.
CREATE TABLE chains (
  tenant TEXT NOT NULL PRIMARY KEY,
  length INTEGER NOT NULL,
  hash BLOB NOT NULL,
  found INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Folded states and large texts are compressed with zlib.
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
