-- Until now Prisma wrote an instant as UTC without saying so, and a server whose zone is another took it for a local time:
-- what was written there is off by the zone's offset. From now on every session speaks UTC and reads what is stored.
--
-- Assumes that the server's zone (this role's, in this database) is still the one it was when the rows were written, and
-- that every service of the old release has stopped. Assumes nothing about single rows: ids are UUIDs of version 7, which
-- hold the moment they were made, and only rows that disagree with theirs by the zone are mended. On a server in UTC it
-- changes nothing; so it does with users who were imported, whose times were right already.
CREATE FUNCTION pg_temp.server_zone() RETURNS text STABLE LANGUAGE sql AS
  $$ SELECT reset_val FROM pg_settings WHERE name = 'TimeZone' $$;
CREATE FUNCTION pg_temp.meant(stored timestamptz) RETURNS timestamptz STABLE LANGUAGE sql AS
  $$ SELECT (stored AT TIME ZONE pg_temp.server_zone()) AT TIME ZONE 'UTC' $$;
CREATE FUNCTION pg_temp.made_at(id uuid) RETURNS timestamptz IMMUTABLE LANGUAGE sql AS
  $$ SELECT to_timestamp(('x0000' || left(replace(id::text, '-', ''), 12))::bit(64)::bigint / 1000.0) $$;
-- Nearer to the id's moment when read as it was meant than as it is stored. Zones differ by a quarter of an hour or more.
CREATE FUNCTION pg_temp.is_off(id uuid, stored timestamptz) RETURNS boolean STABLE LANGUAGE sql AS
  $$ SELECT substr(id::text, 15, 1) = '7' AND stored <> pg_temp.meant(stored)
       AND abs(extract(epoch FROM pg_temp.meant(stored) - pg_temp.made_at(id))) < 450 $$;

UPDATE refresh_token SET issued_at = pg_temp.meant(issued_at), used_at = pg_temp.meant(used_at)
FROM session WHERE session.id = session_id AND pg_temp.is_off(session.id, session.created_at);

UPDATE session
SET created_at = pg_temp.meant(created_at), expires_at = pg_temp.meant(expires_at), ended_at = pg_temp.meant(ended_at)
WHERE pg_temp.is_off(id, created_at);

UPDATE users SET created_at = pg_temp.meant(created_at) WHERE pg_temp.is_off(id, created_at);

-- The event of a deletion has always borne the right time. Where it is no longer kept the deletion is long past, and
-- its time is asked for by nobody.
UPDATE users SET deleted_at = outbox.occurred_at FROM outbox
WHERE outbox.owner_id = users.id::text AND outbox.revision = users.version AND users.deleted_at IS NOT NULL
  AND abs(extract(epoch FROM users.deleted_at - outbox.occurred_at)) > 450;

DROP FUNCTION pg_temp.is_off, pg_temp.made_at, pg_temp.meant, pg_temp.server_zone;
