import type pg from 'pg';

/** pg-pool's `verify`: a new connection that fails it is not handed out. The types do not know it. */
export function lookAtEachConnection(pool: pg.Pool, look: (sql: pg.PoolClient) => Promise<void>): void {
  const options = (pool as unknown as { options: { verify?: unknown } }).options;
  options.verify = (client: pg.PoolClient, done: (error?: Error) => void) => {
    look(client).then(() => done(), done);
  };
}
