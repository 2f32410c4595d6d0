/** Anything that runs one SQL statement: a pg.Pool, a pg.PoolClient inside a transaction, or an adapter around an ORM's. */
export interface SqlConnection {
  query(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
}
