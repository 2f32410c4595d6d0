import pg from 'pg';

/** One statement on a service's own database, as only a test may. */
// biome-ignore lint/suspicious/noExplicitAny: tests read what they asked for.
export async function query(databaseUrl: string, statement: string, values: unknown[] = []): Promise<any[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query(statement, values)).rows;
  } finally {
    await client.end();
  }
}
