import pg from 'pg';

/** Makes an empty database of that name, unless it is there. */
export async function createDatabaseIfMissing(databaseUrl: string): Promise<void> {
  const client = openClient(databaseUrl);
  try {
    await client.connect();
    await client.end();
    return;
  } catch (error) {
    const INVALID_CATALOG_NAME = '3D000';
    if ((error as { code?: string }).code !== INVALID_CATALOG_NAME) throw error;
  }
  const server = new URL(databaseUrl);
  const database = decodeURIComponent(server.pathname.slice(1));
  server.pathname = '/postgres';
  const admin = openClient(server.href);
  await admin.connect();
  try {
    await admin.query(`CREATE DATABASE ${pg.escapeIdentifier(database)}`);
  } catch (error) {
    const DUPLICATE_DATABASE = '42P04';
    const UNIQUE_VIOLATION = '23505';
    // Another runner made it in the meantime.
    if (![DUPLICATE_DATABASE, UNIQUE_VIOLATION].includes((error as { code?: string }).code ?? '')) throw error;
  } finally {
    await admin.end();
  }
}

/** A connection that breaks fails the statement it is used for; unheard, its own error would end the process as well. */
function openClient(connectionString: string): pg.Client {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  return client;
}
