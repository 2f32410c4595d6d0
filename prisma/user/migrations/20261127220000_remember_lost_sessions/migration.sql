-- Sessions that were lost when the database was put back, as ranges of their ids, for as long as tokens of theirs may live.
CREATE TABLE lost_sessions (
  above   uuid        NOT NULL,
  through uuid        NOT NULL,
  but     uuid[]      NOT NULL,
  at      timestamptz NOT NULL,
  PRIMARY KEY (above, through)
);
