import { createTestDatabase } from '@kith/migrations';
import { createLog, createPool } from '@kith/service-kit';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { addEndpoint, pauseEndpoint, resumeEndpoint } from '../endpoints/endpoint-rows.ts';
import { findDue, queueDeliveries } from './queue-deliveries.ts';
import { readDeliveries } from './read-log.ts';
import { removeOldDeliveries } from './remove-old-deliveries.ts';
import { redriveDeliveries, settleDelivery } from './settle-delivery.ts';

const DAY_MS = 86_400_000;

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let pool: pg.Pool;
let id: string;
beforeAll(async () => {
  database = await createTestDatabase('webhook');
  pool = createPool({ url: database.url, name: 'test', log: createLog({ name: 'test', level: 'silent' }) });
});
beforeEach(async () => {
  ({ id } = await addEndpoint(pool, { url: 'https://example.com/', events: ['*'] }));
});
afterAll(async () => {
  await pool?.end();
  await database?.drop();
});

let events = 0;
const newEvent = (ownerId: string, revision: number, stream = 'FRIEND') => {
  events += 1;
  const eventId = `00000000-0000-4000-8000-${String(events).padStart(12, '0')}`;
  return { eventId, stream, ownerId, revision, type: 'kith.friend.added.v1', body: '{}' };
};
const queue = (event: ReturnType<typeof newEvent>) =>
  queueDeliveries(pool, event, { endpointIds: [id], retryForMs: DAY_MS });
const log = () => readDeliveries(pool, { endpointId: id, atMost: 1_000 });
const due = () => findDue(pool, id, { inHand: [], atMost: 10 });
const taken = { outcome: 'delivered', status: 200, tookMs: 1 } as const;

async function settleAll(state: 'delivered' | 'dead', daysAgo: number): Promise<void> {
  for (const each of await due()) await settleDelivery(pool, each.id, taken, { state });
  await pool.query(
    `UPDATE delivery SET settled_at = now() - $2 * interval '1 day' WHERE endpoint_id = $1 AND state <> 'pending'`,
    [id, daysAgo],
  );
}

test('what was settled leaves the log after its days, and what waits does not', async () => {
  await queue(newEvent('ann', 1));
  await queue(newEvent('bob', 1));
  await settleAll('dead', 31);
  await queue(newEvent('ann', 2));
  await pool.query(`UPDATE delivery SET created_at = now() - interval '90 days' WHERE endpoint_id = $1`, [id]);
  await removeOldDeliveries(pool, { logDays: 30 });
  expect(await log()).toMatchObject([{ ownerId: 'ann', revision: 2, state: 'pending' }]);
});

test('of what is settled an endpoint keeps so many, the newest', async () => {
  for (const revision of [1, 2, 3, 4, 5]) {
    await queue(newEvent('ann', revision));
    await settleAll('delivered', 0);
  }
  await removeOldDeliveries(pool, { logDays: 30, mostSettled: 2 });
  expect((await log()).map(({ revision }) => revision)).toEqual([5, 4]);
});

test('what a paused endpoint was not sent for so long is dead, and redriven when it is back', async () => {
  await queue(newEvent('ann', 1));
  await pauseEndpoint(pool, id);
  await pool.query(`UPDATE delivery SET created_at = now() - interval '31 days' WHERE endpoint_id = $1`, [id]);
  await removeOldDeliveries(pool, { logDays: 30 });
  expect(await log()).toMatchObject([{ state: 'dead', problem: 'PAUSED_TOO_LONG' }]);
  await resumeEndpoint(pool, id, DAY_MS);
  expect(await redriveDeliveries(pool, id, { retryForMs: DAY_MS })).toBe(1);
  expect(await due()).toMatchObject([{ ownerId: 'ann', revision: 1 }]);
});

test('of an owner the lowest revision alone is due, whichever was queued first, and each stream has its own', async () => {
  for (const revision of [3, 1, 2]) await queue(newEvent('ann', revision));
  await queue(newEvent('ann', 7, 'USER'));
  const found = (await due()).map(({ stream, revision }) => `${stream} ${revision}`);
  expect(found.sort()).toEqual(['FRIEND 1', 'USER 7']);
});

test('of what was taken the log keeps no content, of what is dead all of it', async () => {
  await queue(newEvent('ann', 1));
  await queue(newEvent('bob', 1));
  const [first, second] = await due();
  await settleDelivery(pool, String(first?.id), taken, { state: 'delivered' });
  await settleDelivery(pool, String(second?.id), { outcome: 'failed', tookMs: 1 }, { state: 'dead' });
  const { rows } = await pool.query('SELECT state, body FROM delivery WHERE endpoint_id = $1 ORDER BY state', [id]);
  expect(rows).toEqual([
    { state: 'dead', body: '{}' },
    { state: 'delivered', body: '' },
  ]);
});

test('an event is queued once, and what is settled is not settled again', async () => {
  const event = newEvent('ann', 1);
  await queue(event);
  await queue(event);
  const [only, ...more] = await due();
  expect(more).toEqual([]);
  if (!only) throw new Error('nothing is due');
  await settleDelivery(pool, only.id, taken, { state: 'delivered' });
  await settleDelivery(pool, only.id, { outcome: 'failed', problem: 'TIMEOUT', tookMs: 1 }, { state: 'dead' });
  expect(await log()).toMatchObject([{ state: 'delivered', attempts: 1, problem: null }]);
  expect(await redriveDeliveries(pool, id, { retryForMs: DAY_MS })).toBe(0);
});
