-- What event delivery needs in the database of every service that adopts it: copy it into a migration. A database that
-- has an older version of these tables gets upgrade-event-tables.sql instead.
CREATE TABLE outbox (
  id              bigserial   PRIMARY KEY,
  event_id        uuid        NOT NULL UNIQUE,
  owner_id        text        NOT NULL,
  revision        bigint      NOT NULL,
  type            text        NOT NULL,
  subject         text        NOT NULL,
  payload         jsonb       NOT NULL,
  headers         jsonb       NOT NULL DEFAULT '{}',
  occurred_at     timestamptz NOT NULL,
  published_at    timestamptz,
  stream_sequence bigint,
  -- What owner_id names: order 1 and customer 1 are two owners.
  owner_kind      text        NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX outbox_owner_revision ON outbox (owner_id, owner_kind, revision);
-- The relay's scan: only what is still to be published, whatever the table has grown to.
CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL;
-- The janitor's and republish's scan by time.
CREATE INDEX outbox_occurred_at ON outbox (occurred_at);

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
CREATE TABLE inbox (
  consumer   text        NOT NULL,
  event_id   uuid        NOT NULL,
  handled_at timestamptz NOT NULL DEFAULT now(),
  -- Of an inbox that keeps envelopes: the event as it came, and its place in the order of handling.
  envelope   text,
  position   bigint,
  PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_handled_at ON inbox (handled_at);
CREATE INDEX inbox_kept ON inbox (consumer, position) WHERE envelope IS NOT NULL;

-- Where the stream stood that the outbox publishes to, so that what it loses is noticed, and published again.
CREATE TABLE stream_position (
  name             text   PRIMARY KEY,
  created_at       text   NOT NULL,
  last_sequence    bigint NOT NULL,
  had_through      jsonb  NOT NULL,
  holes            bigint NOT NULL,
  given_up_through bigint NOT NULL
);
