import { eventually, type RunningSystem } from '@kith/local';
import pg from 'pg';

// `pg_xact_commit_timestamp` is taken when the commit is decided, before it is flushed to disk:
// https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-COMMIT-TIMESTAMP
const NOTE_TRANSACTIONS = `
  CREATE TABLE bench_transaction (owner_id text, revision bigint, id xid8 DEFAULT pg_current_xact_id());
  CREATE FUNCTION bench_note() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO bench_transaction (owner_id, revision) VALUES (NEW.owner_id, NEW.revision); RETURN NULL; END';
  CREATE TRIGGER bench_note AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION bench_note()`;

const COMMIT_TIMES = `
  SELECT owner_id, revision::int, extract(epoch FROM pg_xact_commit_timestamp(id::xid))::float8 * 1000 AS at_ms
  FROM bench_transaction`;

/** Has Postgres itself keep the moment at which it commits each event of the friend service. Restarts it once. */
export async function noteCommitTimes(system: RunningSystem): Promise<{
  /** Wall clock, ms, by `<owner> <revision>`. */
  read(): Promise<Map<string, number>>;
}> {
  const connected = async <Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> => {
    const client = new pg.Client({ connectionString: system.friendDatabaseUrl });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  await connected((client) => client.query('ALTER SYSTEM SET track_commit_timestamp = on'));
  await system.postgres.stop();
  await system.postgres.start();
  for (const { name, url } of [system.user, system.friend]) {
    await eventually(`the ${name} process is ready again`, async () => (await fetch(`${url}/ready`)).ok);
  }
  await connected((client) => client.query(NOTE_TRANSACTIONS));
  return {
    read: () =>
      connected(async (client) => {
        const { rows } = await client.query<{ owner_id: string; revision: number; at_ms: number }>(COMMIT_TIMES);
        return new Map(rows.map(({ owner_id, revision, at_ms }) => [`${owner_id} ${revision}`, at_ms]));
      }),
  };
}
