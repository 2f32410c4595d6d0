import pg from 'pg';

/** Tables and what is like them; not a sequence of a column, which follows its table, and not what an extension made. */
const RELATIONS = `
  SELECT format('ALTER TABLE %I.%I OWNER TO %I', n.nspname, c.relname, $1::text) AS statement
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
     AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
     AND pg_get_userbyid(c.relowner) <> $1
     AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                        AND (d.deptype = 'e' OR (c.relkind = 'S' AND d.deptype IN ('a', 'i'))))`;
const ROUTINES = `
  SELECT format('ALTER ROUTINE %s OWNER TO %I', p.oid::regprocedure, $1::text) AS statement
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
   WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND pg_get_userbyid(p.proowner) <> $1
     AND NOT EXISTS (SELECT 1 FROM pg_depend d
                      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')`;
const TYPES = `
  SELECT format('ALTER TYPE %I.%I OWNER TO %I', n.nspname, t.typname, $1::text) AS statement
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
   WHERE t.typtype IN ('e', 'd') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
     AND pg_get_userbyid(t.typowner) <> $1
     AND NOT EXISTS (SELECT 1 FROM pg_depend d
                      WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')`;
const SCHEMAS = `
  SELECT format('ALTER SCHEMA %I OWNER TO %I', nspname, $1::text) AS statement FROM pg_namespace
   WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' AND pg_get_userbyid(nspowner) <> $1`;

/**
 * Least privilege in Postgres: a database, with all that is in it, becomes that of one role, and nobody else but the
 * superuser may even connect. Made for every start: what migrations of the superuser added since is given over too, and
 * so is the whole of a database that an earlier version made.
 *
 * @param databaseUrl the superuser's
 */
export async function giveDatabaseToItsService(
  databaseUrl: string,
  { role, password }: { role: string; password: string },
): Promise<void> {
  const database = decodeURIComponent(new URL(databaseUrl).pathname.slice(1));
  const [to, of] = [pg.escapeIdentifier(role), pg.escapeIdentifier(database)];
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('BEGIN');
    const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
    if (rowCount === 0) await client.query(`CREATE ROLE ${to}`);
    await client.query(
      `ALTER ROLE ${to} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD ${pg.escapeLiteral(password)}`,
    );
    await client.query(`ALTER DATABASE ${of} OWNER TO ${to}`);
    await client.query(`REVOKE ALL ON DATABASE ${of} FROM PUBLIC`);
    for (const what of [SCHEMAS, RELATIONS, ROUTINES, TYPES]) {
      const { rows } = await client.query<{ statement: string }>(what, [role]);
      for (const { statement } of rows) await client.query(statement);
    }
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

const CREDENTIALS = /^([a-z+]+:\/\/)(?:[^/?#]*@)?/;

/** The same database, opened as another; also for a list of several servers, which is not a valid URL. */
export function asRole(databaseUrl: string, { role, password }: { role: string; password: string }): string {
  const [user, secret] = [encodeURIComponent(role), encodeURIComponent(password)];
  return databaseUrl.replace(CREDENTIALS, (_, scheme: string) => `${scheme}${user}:${secret}@`);
}

/** Who opens a database with this URL. */
export function roleIn(databaseUrl: string): { role: string; password: string } {
  const { username, password } = new URL(databaseUrl);
  return { role: decodeURIComponent(username), password: decodeURIComponent(password) };
}
