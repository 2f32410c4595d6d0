import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeProgram, workspaceRoot } from '@kith/local';
import { afterAll, beforeEach, expect, test } from 'vitest';

const HEAD = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.6", import: ["@key"])';
const PEOPLE = `${HEAD} type Query { me: Person } type Person @key(fields: "id") { id: ID! name: String! nick: String }`;
const SHOP = `${HEAD} type Query { shop: String }`;

const folder = await mkdtemp(join(tmpdir(), 'kith-supergraph-'));
const supergraph = join(folder, 'supergraph.graphql');
const subgraphs = join(folder, 'subgraphs.json');
/** A subgraph as it runs: it shows its schema to whoever has the key. */
let sdl = PEOPLE;
const server = createServer((request, response) => {
  request.resume();
  const isGateway = request.headers['x-kith-gateway-key'] === 'the key of the gateway';
  response.end(JSON.stringify(isGateway ? { data: { _service: { sdl } } } : { errors: [{ message: 'Who asks?' }] }));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const people = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  sdl = PEOPLE;
  await writeFile(subgraphs, JSON.stringify({ subgraphs: { people: { urls: people, gatewayKey: true } } }));
});

async function kith(...args: string[]) {
  const child = spawn(nodeProgram(), [join(workspaceRoot, 'operator/src/kith.ts'), 'supergraph', ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      ...{ KITH_DATA: folder, SUPERGRAPH_FILE: supergraph, SUBGRAPHS_FILE: subgraphs },
      GATEWAY_KEY: 'the key of the gateway',
    },
  });
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...JSON.parse(stdout) };
}

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

test('what runs is composed and published; what breaks its clients is refused, with their operations, unless forced', async () => {
  expect(await kith('publish')).toMatchObject({ code: 0, file: supergraph, changes: [] });
  const first = await readFile(supergraph, 'utf8');
  expect(first).toContain('nick: String');

  sdl = PEOPLE.replace('nick: String', 'age: Int');
  const operations = await file('operations.graphql', 'query Nick { me { nick } } query Name { me { name } }');
  const broken = [{ name: 'Nick', message: expect.stringContaining('nick') }];
  const checked = await kith('check', '--operations', operations);
  expect(checked).toMatchObject({ code: 1, breaks: true, broken });
  expect(checked.changes.map(({ level, path }: { level: string; path: string }) => [level, path])).toEqual([
    ['breaking', 'Person.nick'],
    ['safe', 'Person.age'],
  ]);
  const refused = await kith('publish', '--operations', operations);
  expect(refused).toMatchObject({ code: 1, error: { code: 'BREAKS_CLIENTS' }, broken });
  expect(refused.error.message).toContain('breaks the operation Nick');
  expect(await readFile(supergraph, 'utf8')).toBe(first);

  expect(await kith('publish', '--force')).toMatchObject({ code: 0 });
  expect(await readFile(supergraph, 'utf8')).not.toContain('nick');
  expect((await readdir(folder)).sort()).toEqual(['operations.graphql', 'subgraphs.json', 'supergraph.graphql']);
});

test('a schema from a file stands in for one that runs, or joins it; it is published once gateways know where it is', async () => {
  const shop = await file('shop.graphql', SHOP);
  const composed = await kith('compose', `shop=${shop}`);
  expect(composed).toMatchObject({ code: 0, subgraphs: ['people', 'shop'] });
  expect(composed.supergraph).toContain('shop: String');
  expect(await kith('publish', `shop=${shop}`)).toMatchObject({ code: 1, error: { code: 'UNKNOWN_SUBGRAPH' } });
  const known = { people: { urls: people, gatewayKey: true }, shop: { urls: 'http://127.0.0.1:1' } };
  await writeFile(subgraphs, JSON.stringify({ subgraphs: known }));
  expect(await kith('publish', `shop=${shop}`, '--force')).toMatchObject({ code: 0 });
  // Not given, it is asked; and it does not run.
  expect(await kith('check')).toMatchObject({ code: 1, error: { code: 'SUBGRAPH_SILENT' } });
  await rm(shop);
});

test('a file that holds no supergraph is compared with nothing, and replaced by force alone', async () => {
  await writeFile(supergraph, 'half a fi');
  expect(await kith('check')).toMatchObject({ code: 1, error: { code: 'NOT_COMPARABLE' } });
  expect(await kith('publish')).toMatchObject({ code: 1, error: { code: 'NOT_COMPARABLE' } });
  expect(await readFile(supergraph, 'utf8')).toBe('half a fi');
  expect(await kith('publish', '--force')).toMatchObject({ code: 0 });
  expect(await readFile(supergraph, 'utf8')).toContain('nick: String');
});

test('what does not compose is refused with codes, and so is a live list that cannot work', async () => {
  const live = `${HEAD} @link(url: "https://specs.kith.example/live/v1.0", import: ["@live"])
    directive @live(kind: String!, changes: String!, stands: String!, owner: String) on FIELD_DEFINITION
    type Query { x: Int } type C { cursor: String! revision: Int! }
    type Subscription { changed(after: String): C! @live(kind: "x", changes: "none", stands: "none") }`
    .replace('"@key"]', '"@key", "@composeDirective"]')
    .replace('directive @live', 'extend schema @composeDirective(name: "@live") directive @live');
  const wrong = await kith('compose', `live=${await file('live.graphql', live)}`);
  expect(wrong).toMatchObject({ code: 1, error: { code: 'NOT_COMPOSABLE' } });
  expect(wrong.problems.map(({ code }: { code: string }) => code)).toEqual([
    'LIVE_NO_SUCH_QUERY',
    'LIVE_NO_SUCH_QUERY',
  ]);
  const clash = await kith('compose', `a=${await file('a.graphql', PEOPLE.replace('name: String!', 'name: Int!'))}`);
  expect(clash.problems[0]).toEqual({
    code: expect.stringMatching(/^[A-Z_]+$/),
    message: expect.stringContaining('Query.me'),
  });
});

test.each([
  [['compose', 'people'], 2, 'USED_WRONGLY'],
  [['check', '--force'], 2, 'USED_WRONGLY'],
  [['compose', 'people=no-such-file.graphql'], 1, 'FAILED'],
  [['check', '--operations', 'no-such-file.graphql'], 1, 'FAILED'],
])('kith supergraph %j fails, and says so', async (args, code, said) => {
  expect(await kith(...args)).toMatchObject({ code, error: { code: said } });
});
