import type pg from 'pg';
import { firstTime } from './inbox.ts';

/** Runs `work` in one transaction: committed when it resolves, rolled back when it rejects. */
export async function inTransaction<Result>(
  pool: pg.Pool,
  work: (sql: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/**
 * A consumer's handler whose effect is in Postgres: inbox and effect in one transaction, so a redelivered event does
 * nothing. Events that the effect produces belong into the same transaction (appendToOutbox).
 */
export function handleOnce<Event extends { readonly id: string }>(
  pool: pg.Pool,
  consumer: string,
  effect: (event: Event, sql: pg.PoolClient) => Promise<void>,
): (event: Event) => Promise<void> {
  return (event) =>
    inTransaction(pool, async (sql) => {
      if (await firstTime(sql, consumer, event.id)) await effect(event, sql);
    });
}
