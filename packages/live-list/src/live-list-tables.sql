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
