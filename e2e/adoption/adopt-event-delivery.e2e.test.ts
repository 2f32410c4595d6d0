import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { workspaceRoot } from '@kith/local';
import {
  type ChildServer,
  createDatabaseIfMissing,
  freePort,
  type PostgresServer,
  startNats,
  startPostgres,
} from '@kith/local-servers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findNode, pathOutside } from '../src/adoption/find-nodes.ts';
import { type Packed, packPackage } from '../src/adoption/pack-package.ts';
import { type Block, readPage } from '../src/adoption/read-page.ts';
import { type Desk, type as typed, typePage } from '../src/adoption/type-page.ts';

/** What is supported: the first that is installed on has it for all. */
const NODES = [20, 22, 24];
const BROKER = join(workspaceRoot, 'examples/in-memory-broker/src');

const isSql = (entry: string) => entry.endsWith('.sql');

let folder: string;
let postgres: PostgresServer;
const natsServers: ChildServer[] = [];
let packed: Packed;
let page: Block[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kith-adoption-'));
  await Promise.all([mkdir(join(folder, 'packed')), mkdir(join(folder, 'shop'))]);
  [postgres, packed] = await Promise.all([
    startPostgres({ dataFolder: join(folder, 'postgres'), durable: false }),
    packPackage('event-delivery', join(folder, 'packed')),
  ]);
  await cp(packed.tarball, join(folder, 'shop', basename(packed.tarball)));
  page = readPage(await readFile(join(workspaceRoot, 'docs/adopt-event-delivery.md'), 'utf8'));
});
afterAll(async () => {
  await Promise.all([postgres?.stop(), ...natsServers.map((nats) => nats.stop())]);
  await rm(folder, { recursive: true, force: true });
});

/** An empty folder, and a Node to work with. */
async function deskOn(node: number, name = 'shop'): Promise<Desk> {
  const path = [await findNode(node, join(folder, `node-${node}`)), pathOutside].join(delimiter);
  const env = { HOME: process.env.HOME, PATH: path, npm_config_prefer_offline: 'true' };
  return { folder: join(folder, name), env, instead: {} };
}

/** Servers of its own for each Node: what the page says is left is left. */
async function withServers(desk: Desk, node: number): Promise<Desk> {
  const databaseOf = async (name: string) => {
    const url = postgres.url(`${name}_${node}`);
    await createDatabaseIfMissing(url);
    return url;
  };
  const nats = await startNats();
  natsServers.push(nats);
  const servers = {
    NATS_URL: nats.url,
    ORDERS_DATABASE_URL: await databaseOf('orders'),
    INVENTORY_DATABASE_URL: await databaseOf('inventory'),
    EVENTS_DATABASE_URL: await databaseOf('events'),
    TEST_DATABASE_URL: await databaseOf('test'),
  };
  const instead = { 8081: String(await freePort()), 8082: String(await freePort()) };
  return { ...desk, env: { ...desk.env, ...servers }, instead };
}

test('the package has what its users need, and nothing else', () => {
  const others = packed.files.filter(
    (path) => !/^package\/(?:dist\/[\w/-]+\.(?:js|js\.map|d\.ts)|package\.json)$/.test(path),
  );
  const tables = packed.entries.filter(isSql).map((entry) => `package/dist/${basename(entry)}`);
  expect(tables).toContain('package/dist/event-tables.sql');
  expect(others.sort()).toEqual([
    'package/CHANGELOG.md',
    'package/LICENSE',
    'package/README.md',
    'package/dist/adopt-event-delivery.md',
    ...tables.sort(),
  ]);
  expect(packed.files.filter((path) => /\.test\.|\/faults\/|run-relay/.test(path))).toEqual([]);
  const { dependencies, peerDependencies, engines } = packed.manifest;
  expect(engines).toEqual({ node: '>=20' });
  expect(JSON.stringify({ dependencies, peerDependencies })).not.toMatch(/workspace:|catalog:|@kith|prometheus/);
});

