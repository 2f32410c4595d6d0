-- Where the friendships of an import into an empty system wait until all of them are here. Unlogged: what a crash takes
-- from it is counted, missed, and sent again; nothing here was acknowledged to anybody but the import itself.
CREATE SCHEMA bulk_import;
CREATE UNLOGGED TABLE bulk_import.pair (
  import_id uuid   NOT NULL,
  -- Of the file: what is sent twice is here once, and what is refused is told by it.
  line      bigint NOT NULL,
  one       uuid   NOT NULL,
  other     uuid   NOT NULL,
  -- The code and the sentence of the rule that refused it.
  refused   text,
  because   text,
  PRIMARY KEY (import_id, line)
);
