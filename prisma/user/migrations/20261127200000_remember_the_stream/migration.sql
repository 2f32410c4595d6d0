-- Where the stream stood that the outbox publishes to, so that what it loses is noticed, and published again.
CREATE TABLE stream_position (
  name             text   PRIMARY KEY,
  created_at       text   NOT NULL,
  last_sequence    bigint NOT NULL,
  had_through      jsonb  NOT NULL,
  holes            bigint NOT NULL,
  given_up_through bigint NOT NULL
);
