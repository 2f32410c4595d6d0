/** Anything that runs one SQL statement: a pg.Pool, a pg.PoolClient inside a transaction, or an adapter around an ORM's. */
export interface SqlConnection {
  /** @typeParam Row the columns that the statement answers: the caller's word for it, as in `pg`. */
  query<Row extends object = Record<string, unknown>>(text: string, values?: unknown[]): Promise<{ rows: Row[] }>;
}
