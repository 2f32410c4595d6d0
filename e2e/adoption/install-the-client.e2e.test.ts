import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, delimiter, extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createKithClient, type KithClient } from '@kith/client';
import { workspaceRoot } from '@kith/local';
import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findNode, pathOutside } from '../src/adoption/find-nodes.ts';
import { type Packed, packPackage } from '../src/adoption/pack-package.ts';
import { type Block, readPage } from '../src/adoption/read-page.ts';
import { type Desk, type as typed, typePage } from '../src/adoption/type-page.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';
import { openBrowser } from '../src/web/open-browser.ts';

/** What is supported: the first that is installed on has it for all. */
const NODES = [20, 22, 24];
const LIMIT_BYTES = 12 * 1024;

let folder: string;
let system: SystemForTest;
let packed: Packed;
let page: Block[];
let ben: KithClient;

interface Change {
  readonly revision: number;
}
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kith-client-'));
  await Promise.all([mkdir(join(folder, 'packed')), mkdir(join(folder, 'app'))]);
  [system, packed] = await Promise.all([
    startSystemForTest({ gateways: 1 }),
    packPackage('client', join(folder, 'packed')),
  ]);
  await cp(packed.tarball, join(folder, 'app', basename(packed.tarball)));
  page = readPage(await readFile(join(workspaceRoot, 'packages/client/README.md'), 'utf8'));
  await befriendMrHi();
});
afterAll(async () => {
  ben?.stop();
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Those of the demonstration that the page names. */
async function befriendMrHi(): Promise<void> {
  const clients = [
    { username: 'mr_hi', nickname: 'Mr. Hi' },
    { username: 'ben', nickname: 'Ben' },
  ].map(async (person) => {
    const client = createKithClient({ url: `${system.gatewayUrls[0]}/graphql` });
    await client.session.signUp({ ...person, password: 'karate-club' });
    return client;
  });
  const [hi, friend] = await Promise.all(clients);
  ben = friend!;
  const ask = 'mutation ($id: ID!) { addFriend(input: { userId: $id }) { listCursor } }';
  await hi!.request(ask, { id: ben.session.getSnapshot()!.user.id });
  await ben.request(ask, { id: hi!.session.getSnapshot()!.user.id });
  hi!.stop();
}

async function deskOn(node: number): Promise<Desk> {
  const path = [await findNode(node, join(folder, `node-${node}`)), pathOutside].join(delimiter);
  const env = { HOME: process.env.HOME, PATH: path, npm_config_prefer_offline: 'true' };
  return { folder: join(folder, 'app'), env, instead: { 'http://127.0.0.1:4000': system.gatewayUrls[0]! } };
}

test('the package has what its users need, and asks for nothing of this workspace', () => {
  const others = packed.files.filter(
    (path) => !/^package\/(?:dist\/[\w/-]+\.(?:js|js\.map|d\.ts)|package\.json)$/.test(path),
  );
  expect(others.sort()).toEqual(['package/CHANGELOG.md', 'package/LICENSE', 'package/README.md']);
  expect(packed.files.filter((path) => /\.test\.|\/testing\//.test(path))).toEqual([]);
  const { dependencies, peerDependencies, engines } = packed.manifest;
  expect({ dependencies, peerDependencies, engines }).toEqual({
    dependencies: { 'graphql-ws': expect.stringMatching(/^\d/) },
    peerDependencies: { '@apollo/client': '^4.0.0', react: '>=18', rxjs: '^7.3.0' },
    engines: { node: '>=20' },
  });
});

// In this order: what the first installs the others use, as whoever upgrades Node would.
describe('the README, typed in an empty folder', () => {
  test.each(NODES)('works as it stands on Node %i, and the process ends by itself', async (node) => {
    const desk = await deskOn(node);
    expect(await typed(desk, 'node -p "parseInt(process.versions.node)"')).toBe(String(node));
    const blocks = node === NODES[0] ? page : page.filter(({ section }) => section !== 'Install');
    expect(blocks.filter(({ kind }) => kind === 'answer')).toHaveLength(1);
    await typePage(blocks, desk);
  });

  test.each(NODES)('every entry can be imported on Node %i, and touches nothing', async (node) => {
    const desk = await deskOn(node);
    await typed(desk, 'test -d node_modules/react-dom || npm install react react-dom');
    await writeFile(
      join(desk.folder, 'import-all.js'),
      `for (const entry of ${JSON.stringify(packed.entries)}) {
        const before = Object.getOwnPropertyNames(globalThis).join();
        const names = Object.keys(await import(entry));
        if (names.length === 0) throw new Error(entry + ' is empty');
        console.log(entry);
        // What Apollo's helpers do there is Apollo's.
        const changed = Object.getOwnPropertyNames(globalThis).join() !== before;
        if (changed && !entry.endsWith('/apollo')) throw new Error(entry + ' changes globals');
      }`,
    );
    expect((await typed(desk, 'node import-all.js')).split('\n')).toEqual(packed.entries);
  });

  test.each([
    ['nodenext', '--module nodenext', 'es2022'],
    ['bundler', '--module esnext --moduleResolution bundler', 'es2022'],
    ['bundler and the DOM', '--module esnext --moduleResolution bundler', 'es2022,dom,dom.iterable'],
  ])('its types are whole and strict, with moduleResolution %s', async (_resolution, options, lib) => {
    const desk = await deskOn(NODES[0]!);
    await typed(
      desk,
      'test -d node_modules/typescript || npm install --save-dev typescript vite @types/node@20 @types/react @types/react-dom',
    );
    const strict = `--noEmit --strict --exactOptionalPropertyTypes --skipLibCheck false --types node --lib ${lib}`;
    // Apollo's own types are neither without the DOM nor strict enough for this.
    const own = packed.entries.filter((entry) => !entry.endsWith('/apollo'));
    const imports = own.map((entry, at) => `export * as e${at} from '${entry}';`);
    await writeFile(join(desk.folder, 'import-all.ts'), imports.join('\n'));
    await typed(desk, `npx tsc ${strict} ${options} import-all.ts`);
    await writeFile(
      join(desk.folder, 'link.ts'),
      `import { ApolloLink, type ApolloLink as Link } from '@apollo/client';
      import { resumeLiveLists } from '@kith/client/apollo';
      export const link: Link = ApolloLink.from([resumeLiveLists()]);
      // @ts-expect-error: a link is no number.
      export const wrong: number = resumeLiveLists();`,
    );
    await typed(desk, `npx tsc --noEmit --strict --skipLibCheck --types node --lib es2022,dom ${options} link.ts`);
    await writeFile(
      join(desk.folder, 'wrong.ts'),
      "import { createKithClient, type KithClient } from '@kith/client';\ncreateKithClient({ url: 'x' }).friends.update('u', { pinned: 1 });",
    );
    await expect(typed(desk, `npx tsc ${strict} ${options} wrong.ts`)).rejects.toThrow(/wrong\.ts.*error TS2322/s);
  });

  test('is drawn alike on a server and by a page that wakes up, whatever is known by then', async () => {
    const desk = await deskOn(NODES[0]!);
    await typed(
      desk,
      `npx tsc --strict --jsx react-jsx --target es2022 --module nodenext --lib es2022,dom --types react,node \
         --outDir out page.ts friends.tsx`,
    );
    await writeFile(
      join(desk.folder, 'render.js'),
      `import { createElement } from 'react';
      import { renderToString } from 'react-dom/server';
      import { Friends } from './out/friends.js';
      console.log(renderToString(createElement(Friends)));
      // By then the store has been read: nobody is signed in.
      await new Promise((resolve) => setTimeout(resolve));
      console.log(renderToString(createElement(Friends)));`,
    );
    expect(await typed(desk, 'node render.js')).toBe('<ul></ul>\n<ul></ul>');
    const entry = join(desk.folder, 'node_modules/@kith/client/dist/react.js');
    expect(await readFile(entry, 'utf8')).toMatch(/^["']use client["'];/);
  });

  test('Apollo Client goes on from the last cursor after the gateway was killed, and no change is missed', async () => {
    const { folder: cwd, env } = await deskOn(NODES.at(-1)!);
    const child = spawn('node', ['apollo.js'], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    const changes = () =>
      said
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Change);
    const rename = (nickname: string) =>
      ben.request('mutation ($nickname: String!) { updateProfile(input: { nickname: $nickname }) { user { id } } }', {
        nickname,
      });
    try {
      await eventually('the list has come', () => changes().length === 1);
      await rename('Benny');
      await eventually('the change has come', () => changes().length === 2);
      await system.gateways[0]!.kill();
      await system.gateways[0]!.start();
      for (const nickname of ['Benjamin', 'Ben']) await rename(nickname);
      await eventually('both changes have come', () => changes().length === 4);
    } finally {
      child.kill();
    }
    const [{ revision }] = changes() as [Change];
    expect(changes()).toMatchObject([
      { __typename: 'FriendListSnapshot', complete: true, friends: [{ user: { nickname: 'Ben' } }] },
      ...['Benny', 'Benjamin', 'Ben'].map((nickname, at) => ({
        ...{ __typename: 'FriendChanged', revision: revision + 1 + at, friend: { user: { nickname } } },
      })),
    ]);
  });

  test('is a page of at most 12 KB, gzipped, built by Vite, and shows the list in Chromium', async () => {
    const desk = await deskOn(NODES[0]!);
    const html = '<!doctype html><title>Friends</title><body><script type="module" src="/page.ts"></script>';
    await writeFile(join(desk.folder, 'index.html'), html);
    await typed(desk, 'npx vite build --logLevel error');
    const built = join(desk.folder, 'dist');
    const scripts = (await readdir(join(built, 'assets'))).filter((name) => name.endsWith('.js'));
    const texts = await Promise.all(scripts.map((name) => readFile(join(built, 'assets', name))));
    expect(texts.reduce((bytes, text) => bytes + gzipSync(text).length, 0)).toBeLessThanOrEqual(LIMIT_BYTES);
    expect(Buffer.concat(texts).toString()).toContain('graphql-transport-ws');

    const { server, url } = await serve(built);
    const { browser, stop } = await openBrowser();
    try {
      const tab = await browser.newPage();
      await tab.goto(url);
      await tab.getByText('live: my first student').waitFor({ timeout: 60_000 });
      expect(await tab.evaluate('Object.keys(localStorage)')).toContain('kith.session');
    } finally {
      await stop();
      server.close();
    }
  });
});

async function serve(built: string): Promise<{ server: Server; url: string }> {
  const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };
  const server = createServer(async ({ url = '/' }, response) => {
    const path = url === '/' ? '/index.html' : url;
    const text = await readFile(join(built, path)).catch(() => undefined);
    response.writeHead(text ? 200 : 404, { 'content-type': types[extname(path)] ?? 'text/plain' });
    response.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}
