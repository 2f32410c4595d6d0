import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { eventually } from '../waiting/eventually.ts';
import { type PostgresPair, startPostgresPair } from './start-postgres-pair.ts';

let pair: PostgresPair | undefined;
afterEach(async () => {
  await pair?.stop();
  pair = undefined;
});

const numbers = (at: PostgresPair['primary']) =>
  at.tell('SELECT n FROM numbers ORDER BY n').then((rows) => rows.map(({ n }) => n));

test('what was acknowledged is on the standby when the primary is killed, and the old primary follows the new one', async () => {
  pair = await startPostgresPair({ durable: false });
  const [first, second] = pair.nodes;
  expect(pair.primary).toBe(first);
  await first.tell('CREATE TABLE numbers (n int)');
  await first.tell('INSERT INTO numbers VALUES (1)');
  await first.kill();
  await pair.promote();
  expect(pair.primary).toBe(second);
  expect(await numbers(second)).toEqual([1]);
  await second.tell('INSERT INTO numbers VALUES (2)');
  await pair.rebuildStandby();
  expect(pair.standby).toBe(first);
  await second.tell('INSERT INTO numbers VALUES (3)');
  await eventually('the old primary has it', async () => (await numbers(first)).length === 3);
  await second.kill();
  await pair.promote();
  expect(await numbers(first)).toEqual([1, 2, 3]);
  const { dataFolder } = first;
  await pair.stop();
  expect(existsSync(dataFolder)).toBe(false);
});

test('a server all of whose processes are stopped can be killed, and leaves none of them', async () => {
  pair = await startPostgresPair({ durable: false });
  const { primary } = pair;
  for (let time = 1; time <= 5; time += 1) {
    const sessions = Array.from({ length: 8 }, () => primary.tell('SELECT pg_sleep(600)').catch(() => undefined));
    await eventually('all are at work', async () => {
      const [row] = await primary.tell(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE '%sleep(600)'",
      );
      return Number(row?.n) >= sessions.length;
    });
    primary.pause();
    await primary.kill();
    await Promise.all(sessions);
    await primary.start();
  }
});

test('a pair that is started again has its last primary, whichever died', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'kith-pair-'));
  try {
    pair = await startPostgresPair({ dataFolder, durable: false });
    await pair.primary.tell('CREATE TABLE numbers (n int)');
    await pair.primary.kill();
    await pair.promote();
    await pair.primary.tell('INSERT INTO numbers VALUES (1)');
    await pair.stop();
    pair = await startPostgresPair({ dataFolder, durable: false });
    expect(pair.primary.name).toBe('node_2');
    await pair.primary.tell('INSERT INTO numbers VALUES (2)');
    await pair.stop();
    pair = await startPostgresPair({ dataFolder, durable: false });
    expect(await numbers(pair.primary)).toEqual([1, 2]);
    await eventually('the old primary follows', async () => (await numbers(pair!.nodes[0])).length === 2);
  } finally {
    await pair?.stop();
    pair = undefined;
    await rm(dataFolder, { recursive: true, force: true });
  }
});

test('a commit is not acknowledged while the standby is away, and is when it is back', async () => {
  pair = await startPostgresPair({ durable: false });
  await pair.primary.tell('CREATE TABLE numbers (n int)');
  pair.standby.pause();
  let acknowledged = false;
  const writing = pair.primary.tell('INSERT INTO numbers VALUES (1)').then(() => {
    acknowledged = true;
  });
  await eventually('the commit waits', async () => {
    const [row] = await pair!.primary.tell(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
    );
    return row?.n === 1;
  });
  expect(acknowledged).toBe(false);
  pair.standby.resume();
  await writing;
  expect(await numbers(pair.primary)).toEqual([1]);
});
