import type { RunningSystem } from '@kith/local';
import pg from 'pg';

/** Server settings that note when each transaction was committed; they need a restart. */
const NOTE_TIMES = 'ALTER SYSTEM SET track_commit_timestamp = on';

// Which transaction an event was committed by: its row's own is replaced when the relay marks it. Not logged, and
// without a notification, which would make commits wait for each other. The service itself may not write it.
const NOTE_TRANSACTIONS = `
  CREATE UNLOGGED TABLE bench_commit (event text, transaction text);
  CREATE FUNCTION bench_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
    'BEGIN INSERT INTO bench_commit VALUES (NEW.owner_id || '' '' || NEW.revision, pg_current_xact_id()::xid::text);
     RETURN NULL; END';
  CREATE TRIGGER bench_note AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION bench_note()`;

const TIMES = `
  SELECT event, extract(epoch FROM pg_xact_commit_timestamp(transaction::xid))::float8 * 1000 AS at_ms FROM bench_commit`;

/**
 * Makes Postgres note when it writes the commit of each event: before that is on disk, and so before anybody can know.
 *
 * @returns what asks it, by `<owner> <revision>`, in ms of wall clock
 */
export async function noteCommits(
  system: Pick<RunningSystem, 'postgres' | 'friendDatabaseUrl'>,
): Promise<() => Promise<ReadonlyMap<string, number>>> {
  await ask(system.friendDatabaseUrl, NOTE_TIMES);
  await system.postgres.stop();
  await system.postgres.start();
  await ask(system.friendDatabaseUrl, NOTE_TRANSACTIONS);
  return async () => {
    const rows: { event: string; at_ms: number }[] = await ask(system.friendDatabaseUrl, TIMES);
    return new Map(rows.map(({ event, at_ms }) => [event, at_ms]));
  };
}

async function ask(connectionString: string, sql: string) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
