-- name: tenants
-- Every tenant that has anything; the one question that is asked of all tenants.
SELECT tenant FROM chains UNION SELECT tenant FROM streams UNION SELECT tenant FROM events;

-- name: end
-- What is noted of a tenant's chain.
SELECT length, hash, found FROM chains WHERE tenant = :tenant;

-- name: entries
-- The events of a tenant in the order of their chain, from a place on.
SELECT place, coalesce(
  (SELECT name FROM streams WHERE streams.tenant = :tenant AND id = events.stream), ''
), seq, at, actor, body, hash
FROM events WHERE events.tenant = :tenant AND place > :after ORDER BY place;

-- name: first_since
-- The place before the first event of a tenant that is not older than a time, and its hash.
SELECT place, hash FROM events
WHERE tenant = :tenant AND place < coalesce(
  (SELECT min(place) FROM events WHERE tenant = :tenant AND at >= :since), 9223372036854775807
)
ORDER BY place DESC LIMIT 1;

-- name: texts
-- The large texts of a tenant.
SELECT digest, body FROM blobs WHERE tenant = :tenant;