// In this order: what the first installs the others use, as whoever upgrades Node would.
describe('the page of adoption, typed in an empty folder', () => {
  test.each(NODES)('works as it stands on Node %i, over NATS and in one process', async (node) => {
    const desk = await withServers(await deskOn(node), node);
    expect(await typed(desk, 'node -p "parseInt(process.versions.node)"')).toBe(String(node));
    const blocks = node === NODES[0] ? page : page.filter(({ section }) => section !== 'Install');
    expect(blocks.filter(({ kind }) => kind === 'answer').length).toBeGreaterThan(3);
    await typePage(blocks, desk);
  });

  test.each(NODES)('every entry can be imported on Node %i', async (node) => {
    const modules = packed.entries.filter((entry) => !isSql(entry));
    const script = `for (const entry of ${JSON.stringify(modules)}) {
      const names = Object.keys(await import(entry));
      if (names.length === 0) throw new Error(entry + ' is empty');
      console.log(entry);
    }`;
    const desk = await deskOn(node);
    await writeFile(join(desk.folder, 'import-all.mjs'), script);
    expect((await typed(desk, 'node import-all.mjs')).split('\n')).toEqual(modules);
  });

  test.each([
    ['nodenext', '--module nodenext'],
    ['bundler', '--module esnext --moduleResolution bundler'],
  ])('its types are whole and strict, with moduleResolution %s', async (_resolution, options) => {
    const desk = await deskOn(NODES[0]!);
    const imports = packed.entries
      .filter((entry) => !isSql(entry))
      .map((entry, at) => `export * as e${at} from '${entry}';`);
    await writeFile(join(desk.folder, 'src/import-all.ts'), imports.join('\n'));
    // Those of the libraries that it stands on are checked, too: nothing is left out by skipLibCheck.
    await typed(desk, `npx tsc --noEmit --strict --skipLibCheck false ${options}`);
    await writeFile(
      join(desk.folder, 'src/wrong.ts'),
      "import { orderPlaced } from './order-contracts.js';\nexport const wrong: typeof orderPlaced.data = { productId: 1 };",
    );
    await expect(typed(desk, `npx tsc --noEmit ${options}`)).rejects.toThrow(/wrong\.ts.*error TS2322|TS2739|TS2741/s);
    await rm(join(desk.folder, 'src/wrong.ts'));
  });

  test('metrics are in the registry of prom-client, on Node 20, under the prefix', async () => {
    const desk = await deskOn(20);
    await typed(desk, 'npm install prom-client');
    await writeFile(
      join(desk.folder, 'src/metrics.ts'),
      `import { deliverEvents, reportMetrics } from '@kith/event-delivery';
       import * as client from 'prom-client';
       reportMetrics(client, { prefix: 'shop' });
       console.log(typeof deliverEvents, await client.register.metrics());`,
    );
    const metrics = await typed(desk, 'npx tsc && node dist/metrics.js');
    expect(metrics).toContain('# TYPE shop_outbox_unpublished gauge');
    expect(metrics).toContain('# TYPE shop_outbox_republished_total counter');
    expect(metrics).toContain('# TYPE shop_consumer_handler_seconds histogram');
    expect(metrics).not.toContain('kith_');
  });

  test('a broker by somebody else is proven by the suites, on Node 20, by its own test runner', async () => {
    const desk = await deskOn(20, 'broker');
    await mkdir(join(desk.folder, 'src'), { recursive: true });
    await cp(BROKER, join(desk.folder, 'src'), { recursive: true, filter: (path) => !path.endsWith('.test.ts') });
    await writeFile(
      join(desk.folder, 'src/prove.test.ts'),
      `import { afterEach, beforeEach, describe, test } from 'node:test';
       import { collectLog, describeBrokerContract, describeConsumerContract } from '@kith/event-delivery/testing';
       import { expect } from 'expect';
       import { createInMemoryBus } from './in-memory-broker.ts';
       const { connect } = createInMemoryBus({ log: collectLog() });
       const runner = { describe, test, beforeEach, afterEach, expect };
       describeBrokerContract('mine', { connect }, runner);
       describeConsumerContract('mine', { connect }, runner);`,
    );
    await typed(
      desk,
      `npm init -y && npm pkg set type=module
       npm install '${packed.tarball}' pg zod expect typescript @types/node
       npx tsc --strict --target es2023 --module nodenext --types node --rewriteRelativeImportExtensions --rootDir src \
         --outDir dist src/*.ts`,
    );
    const report = await typed(desk, 'node --test --test-reporter tap dist/prove.test.js');
    expect(report).toMatch(/^# fail 0$/m);
    expect(Number(/^# pass (\d+)$/m.exec(report)?.[1])).toBeGreaterThan(40);
  });
});
