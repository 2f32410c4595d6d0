-- What event delivery needs in the database of every service that adopts it: copy it into a migration.
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
  UNIQUE (owner_id, revision)
);
-- The relay's scan: only what is still to be published, whatever the table has grown to.
CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL;
-- The janitor's and republish's scan by time.
CREATE INDEX outbox_occurred_at ON outbox (occurred_at);

CREATE TABLE inbox (
  consumer   text        NOT NULL,
  event_id   uuid        NOT NULL,
  handled_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_handled_at ON inbox (handled_at);

-- Where the stream stood that the outbox publishes to, so that what it loses is noticed, and published again.
CREATE TABLE stream_position (
  name             text   PRIMARY KEY,
  created_at       text   NOT NULL,
  last_sequence    bigint NOT NULL,
  had_through      jsonb  NOT NULL,
  holes            bigint NOT NULL,
  given_up_through bigint NOT NULL
);
