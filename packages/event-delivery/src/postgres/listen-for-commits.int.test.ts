import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, startPostgres } from '@kith/local-servers';
import { expect, test } from 'vitest';
import { collectLog } from '../contract-tests/collect-log.ts';
import { openPool } from '../testing/open-pool.ts';
import { listenForCommits } from './listen-for-commits.ts';

test('listens with the password of a pool that was given it apart from the address', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kith-listen-'));
  const server = await startPostgres({ dataFolder: join(folder, 'postgres'), password: 'secret', durable: false });
  const { hostname, port } = new URL(server.url('postgres'));
  const place = { host: hostname, port: Number(port), user: 'postgres', database: 'postgres' };
  const pool = openPool({ ...place, password: 'secret' });
  let woken = 0;
  const listener = listenForCommits(pool, 'outbox', () => (woken += 1), collectLog());
  try {
    await eventually('it listens', () => listener.listening());
    const before = woken;
    await pool.query('NOTIFY outbox');
    await eventually('it is woken', () => woken > before);
    expect(listener.listening()).toBe(true);
  } finally {
    await listener.stop();
    await pool.end();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
