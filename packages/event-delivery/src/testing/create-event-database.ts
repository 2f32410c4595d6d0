import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { inject } from 'vitest';
import { openPool } from './open-pool.ts';

/**
 * A database with nothing in it but the tables of event-tables.sql, or these, on the test run's private Postgres. `sessions`
 * are of our own, even if the run goes through a pooler.
 */
export async function createEventDatabase(
  tables?: string,
): Promise<{ url: string; pool: pg.Pool; sessions: pg.Pool; drop(): Promise<void> }> {
  const server = inject('postgresUrl');
  const name = `test_events_${randomBytes(6).toString('hex')}`;
  await once(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  await once(url.href, tables ?? (await readFile(new URL('../event-tables.sql', import.meta.url), 'utf8')));
  const sessions = openPool({ connectionString: url.href, max: 10 });
  url.port = String(inject('poolerPort') ?? url.port);
  const pool = inject('poolerPort') === null ? sessions : openPool({ connectionString: url.href, max: 10 });
  return {
    url: url.href,
    pool,
    sessions,
    async drop() {
      await Promise.all([...new Set([pool, sessions])].map((each) => each.end()));
      await once(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

async function once(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
