CREATE TABLE circle (
  id           uuid        PRIMARY KEY,
  name         text        NOT NULL,
  member_count int         NOT NULL,
  owner_count  int         NOT NULL,
  created_at   timestamptz NOT NULL
);
CREATE TABLE circle_member (
  circle_id uuid        NOT NULL REFERENCES circle ON DELETE CASCADE,
  user_id   uuid        NOT NULL,
  role      text        NOT NULL,
  joined_at timestamptz NOT NULL,
  PRIMARY KEY (circle_id, user_id)
);
CREATE INDEX circle_member_by_user ON circle_member (user_id, circle_id);
-- Accounts that are gone: a token of theirs may be good for some minutes still.
CREATE TABLE person_gone (user_id uuid PRIMARY KEY);
