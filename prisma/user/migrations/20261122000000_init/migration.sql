CREATE TYPE friend_policy AS ENUM ('OPEN', 'APPROVAL', 'CLOSED');

CREATE TABLE users (
  id            uuid          PRIMARY KEY,
  username      text          UNIQUE,
  nickname      text          NOT NULL,
  avatar_url    text,
  friend_policy friend_policy NOT NULL DEFAULT 'APPROVAL',
  password_hash text,
  version       integer       NOT NULL,
  created_at    timestamptz   NOT NULL,
  deleted_at    timestamptz,
  -- A tombstone keeps nothing personal, a living account lacks nothing.
  CONSTRAINT users_whole_or_erased CHECK (
    (deleted_at IS NULL) = (username IS NOT NULL) AND (deleted_at IS NULL) = (password_hash IS NOT NULL))
);

CREATE TABLE user_word (
  -- Ordered by bytes, so that the words with a prefix are one range of the primary key, whatever the database's locale.
  word    text COLLATE "C" NOT NULL,
  kind    smallint         NOT NULL,
  user_id uuid             NOT NULL REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE,
  PRIMARY KEY (word, kind, user_id)
);
CREATE INDEX user_word_user_id_word_idx ON user_word (user_id, word);

CREATE TABLE session (
  id         uuid        PRIMARY KEY,
  user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  ended_at   timestamptz
);
CREATE INDEX session_user_id_idx ON session (user_id);
CREATE INDEX session_expires_at_idx ON session (expires_at);

CREATE TABLE refresh_token (
  hash       bytea       PRIMARY KEY,
  session_id uuid        NOT NULL REFERENCES session (id) ON DELETE CASCADE ON UPDATE CASCADE,
  issued_at  timestamptz NOT NULL,
  used_at    timestamptz
);
CREATE INDEX refresh_token_session_id_idx ON refresh_token (session_id);

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
