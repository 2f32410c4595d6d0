import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { expect, test } from 'vitest';
import { looksUpEvents } from './look-up-events.ts';

type Asked = { values: [string[]] };

/** An outbox with one event, and the queries that it is asked, each answered when `answer` is called. */
function outboxWith(known: string) {
  const asked: string[][] = [];
  const waiting: (() => void)[] = [];
  const query = async ({ values: [eventIds] }: Asked) => {
    asked.push(eventIds);
    await new Promise<void>((resolve) => waiting.push(resolve));
    return { rows: eventIds.filter((id) => id === known).map((event_id) => ({ event_id })) };
  };
  const answer = () => waiting.shift()?.();
  return { pool: { query } as unknown as pg.Pool, asked, answer };
}

const soon = () => new Promise((resolve) => setImmediate(resolve));

test('of many events at once the outbox is asked in one query, and in one more for those that came meanwhile', async () => {
  const known = randomUUID();
  const { pool, asked, answer } = outboxWith(known);
  const isKnown = looksUpEvents(pool);
  const first = Array.from({ length: 50 }, (_, n) => isKnown(n === 7 ? known : randomUUID()));
  await soon();
  const then = [isKnown(known)];
  await soon();
  then.push(isKnown(known), isKnown(randomUUID()));
  await soon();
  expect(asked.map((eventIds) => eventIds.length)).toEqual([50]);
  answer();
  expect((await Promise.all(first)).flatMap((isIt, n) => (isIt ? [n] : []))).toEqual([7]);
  await soon();
  answer();
  expect(await Promise.all(then)).toEqual([true, true, false]);
  expect(asked.map((eventIds) => eventIds.length)).toEqual([50, 3]);
});

test('a query that fails fails those who asked, and nobody after them', async () => {
  let isAway = true;
  const query = async () => {
    if (isAway) throw new Error('Postgres is away');
    return { rows: [] };
  };
  const isKnown = looksUpEvents({ query } as unknown as pg.Pool);
  const asked = await Promise.allSettled([isKnown(randomUUID()), isKnown(randomUUID())]);
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  isAway = false;
  expect(await isKnown(randomUUID())).toBe(false);
});
