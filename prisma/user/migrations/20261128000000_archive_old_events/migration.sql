-- Revisions belong to kind and owner. All that is here is of one kind, so the rows need not be written again.
ALTER TABLE outbox ADD COLUMN owner_kind text NOT NULL DEFAULT 'user';
CREATE UNIQUE INDEX outbox_owner_revision ON outbox (owner_id, owner_kind, revision);
ALTER TABLE outbox DROP CONSTRAINT outbox_owner_id_revision_key;

-- Published events that are past the outbox's retention, by month: a month is dropped whole. The janitor makes them.
CREATE SCHEMA event_archive;
CREATE TABLE event_archive.outbox (
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
CREATE INDEX outbox_archive_owner ON event_archive.outbox (owner_id, owner_kind, revision);
CREATE INDEX outbox_archive_event ON event_archive.outbox (event_id);

CREATE SEQUENCE inbox_position;

-- An inbox may keep what came, in the order in which it was handled.
ALTER TABLE inbox ADD COLUMN envelope text, ADD COLUMN position bigint;
CREATE INDEX inbox_kept ON inbox (consumer, position) WHERE envelope IS NOT NULL;
