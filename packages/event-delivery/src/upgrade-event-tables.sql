-- For a database whose event tables are from before there was an archive: copy it into a migration. It may run twice.
-- The kind of an owner that is there already is read from its events' types, as defineEvent does: `shop.order` of
-- `shop.order.placed.v1`. Whoever says ownerKind in their contracts writes that instead.
ALTER TABLE outbox ADD COLUMN IF NOT EXISTS owner_kind text NOT NULL DEFAULT '';
UPDATE outbox SET owner_kind = regexp_replace(type, '\.[^.]+\.v\d+$', '') WHERE owner_kind = '';
CREATE UNIQUE INDEX IF NOT EXISTS outbox_owner_revision ON outbox (owner_id, owner_kind, revision);
ALTER TABLE outbox DROP CONSTRAINT IF EXISTS outbox_owner_id_revision_key;
DROP INDEX IF EXISTS outbox_owner_id_revision_key;

CREATE SCHEMA IF NOT EXISTS event_archive;
CREATE TABLE IF NOT EXISTS event_archive.outbox (
  id              bigint      NOT NULL,
  event_id        uuid        NOT NULL,
  owner_id        text        NOT NULL,
  revision        bigint      NOT NULL,
  type            text        NOT NULL,
  subject         text        NOT NULL,
  payload         jsonb       NOT NULL,
  headers         jsonb       NOT NULL,
  occurred_at     timestamptz NOT NULL,
  published_at    timestamptz,
  stream_sequence bigint,
  owner_kind      text        NOT NULL,
  PRIMARY KEY (occurred_at, id)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX IF NOT EXISTS outbox_archive_owner ON event_archive.outbox (owner_id, owner_kind, revision);
CREATE INDEX IF NOT EXISTS outbox_archive_event ON event_archive.outbox (event_id);

CREATE SEQUENCE IF NOT EXISTS inbox_position;
ALTER TABLE inbox ADD COLUMN IF NOT EXISTS envelope text, ADD COLUMN IF NOT EXISTS position bigint;
CREATE INDEX IF NOT EXISTS inbox_kept ON inbox (consumer, position) WHERE envelope IS NOT NULL;
