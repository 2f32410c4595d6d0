import { eventually, type PostgresPair, startPostgresPair } from '@kith/local-servers';
import { createTestDatabase } from '@kith/migrations';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from './open-database.ts';
import { readLate } from './read-late.ts';

let pair: PostgresPair;
let database: Database;
let close = async (): Promise<void> => undefined;
const log = pino({ level: 'silent' });
const here = new AbortController().signal;

beforeAll(async () => {
  pair = await startPostgresPair({ durable: false });
  await pair.primary.tell(
    'CREATE TABLE person (id int PRIMARY KEY, version int); INSERT INTO person VALUES (1, 1), (2, 1)',
  );
  // A replica that is away may not hold up the commits of these tests.
  await pair.primary.tell('ALTER SYSTEM RESET synchronous_standby_names');
  await pair.primary.tell('SELECT pg_reload_conf()');
});
beforeEach(() => open({ lagAtMostMs: 1_000 }));
afterEach(async () => {
  await close();
  pair.standby.resume();
  await pair.standby.tell('SELECT pg_wal_replay_resume()');
});
afterAll(() => pair?.stop());

async function open({ lagAtMostMs, url = pair.standby.url('postgres') }: { lagAtMostMs: number; url?: string }) {
  await close();
  database = openDatabase({
    ...{ url: pair.primary.url('postgres'), name: 'late', log, connections: 8 },
    replica: { url, lagAtMostMs },
  });
  close = async () => {
    close = async () => undefined;
    await database.end();
  };
}

const own = (id: number) => ({ name: 'own', text: 'SELECT version FROM person WHERE id = $1', values: [id] });
const WHERE = { name: 'where', text: `SELECT current_setting('port')::int AS port`, values: [] };
const readAs = (id: number) =>
  readLate({ primary: database.reads, replica: database.replica, callerGone: () => here, own: own(id) });

async function servedBy(id = 1): Promise<string> {
  const { rows } = await readAs(id).query<{ port: number }>(WHERE);
  return rows[0]!.port === pair.primary.port ? 'primary' : 'replica';
}

const write = (id: number) => pair.primary.tell(`UPDATE person SET version = version + 1 WHERE id = ${id}`);
/** Somebody writes all the time, as they do. */
const toTheReplica = (id = 1) =>
  eventually('the replica serves', async () => {
    await write(2);
    return (await servedBy(id)) === 'replica';
  });

test('a replica that has all serves', async () => {
  await toTheReplica();
  expect(database.replica?.isFresh()).toBe(true);
});

test('a replica that is paused serves nobody once the bound is passed, and serves again when it has caught up', async () => {
  await toTheReplica();
  await pair.standby.tell('SELECT pg_wal_replay_pause()');
  await write(2);
  await eventually('the primary serves', async () => (await servedBy()) === 'primary');
  expect(database.replica?.isFresh()).toBe(false);
  await pair.standby.tell('SELECT pg_wal_replay_resume()');
  await toTheReplica();
});

test('whoever has just written is served by the primary, others by the replica that lacks it', async () => {
  await open({ lagAtMostMs: 60_000 });
  await toTheReplica();
  await pair.standby.tell('SELECT pg_wal_replay_pause()');
  expect([await servedBy(1), await servedBy(2)]).toEqual(['replica', 'replica']);
  await write(1);
  expect([await servedBy(1), await servedBy(2)]).toEqual(['primary', 'replica']);
  await pair.standby.tell('SELECT pg_wal_replay_resume()');
  await eventually('the replica serves them again', async () => (await servedBy(1)) === 'replica');
});

test('a replica that is killed is passed over without an error, and found again', async () => {
  await toTheReplica();
  await pair.standby.kill();
  for (let n = 0; n < 20; n += 1) expect(await servedBy()).toBe('primary');
  await pair.standby.start();
  await toTheReplica();
});

test('a replica that hangs holds up nobody for good, not even who was waiting for it', async () => {
  await open({ lagAtMostMs: 500 });
  await toTheReplica();
  pair.standby.pause();
  expect(await Promise.all(Array.from({ length: 5 }, () => servedBy()))).toEqual(Array(5).fill('primary'));
  expect(await servedBy()).toBe('primary');
  pair.standby.resume();
  await toTheReplica();
});

test('while the primary is away nothing is read from the replica as if it were fresh', async () => {
  await open({ lagAtMostMs: 300 });
  await toTheReplica();
  pair.primary.pause();
  try {
    await eventually('it is not trusted', () => database.replica?.isFresh() === false);
  } finally {
    pair.primary.resume();
  }
  await toTheReplica();
});

test('a database that is no replica is never read', async () => {
  const other = await createTestDatabase('user');
  try {
    await open({ lagAtMostMs: 1_000, url: other.url });
    for (let n = 0; n < 20; n += 1) {
      await write(2);
      expect(await servedBy()).toBe('primary');
    }
    expect(database.replica?.isFresh()).toBe(false);
  } finally {
    await close();
    await other.drop();
  }
});

test('a statement that fails, or that nobody waits for, is not tried again on the primary', async () => {
  await toTheReplica();
  const nonsense = { name: 'nonsense', text: 'SELECT 1/0', values: [] };
  await expect(readAs(1).query(nonsense)).rejects.toMatchObject({ code: '22012' });
  const gone = new AbortController();
  const reads = readLate({
    ...{ primary: database.reads, replica: database.replica, callerGone: () => gone.signal },
    own: own(1),
  });
  const sleeping = reads.query({ name: 'sleeping', text: 'SELECT pg_sleep(60)', values: [] });
  const asked = (at: PostgresPair['primary']) =>
    at.tell(`SELECT FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'`);
  await eventually('the replica works on it', async () => (await asked(pair.standby)).length === 1);
  gone.abort();
  await expect(sleeping).rejects.toThrow();
  expect(await asked(pair.primary)).toEqual([]);
});
