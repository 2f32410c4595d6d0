import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEventDatabase } from '../testing/create-event-database.ts';
import { inTransaction } from './in-transaction.ts';

let database: Awaited<ReturnType<typeof createEventDatabase>>;
beforeAll(async () => {
  database = await createEventDatabase();
});
afterAll(() => database.drop());

test('a connection is used again after a rollback', async () => {
  const pids = new Set<number>();
  for (let n = 0; n < 3; n += 1) {
    const failed = inTransaction(database.pool, async (sql) => {
      pids.add((await sql.query('SELECT pg_backend_pid() AS pid')).rows[0].pid);
      throw new Error('business rule');
    });
    await expect(failed).rejects.toThrow('business rule');
  }
  expect(pids.size).toBe(1);
});
