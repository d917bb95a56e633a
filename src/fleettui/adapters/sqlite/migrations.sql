-- name: from_1
-- Version 2: a stream's last number is read from its events, not kept beside them.
ALTER TABLE streams DROP COLUMN last;
