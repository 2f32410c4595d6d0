import pg from 'pg';
import { withClient } from './with-client.ts';

/**
 * Runs `work` in one transaction, begun with `begin`: committed when it resolves, rolled back when it rejects. Once
 * `signal` is aborted nothing of it is committed any more: its connection is cut, whatever `work` does then.
 */
export function inTransaction<Result>(
  pool: pg.Pool,
  work: (sql: pg.PoolClient) => Promise<Result>,
  begin = 'BEGIN',
  signal?: AbortSignal,
): Promise<Result> {
  return begunWith(pool, begin, work, signal);
}

async function begunWith<Result>(
  pool: pg.Pool,
  begin: string,
  work: (sql: pg.PoolClient, begun: unknown) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const transaction = async (client: pg.PoolClient) => {
    try {
      const result = await work(client, await client.query(begin));
      signal?.throwIfAborted();
      await client.query('COMMIT');
      return { result };
    } catch (error) {
      signal?.throwIfAborted();
      await client.query('ROLLBACK').catch(() => {
        throw error;
      });
      return { error };
    }
  };
  const outcome = await withClient(pool, (client) => unlessAborted(signal, () => transaction(client)));
  if ('error' in outcome) throw outcome.error;
  return outcome.result;
}

/** Rejects as soon as it is aborted: whoever lent `work` a connection then cuts it, and Postgres rolls back. */
async function unlessAborted<Result>(signal: AbortSignal | undefined, work: () => Promise<Result>): Promise<Result> {
  if (!signal) return work();
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * A consumer's handler whose effect is in Postgres: inbox and effect in one transaction, so a redelivered event does
 * nothing. Events that the effect produces belong into the same transaction (appendToOutbox). When the time of the
 * handler is up, nothing of the transaction is committed any more.
 */
export function handleOnce<Event extends { readonly id: string }>(
  pool: pg.Pool,
  consumer: string,
  effect: (event: Event, sql: pg.PoolClient, signal?: AbortSignal) => Promise<void>,
): (event: Event, signal?: AbortSignal) => Promise<void> {
  return (event, signal) =>
    begunWith(
      pool,
      beginOnce(consumer, event.id),
      async (sql, begun) => {
        const inserted = (begun as pg.QueryResult[]).at(-1);
        if (inserted?.rowCount === 1) await effect(event, sql, signal);
      },
      signal,
    );
}

/** `firstTime` in the round trip that begins the transaction. */
function beginOnce(consumer: string, eventId: string): string {
  const values = [consumer, eventId].map(pg.escapeLiteral).join(', ');
  return `BEGIN; INSERT INTO inbox (consumer, event_id) VALUES (${values}) ON CONFLICT DO NOTHING`;
}
