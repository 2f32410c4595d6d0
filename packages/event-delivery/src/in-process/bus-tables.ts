/** What the in-process bus keeps in its database. Idempotent; run at every start. */
export const BUS_TABLES = `
  CREATE SCHEMA IF NOT EXISTS event_bus;
  CREATE TABLE IF NOT EXISTS event_bus.stream (
    name          text    PRIMARY KEY,
    subjects      text[]  NOT NULL,
    keep_forever  boolean NOT NULL,
    last_sequence bigint  NOT NULL DEFAULT 0
  );
  ALTER TABLE event_bus.stream ADD COLUMN IF NOT EXISTS created_at timestamptz NOT NULL DEFAULT now();
  CREATE TABLE IF NOT EXISTS event_bus.message (
    stream     text        NOT NULL,
    sequence   bigint      NOT NULL,
    subject    text        NOT NULL,
    message_id text        NOT NULL,
    headers    jsonb       NOT NULL,
    payload    text        NOT NULL,
    stored_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream, sequence)
  );
  CREATE INDEX IF NOT EXISTS message_by_id ON event_bus.message (stream, message_id);
  CREATE INDEX IF NOT EXISTS message_by_subject ON event_bus.message (stream, subject, sequence);
  CREATE INDEX IF NOT EXISTS message_by_age ON event_bus.message (stored_at);
  -- Acknowledged: everything through one sequence, and some above it.
  CREATE TABLE IF NOT EXISTS event_bus.consumer (
    stream        text     NOT NULL,
    durable       text     NOT NULL,
    acked_through bigint   NOT NULL DEFAULT 0,
    acked_above   bigint[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (stream, durable)
  );
  -- Whose it is, and when the first message was stored that it may be given.
  ALTER TABLE event_bus.consumer ADD COLUMN IF NOT EXISTS service text;
  ALTER TABLE event_bus.consumer ADD COLUMN IF NOT EXISTS since timestamptz;`;
