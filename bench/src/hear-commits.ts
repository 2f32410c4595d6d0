import pg from 'pg';
import { answerQuestions } from './helper-process.ts';
import { startWallClock } from './wall-clock.ts';

// Notifications go out once a transaction is on disk and can be seen by others, to all who listen at once: this is the
// moment at which the relay can know of it, too.
const TELL = `
  CREATE FUNCTION bench_tell() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_notify(''bench_commits'', NEW.owner_id || '' '' || NEW.revision); RETURN NULL; END';
  CREATE TRIGGER bench_tell AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION bench_tell()`;

const heardAtMs = new Map<string, number>();

/** Notes when each event of a database was committed, in a process that does nothing else. */
answerQuestions({
  async listen({ databaseUrl }: { databaseUrl: string }) {
    const client = new pg.Client({ connectionString: databaseUrl });
    client.on('error', () => {});
    await client.connect();
    await client.query(TELL);
    const clock = startWallClock();
    client.on('notification', ({ payload }) => heardAtMs.set(payload!, clock()));
    await client.query('LISTEN bench_commits');
  },
  /** Wall clock, ms, by `<owner> <revision>`. */
  heard: () => heardAtMs,
});
