import { randomUUID } from 'node:crypto';
import { eventually } from '@kith/local-servers';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { counted } from '../contract-tests/shop-events.ts';
import { createEventDatabase } from '../testing/create-event-database.ts';
import { appendedAs, appending, OUTBOX_CHANNEL, wakeTogether } from './append-to-outbox.ts';
import { draftEvent } from './draft-event.ts';

let database: Awaited<ReturnType<typeof createEventDatabase>>;
let listener: pg.Client;
/** How many events a relay would have found, each time it was woken. */
let found: number[];
let looking: Promise<void>;

beforeEach(async () => {
  database = await createEventDatabase();
  // A session of its own: behind a pooler nobody hears of what others commit.
  listener = new pg.Client({ connectionString: database.sessions.options.connectionString });
  await listener.connect();
  found = [];
  looking = Promise.resolve();
  listener.on('notification', () => {
    looking = looking.then(async () => {
      const { rows } = await listener.query('SELECT count(*)::int AS events FROM outbox');
      found.push(rows[0].events);
    });
  });
  await listener.query(`LISTEN ${OUTBOX_CHANNEL}`);
});
afterEach(async () => {
  // A look that is still on its way when its connection ends would fail after the test.
  await listener.query('UNLISTEN *');
  await looking;
  await listener.end();
  await database.drop();
});

const eventOf = (ownerId: string) =>
  draftEvent(counted, { eventId: randomUUID(), ownerId, revision: 1, occurredAt: new Date(), data: { n: 1 } });

function append(wakes: boolean, onlyIf = true): Promise<unknown> {
  const text = `WITH ${appendedAs(2, { onlyIf: '$1::boolean', wakes })}
    SELECT (SELECT count(*) FROM appended) ${wakes ? ', (SELECT count(*) FROM relays_woken)' : ''}`;
  return appending([eventOf(randomUUID())], (values) => database.pool.query(text, [onlyIf, ...values]));
}

test('of statements in hand together only the first wakes the relays, and all of them are heard of in the end', async () => {
  const inHandTogether = wakeTogether(database.pool);
  const wokeThemselves: boolean[] = [];
  await Promise.all(
    Array.from({ length: 20 }, () =>
      inHandTogether((wakes) => {
        wokeThemselves.push(wakes);
        return append(wakes);
      }),
    ),
  );
  expect(wokeThemselves).toEqual([true, ...Array(19).fill(false)]);
  await eventually('a relay that was woken finds them all', () => found.at(-1) === 20);
  expect(found.length).toBeLessThan(20);
});

test('who appends alone wakes the relays in the same statement', async () => {
  const inHandTogether = wakeTogether({ query: () => Promise.reject(new Error('There is nothing left to tell.')) });
  for (let count = 1; count <= 3; count += 1) {
    await inHandTogether(append);
    await eventually('it was heard of', () => found.at(-1) === count);
  }
});

test('a failure beside it takes nobody’s wake away', async () => {
  const inHandTogether = wakeTogether(database.pool);
  const failed = inHandTogether(() => Promise.reject(new Error('It broke.')));
  const appended = inHandTogether(append);
  await expect(failed).rejects.toThrow('It broke.');
  await appended;
  await eventually('it was heard of', () => found.at(-1) === 1);
});

test('where the condition does not hold nothing is appended and nobody woken', async () => {
  await append(true, false);
  await append(true);
  await eventually('the other one was heard of', () => found.length > 0);
  expect(found).toEqual([1]);
});
