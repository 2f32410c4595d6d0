-- For events that are aggregates themselves (event-as-aggregate): tables that take rows, and never change or lose one.
-- Copy what you need into a migration.
CREATE FUNCTION refuse_to_change_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is refused: what "%" tells has happened, and rows are only ever added to it', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
END $$;

-- By statement, so that TRUNCATE, and a statement that would find no row, are refused as well; by row for partitions that
-- are spoken to directly. ALWAYS: also while a replica applies what it was sent (session_replication_role).
CREATE FUNCTION make_append_only(history regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history()', history);
  EXECUTE format('CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON %s
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_history()', history);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', history);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only_rows', history);
END $$;

CREATE TABLE action (
  id          uuid        PRIMARY KEY,
  name        text        NOT NULL,
  source_kind text        NOT NULL,
  source_id   text        NOT NULL,
  occurred_at timestamptz NOT NULL,
  -- What the event tells besides.
  facts       jsonb       NOT NULL
);
CREATE INDEX action_source ON action (source_kind, source_id, occurred_at, id);
SELECT make_append_only('action');
