import { existsSync } from 'node:fs';
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChildServer } from '@kith/local-servers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeDemonstration } from '../seed/seed-demonstration.ts';
import { claimDataFolder } from './claim-data-folder.ts';
import { keepSecrets } from './keep-secrets.ts';

let around: string;
let kithData: string;
let umask: number;
beforeEach(async () => {
  // The umask of the user may let others read new files.
  umask = process.umask(0);
  around = await mkdtemp(join(tmpdir(), 'kith-owner-'));
  kithData = join(around, 'data');
});
afterEach(async () => {
  process.umask(umask);
  await rm(around, { recursive: true, force: true });
});

const modeOf = async (path: string) => (await lstat(path)).mode & 0o777;

async function openToOthers(): Promise<string[]> {
  const found: string[] = [];
  for (const name of ['', ...(await readdir(kithData, { recursive: true }))]) {
    if (((await modeOf(join(kithData, name))) & 0o077) !== 0) found.push(name);
  }
  return found;
}

test('what is made in a new data folder is for its owner alone, whatever the umask', async () => {
  const claimed = await claimDataFolder(kithData);
  await claimed.record({ operatorKey: 'a secret' });
  await keepSecrets(kithData);
  await describeDemonstration(kithData);
  const data = join(kithData, 'nats');
  const script = `mkdir -p ${data}/streams && echo said && echo message > ${data}/streams/1 && exec sleep 60`;
  const server = await runChildServer({
    name: 'a server',
    command: 'sh',
    args: ['-c', script],
    logFile: join(kithData, 'logs', 'server.log'),
    isReady: async () => existsSync(join(data, 'streams', '1')),
  });
  await server.stop();
  expect((await readdir(kithData)).sort()).toEqual([
    'demonstration.json',
    'logs',
    'nats',
    'secrets.json',
    'system.json',
  ]);
  expect(await readFile(join(kithData, 'logs', 'server.log'), 'utf8')).toBe('said\n');
  expect(await openToOthers()).toEqual([]);
  await claimed.release();
});

/** As an earlier version, or somebody else, made it. */
async function put(name: string, mode: number): Promise<void> {
  const path = join(kithData, name);
  await mkdir(join(path, '..'), { recursive: true, mode: 0o755 });
  await writeFile(path, 'x');
  await chmod(path, mode);
}

test('what an earlier version left open is closed at the next start, however deep', async () => {
  await put('secrets.json', 0o644);
  await put('logs/user.log', 0o666);
  await put('nats/jetstream/streams/1', 0o640);
  await (await claimDataFolder(kithData)).release();
  expect(await openToOthers()).toEqual([]);
  expect(await modeOf(join(kithData, 'secrets.json'))).toBe(0o600);
});

test('what is not ours keeps its rights: others’ files, a folder that holds them, Postgres, and what links lead to', async () => {
  await put('notes.txt', 0o644);
  await put('postgres/PG_VERSION', 0o644);
  await put('logs/user.log', 0o644);
  const elsewhere = join(around, 'elsewhere');
  await writeFile(elsewhere, 'x');
  await chmod(elsewhere, 0o644);
  await symlink(elsewhere, join(kithData, 'logs', 'linked'));
  await (await claimDataFolder(kithData)).release();
  const modes = await Promise.all(['', 'notes.txt', 'postgres/PG_VERSION'].map((name) => modeOf(join(kithData, name))));
  expect(modes).toEqual([0o755, 0o644, 0o644]);
  expect([await modeOf(elsewhere), await modeOf(join(kithData, 'logs', 'user.log'))]).toEqual([0o644, 0o600]);
});
