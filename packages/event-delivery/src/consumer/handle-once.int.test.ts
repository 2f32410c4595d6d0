import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isOutage } from '../failures/outage.ts';
import { createEventDatabase } from '../testing/create-event-database.ts';
import { handleOnce } from './handle-once.ts';

let database: Awaited<ReturnType<typeof createEventDatabase>>;
beforeAll(async () => {
  database = await createEventDatabase();
  await database.pool.query('CREATE TABLE effect (event_id uuid)');
});
afterAll(() => database.drop());

const effects = async (eventId: string) =>
  (await database.pool.query('SELECT FROM effect WHERE event_id = $1', [eventId])).rowCount;

test('an event has its effect once, also when the first try failed', async () => {
  const event = { id: randomUUID() };
  let fails = true;
  const handle = handleOnce<typeof event>(database.pool, "a consumer's", async ({ id }, sql) => {
    await sql.query('INSERT INTO effect VALUES ($1)', [id]);
    if (fails) throw new Error('business rule');
  });
  await expect(handle(event)).rejects.toThrow('business rule');
  expect(await effects(event.id)).toBe(0);
  fails = false;
  for (let n = 0; n < 3; n += 1) await handle(event);
  expect(await effects(event.id)).toBe(1);
});

test('a connection that is lost between two statements fails the handler, and not the process', async () => {
  const event = { id: randomUUID() };
  let cuts = true;
  const handle = handleOnce<typeof event>(database.pool, 'another', async ({ id }, sql) => {
    const { rows } = await sql.query('SELECT pg_backend_pid() AS pid');
    if (cuts) {
      const lost = new Promise((resolve) => sql.once('end', resolve));
      await database.pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
      await lost;
    }
    await sql.query('INSERT INTO effect VALUES ($1)', [id]);
  });
  const failure = await handle(event).catch((error: Error) => error);
  expect([failure, isOutage(failure)]).toEqual([expect.any(Error), true]);
  cuts = false;
  await handle(event);
  expect(await effects(event.id)).toBe(1);
});

test('what a handler does after its time is up is not committed, and the retry has its effect once', async () => {
  const event = { id: randomUUID() };
  const timeIsUp = new AbortController();
  let goOn = (): void => undefined;
  const late = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let endOfTheLateOne: Promise<unknown> | undefined;
  const handle = handleOnce<typeof event>(database.pool, 'late', ({ id }, sql, signal) => {
    const effect = (async () => {
      await sql.query('INSERT INTO effect VALUES ($1)', [id]);
      if (!signal) return;
      timeIsUp.abort(new Error('time is up'));
      await late;
      await sql.query('INSERT INTO effect VALUES ($1)', [id]);
      await sql.query('COMMIT');
    })();
    if (signal) endOfTheLateOne = effect.catch((error) => error);
    return effect;
  });
  await expect(handle(event, timeIsUp.signal)).rejects.toThrow('time is up');
  goOn();
  expect(await endOfTheLateOne).toBeInstanceOf(Error);
  expect(await effects(event.id)).toBe(0);
  await handle(event);
  expect(await effects(event.id)).toBe(1);
});
