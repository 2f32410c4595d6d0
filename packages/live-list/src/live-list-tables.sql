-- What live lists need in the database of a service, beside event-tables.sql of event delivery: copy it into a migration.

-- Where each list stands: counted by whoever changes it, in the same transaction.
CREATE TABLE live_list (
  kind     text   NOT NULL,
  owner_id text   NOT NULL,
  revision bigint NOT NULL,
  PRIMARY KEY (kind, owner_id)
);

-- Which history of this database revisions count in: another one once it was restored from a backup.
CREATE TABLE timeline (
  id         uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  started_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO timeline DEFAULT VALUES;

-- Snapshots that are too large for one answer, until their readers have taken them: only lists that are declared with
-- `readPages` have some.
CREATE TABLE live_list_snapshot (
  id         uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  kind       text        NOT NULL,
  owner_id   text        NOT NULL,
  revision   bigint      NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX live_list_snapshot_by_list ON live_list_snapshot (kind, owner_id, revision);
CREATE TABLE live_list_snapshot_part (
  snapshot_id uuid    NOT NULL REFERENCES live_list_snapshot ON DELETE CASCADE,
  part        int     NOT NULL,
  is_last     boolean NOT NULL,
  pages       text    NOT NULL,
  PRIMARY KEY (snapshot_id, part)
);
