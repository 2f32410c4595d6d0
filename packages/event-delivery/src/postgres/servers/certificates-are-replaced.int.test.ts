import { chown, copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, type PostgresServer, startPostgres } from '@kith/local-servers';
import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { makeCertificates } from '../../testing/nats/make-certificates.ts';
import { poolOfServers } from './pool-of-servers.ts';

let files: Awaited<ReturnType<typeof makeCertificates>>;
let folder: string;
let server: PostgresServer;
beforeAll(async () => {
  files = await makeCertificates();
  folder = await mkdtemp(join(tmpdir(), 'kith-postgres-tls-'));
  server = await startPostgres({ dataFolder: join(folder, 'postgres'), durable: false });
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
  await files?.[Symbol.asyncDispose]();
});

async function asOperator(...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: server.url('postgres') });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

/** Postgres reads it anew when it is told to; sessions that are there go on. */
async function present(certificate: { certFile: string; keyFile: string }): Promise<void> {
  const data = join(folder, 'postgres');
  const { uid, gid } = await stat(data);
  for (const [from, to] of [
    [certificate.certFile, 'server.crt'],
    [certificate.keyFile, 'server.key'],
  ] as const) {
    await copyFile(from, join(data, to));
    await chown(join(data, to), uid, gid);
  }
  await asOperator("ALTER SYSTEM SET ssl = 'on'", 'SELECT pg_reload_conf()');
}

const text = (file: string) => readFile(file, 'utf8');

test.each(['any', 'read-write'])(
  'the server’s certificate and its authority are replaced while a pool is open, asked for %s: connections made afterwards use the new files',
  async (wanted) => {
    const [first, second] = [await files.authority(`first-${wanted}`), await files.authority(`second-${wanted}`)];
    const root = await files.write(`root-${wanted}.pem`, await text(first.file));
    await present(await files.sign(first, `server-1-${wanted}`));
    const url = `${server.url('postgres')}?target_session_attrs=${wanted}&sslmode=verify-full&sslrootcert=${root}`;
    const pool = new pg.Pool({ ...poolOfServers(url), max: 2 });
    pool.on('error', () => undefined);
    onTestFinished(() => pool.end());
    const isEncrypted = async () => {
      const { rows } = await pool.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
      return rows[0].ssl as boolean;
    };
    const cut = () =>
      asOperator(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
      );
    const isRefused = () =>
      isEncrypted().then(
        () => false,
        () => true,
      );
    await eventually('it is reached by TLS', isEncrypted);

    await present(await files.sign(first, `renewed-${wanted}`));
    await cut();
    await eventually('it is reached by a certificate of the same authority', isEncrypted);

    await writeFile(root, `${await text(first.file)}\n${await text(second.file)}`);
    await present(await files.sign(second, `server-2-${wanted}`));
    await cut();
    await eventually('it is reached by a certificate of the next authority', isEncrypted);

    await writeFile(root, await text(first.file));
    await cut();
    await eventually('it is not believed by the old authority alone', isRefused);

    // Being replaced: not there for a moment. Whoever waits for a connection is refused, and nothing ends.
    await writeFile(root, await text(second.file));
    const held = [await pool.connect(), await pool.connect()];
    for (const client of held) client.on('error', () => undefined);
    await rm(root);
    const waiting = isRefused();
    // A new connection is made for who waits, and by nobody's call.
    await cut();
    for (const client of held) client.release(true);
    expect(await waiting).toBe(true);
    expect(await isRefused()).toBe(true);
    expect(await Promise.all([isRefused(), isRefused(), isRefused(), isRefused()])).toEqual([true, true, true, true]);
    await writeFile(root, await text(second.file));
    await eventually('it is reached by the next authority alone', isEncrypted);
  },
);
