import pg from 'pg';
import { withClient } from './with-client.ts';

/** Runs `work` in one transaction, begun with `begin`: committed when it resolves, rolled back when it rejects. */
export function inTransaction<Result>(
  pool: pg.Pool,
  work: (sql: pg.PoolClient) => Promise<Result>,
  begin = 'BEGIN',
): Promise<Result> {
  return begunWith(pool, begin, work);
}

async function begunWith<Result>(
  pool: pg.Pool,
  begin: string,
  work: (sql: pg.PoolClient, begun: unknown) => Promise<Result>,
): Promise<Result> {
  const outcome = await withClient(pool, async (client) => {
    try {
      const result = await work(client, await client.query(begin));
      await client.query('COMMIT');
      return { result };
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {
        throw error;
      });
      return { error };
    }
  });
  if ('error' in outcome) throw outcome.error;
  return outcome.result;
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
    begunWith(pool, beginOnce(consumer, event.id), async (sql, begun) => {
      const inserted = (begun as pg.QueryResult[]).at(-1);
      if (inserted?.rowCount === 1) await effect(event, sql);
    });
}

/** `firstTime` in the round trip that begins the transaction. */
function beginOnce(consumer: string, eventId: string): string {
  const values = [consumer, eventId].map(pg.escapeLiteral).join(', ');
  return `BEGIN; INSERT INTO inbox (consumer, event_id) VALUES (${values}) ON CONFLICT DO NOTHING`;
}
