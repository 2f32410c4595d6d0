import { eventually, type PostgresPair, startPostgresPair } from '@kith/local-servers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Failover, failOverPostgres } from './fail-over-postgres.ts';
import { isBefore } from './look-at-postgres-pair.ts';

const AGAIN = { withinMs: 150_000, everyMs: 100 };

let pair: PostgresPair;
let failover: Failover;
let said: string[];
beforeEach(async () => {
  said = [];
  const settings = { wal_sender_timeout: '3s', wal_receiver_timeout: '3s', wal_retrieve_retry_interval: '500ms' };
  pair = await startPostgresPair({ durable: false, password: 'for a test', settings });
  await pair.primary.tell('CREATE TABLE numbers (n int)');
  failover = failOverPostgres(pair, { say: (line) => said.push(line) });
  await whenItMayBePromoted();
});
afterEach(async () => {
  await failover.stop();
  await pair.stop();
});

const whenItMayBePromoted = () => eventually('the standby may be promoted', () => failover.canPromote, AGAIN);
const numbers = async (at = pair.primary) => (await at.tell('SELECT n FROM numbers ORDER BY n')).map(({ n }) => n);

test.each([
  ['is killed', () => pair.primary.kill()],
  ['hangs', async () => pair.primary.pause()],
])('a primary that %s is replaced, and follows the new one afterwards', async (_what, trouble) => {
  const [first, second] = pair.nodes;
  await first.tell('INSERT INTO numbers VALUES (1)');
  await trouble();
  await eventually('the standby took over', () => pair.primary === second, AGAIN);
  expect(await numbers()).toEqual([1]);
  await eventually('it takes writes', () => second.tell('INSERT INTO numbers VALUES (2)').then(() => true), AGAIN);
  await whenItMayBePromoted();
  expect(pair.standby).toBe(first);
  expect(await first.tell('SELECT pg_is_in_recovery() AS follows')).toEqual([{ follows: true }]);
  // And back, with all of it.
  await second.kill();
  await eventually('the first took over again', () => pair.primary === first, AGAIN);
  expect(await numbers()).toEqual([1, 2]);
});

test('while the standby is away commits go on, and it may not be promoted until it has them', async () => {
  const [first, second] = pair.nodes;
  await second.kill();
  const writing = first.tell('INSERT INTO numbers VALUES (1)');
  await eventually('commits do not wait for it any more', () => !failover.canPromote, AGAIN);
  await writing;
  await whenItMayBePromoted();
  expect(await numbers(second)).toEqual([1]);
});

test('a primary that goes while nobody may replace it is started again, with all that was acknowledged', async () => {
  const [first, second] = pair.nodes;
  second.pause();
  await first.tell('INSERT INTO numbers VALUES (1)');
  expect(failover.canPromote).toBe(false);
  await first.kill();
  await eventually('it runs again', async () => (await numbers(first)).length === 1, AGAIN);
  expect(pair.primary).toBe(first);
  second.resume();
  await whenItMayBePromoted();
  expect(said.some((line) => line.endsWith('is the primary now.'))).toBe(false);
});

test('places in the log are compared as numbers', () => {
  expect(isBefore('0/FFFFFFFF', '1/0')).toBe(true);
  expect(isBefore('0/9000000', '0/10000000')).toBe(true);
  expect(isBefore('2/0', '1/FFFFFFFF')).toBe(false);
  expect(isBefore('1/A', '1/A')).toBe(false);
});
