-- Where events are sent to.
CREATE TABLE endpoint (
  id                    uuid        PRIMARY KEY,
  url                   text        NOT NULL,
  events                text[]      NOT NULL,
  secret                text        NOT NULL,
  previous_secret       text,
  previous_secret_until timestamptz,
  state                 text        NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused')),
  paused_because        text,
  created_at            timestamptz NOT NULL DEFAULT now(),
  -- Which process sends to it, and until when nobody else may.
  leased_by             uuid,
  leased_until          timestamptz
);

-- One event for one endpoint: to be sent, or what became of it (the delivery log).
CREATE TABLE delivery (
  id          bigserial   PRIMARY KEY,
  endpoint_id uuid        NOT NULL REFERENCES endpoint (id) ON DELETE CASCADE ON UPDATE CASCADE,
  event_id    uuid        NOT NULL,
  stream      text        NOT NULL,
  owner_id    text        NOT NULL,
  revision    bigint      NOT NULL,
  type        text        NOT NULL,
  body        text        NOT NULL,
  state       text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
  attempts    int         NOT NULL DEFAULT 0,
  try_at      timestamptz NOT NULL DEFAULT now(),
  give_up_at  timestamptz NOT NULL,
  -- Of the last attempt.
  status      int,
  problem     text,
  took_ms     int,
  created_at  timestamptz NOT NULL DEFAULT now(),
  settled_at  timestamptz
);
-- An event goes to an endpoint once.
CREATE UNIQUE INDEX delivery_endpoint_id_event_id_key ON delivery (endpoint_id, event_id);
-- The log of an endpoint, newest first.
CREATE INDEX delivery_endpoint_id_id_idx ON delivery (endpoint_id, id);
-- What is due, and whether something of the same owner comes before it.
CREATE INDEX delivery_due ON delivery (endpoint_id, try_at) WHERE state = 'pending';
CREATE INDEX delivery_owner ON delivery (endpoint_id, stream, owner_id, revision) WHERE state = 'pending';
-- The janitor's.
CREATE INDEX delivery_settled ON delivery (settled_at) WHERE state <> 'pending';

-- Event delivery's (event-tables.sql), without what only publishers need.
CREATE SEQUENCE inbox_position;
CREATE TABLE inbox (
  consumer   text        NOT NULL,
  event_id   uuid        NOT NULL,
  handled_at timestamptz NOT NULL DEFAULT now(),
  envelope   text,
  position   bigint,
  PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_handled_at ON inbox (handled_at);
CREATE INDEX inbox_kept ON inbox (consumer, position) WHERE envelope IS NOT NULL;
