import pg from 'pg';

export interface Backup {
  /** Puts the database back as it was, while nobody can connect to it. The backup is gone then. */
  putBack(): Promise<void>;
}

function databaseOf(databaseUrl: string) {
  const database = decodeURIComponent(new URL(databaseUrl).pathname.slice(1));
  return {
    database,
    cut: `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${database}'`,
    async admin(...statements: string[]): Promise<void> {
      const url = new URL(databaseUrl);
      url.pathname = '/postgres';
      const client = new pg.Client({ connectionString: url.href });
      client.on('error', () => undefined);
      await client.connect();
      try {
        for (const statement of statements) await client.query(statement);
      } finally {
        await client.end();
      }
    },
  };
}

/** Ends all connections to a database; resolves when none of them is there any more. */
export async function cutConnections(databaseUrl: string): Promise<void> {
  const { admin, cut } = databaseOf(databaseUrl);
  await admin(cut);
}

/** Copies a database of a running server, whole and at one moment; whoever uses it is cut off for that moment. */
export async function backUpDatabase(databaseUrl: string): Promise<Backup> {
  const { database, admin, cut } = databaseOf(databaseUrl);
  const backup = `${database}_backup`;
  const closed = `ALTER DATABASE ${database} ALLOW_CONNECTIONS false`;
  const open = `ALTER DATABASE ${database} ALLOW_CONNECTIONS true`;
  await admin(closed, cut, `CREATE DATABASE ${backup} TEMPLATE ${database}`, open);
  return {
    // Who owns it, and who may connect, is the server's knowledge, and no part of a copy.
    async putBack() {
      const url = new URL(databaseUrl);
      url.pathname = '/postgres';
      const client = new pg.Client({ connectionString: url.href });
      await client.connect();
      const { rows } = await client
        .query('SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = $1', [database])
        .finally(() => client.end());
      await admin(
        `ALTER DATABASE ${backup} OWNER TO ${pg.escapeIdentifier(rows[0].owner)}`,
        `ALTER DATABASE ${backup} ALLOW_CONNECTIONS false`,
        closed,
        cut,
        `DROP DATABASE ${database} WITH (FORCE)`,
        `ALTER DATABASE ${backup} RENAME TO ${database}`,
        `REVOKE ALL ON DATABASE ${database} FROM PUBLIC`,
        open,
      );
    },
  };
}
