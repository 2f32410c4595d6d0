import type pg from 'pg';
import { lostToOthers } from '../failures/outage.ts';
import { preparing } from './prepare-statements.ts';
import type { SqlConnection } from './sql-connection.ts';
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

/** As inTransaction. `begin` is BEGIN unless told. */
export type InTransaction = <Result>(
  pool: pg.Pool,
  work: (sql: SqlConnection) => Promise<Result>,
  begin?: string,
  signal?: AbortSignal,
) => Promise<Result>;

/**
 * Transactions of a service that wants them all alike: statements are prepared once a connection, `settings` are said
 * behind each BEGIN, and who lost to others (serialization failure, deadlock) tries again, `maxTries` times in all; so
 * `work` may run more than once.
 */
export function transactionsWith({ settings, maxTries }: { settings: string; maxTries: number }): InTransaction {
  return async (pool, work, begin = 'BEGIN', signal) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await inTransaction(pool, (client) => work(preparing(client)), `${begin}; ${settings}`, signal);
      } catch (error) {
        if (attempt >= maxTries || !lostToOthers(error)) throw error;
      }
    }
  };
}

/** The same, with what Postgres answered to `begin`: one that says more than BEGIN answers in a list. */
export async function begunWith<Result>(
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

/** Rejects as soon as it is aborted: the lender of the connection then cuts it, and Postgres rolls back. */
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
