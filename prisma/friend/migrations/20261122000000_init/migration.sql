-- The copy of each user's profile, kept by the user service's events. `version` is the event's revision.
CREATE TABLE profile (
  user_id       uuid    PRIMARY KEY,
  username      text    NOT NULL,
  nickname      text    NOT NULL,
  avatar_url    text,
  friend_policy text    NOT NULL,
  version       integer NOT NULL,
  deleted       boolean NOT NULL DEFAULT false
);

-- One row per person, locked by whoever changes their list: revision and counts are exact because of it.
CREATE TABLE friend_list (
  owner_id      uuid    PRIMARY KEY,
  revision      bigint  NOT NULL DEFAULT 0,
  friend_count  integer NOT NULL DEFAULT 0,
  request_count integer NOT NULL DEFAULT 0
);

-- Two directed rows per friendship: what `owner_id` keeps about `friend_id`.
CREATE TABLE friend (
  owner_id  uuid        NOT NULL,
  friend_id uuid        NOT NULL,
  remark    text,
  pinned    boolean     NOT NULL DEFAULT false,
  tags      text[]      NOT NULL DEFAULT '{}',
  since     timestamptz NOT NULL,
  PRIMARY KEY (owner_id, friend_id)
);
-- Whose lists hold this person: for profile changes and friends in common.
CREATE INDEX friend_by_friend ON friend (friend_id);

CREATE TABLE friend_request (
  id        uuid        PRIMARY KEY,
  from_id   uuid        NOT NULL,
  to_id     uuid        NOT NULL,
  message   text,
  remark    text,
  sent_at   timestamptz NOT NULL,
  status    text        NOT NULL,
  closed_at timestamptz
);
CREATE INDEX friend_request_from ON friend_request (from_id, status, sent_at);
CREATE INDEX friend_request_to ON friend_request (to_id, status, sent_at);
-- At most one open request between two people, in either direction.
CREATE UNIQUE INDEX friend_request_open_pair
  ON friend_request (least(from_id, to_id), greatest(from_id, to_id)) WHERE status = 'OPEN';

CREATE TABLE block (
  owner_id   uuid        NOT NULL,
  blocked_id uuid        NOT NULL,
  since      timestamptz NOT NULL,
  PRIMARY KEY (owner_id, blocked_id)
);
CREATE INDEX block_by_blocked ON block (blocked_id);

-- Changes when the database is restored from a backup, so that cursors from the lost future are recognised.
CREATE TABLE timeline (
  id         uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  started_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO timeline DEFAULT VALUES;

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
