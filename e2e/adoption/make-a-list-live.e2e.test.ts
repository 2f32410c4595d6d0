import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { workspaceRoot } from '@kith/local';
import {
  type ChildServer,
  createDatabaseIfMissing,
  type PostgresServer,
  startNats,
  startPostgres,
} from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findNode, pathOutside } from '../src/adoption/find-nodes.ts';
import { type Packed, packPackage } from '../src/adoption/pack-package.ts';
import { readPage } from '../src/adoption/read-page.ts';
import { type Desk, typePage } from '../src/adoption/type-page.ts';

let folder: string;
let postgres: PostgresServer;
let nats: ChildServer & { readonly url: string };
let packed: Packed[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kith-live-list-'));
  await Promise.all([mkdir(join(folder, 'packed')), mkdir(join(folder, 'music'))]);
  [postgres, nats] = await Promise.all([
    startPostgres({ dataFolder: join(folder, 'postgres'), durable: false }),
    startNats(),
  ]);
  packed = [];
  for (const name of ['event-delivery', 'live-list'] as const)
    packed.push(await packPackage(name, join(folder, 'packed')));
  for (const { tarball } of packed) await cp(tarball, join(folder, 'music', basename(tarball)));
});
afterAll(async () => {
  await Promise.all([postgres?.stop(), nats?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

test('the package has what its users need, and asks for nothing of this workspace but event delivery', () => {
  const { files, manifest } = packed[1]!;
  const others = files.filter((path) => !/^package\/(?:dist\/[\w/-]+\.(?:js|js\.map|d\.ts)|package\.json)$/.test(path));
  expect(others.sort()).toEqual([
    'package/CHANGELOG.md',
    'package/LICENSE',
    'package/README.md',
    'package/dist/live-list-tables.sql',
    'package/dist/make-a-list-live.md',
  ]);
  expect(files.filter((path) => /\.test\.|\/dist\/testing\//.test(path))).toEqual([]);
  const { dependencies, peerDependencies } = manifest;
  expect(peerDependencies).toMatchObject({ '@kith/event-delivery': '^0.1.0' });
  expect(JSON.stringify(dependencies)).not.toMatch(/workspace:|catalog:|@kith/);
});

test('the page, typed in an empty folder on Node 20, makes a list live', async () => {
  const url = postgres.url('playlists');
  await createDatabaseIfMissing(url);
  const path = [await findNode(20, join(folder, 'node-20')), pathOutside].join(delimiter);
  const env = { HOME: process.env.HOME, PATH: path, npm_config_prefer_offline: 'true' };
  const desk: Desk = {
    folder: join(folder, 'music'),
    env: { ...env, NATS_URL: nats.url, PLAYLISTS_DATABASE_URL: url },
    instead: {},
  };
  const blocks = readPage(await readFile(join(workspaceRoot, 'docs/make-a-list-live.md'), 'utf8'));
  expect(blocks.filter(({ kind }) => kind === 'answer')).toHaveLength(1);
  await typePage(blocks, desk);
});
