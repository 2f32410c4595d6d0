import { randomUUID } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@kith/local-servers';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { connectLiveClient } from '../testing/live-client.ts';
import { composeWithBoards, startBoards } from '../testing/start-boards.ts';
import { startNeighbours } from '../testing/start-neighbours.ts';
import { startTestGateway } from '../testing/start-test-gateway.ts';

const SOCKETS = 1_000;
const OWNERS = 50;
/** Each says who it is within five seconds, also on a busy machine. */
const AT_ONCE = 25;
const PATIENT = { withinMs: 120_000 };

const stops: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});
const around = await startNeighbours();
stops.push(around.stop);
const boards = await startBoards(around);
stops.push(boards.stop);
const folder = await mkdtemp(join(tmpdir(), 'kith-watchers-'));
stops.push(() => rm(folder, { recursive: true }));
const file = join(folder, 'subgraphs.json');
async function writeInOneStep(target: string, text: string): Promise<void> {
  await writeFile(`${target}.new`, text);
  await rename(`${target}.new`, target);
}
const ours = { gatewayKey: true, viewerToken: true };
const subgraphs = {
  user: { urls: around.userUrl, ...ours, signsTokens: true },
  friend: { urls: [around.friendUrl], ...ours },
};
await writeInOneStep(file, JSON.stringify({ subgraphs }));
const gateway = await startTestGateway(around, {
  env: { SUBGRAPHS_FILE: file, USER_URL: '', FRIEND_URL: '', SOCKETS_PER_USER: '1000', SOCKETS_PER_ADDRESS: '5000' },
});
stops.push(gateway.stop);

type Client = ReturnType<typeof connectLiveClient>;

/** So many clients, some at a time; `begin` resolves when one is served. */
async function crowd<Watcher>(
  count: number,
  begin: (at: number, client: (token: string) => Client) => Promise<Watcher>,
) {
  const watchers: Watcher[] = [];
  const clients: Client[] = [];
  onTestFinished(async () => {
    await Promise.all(clients.map((client) => client.stop()));
  });
  const connect = (token: string) => {
    const client = connectLiveClient(gateway.graphql, { authorization: `Bearer ${token}` });
    clients.push(client);
    return client;
  };
  for (let at = 0; at < count; at += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - at) }, (_, each) => begin(at + each, connect));
    watchers.push(...(await Promise.all(some)));
  }
  return { watchers, clients };
}

test(`a third service joins while ${SOCKETS} sockets watch: none is closed, given a snapshot, or misses a change`, {
  timeout: 600_000,
}, async () => {
  const owners = await Promise.all(
    Array.from({ length: OWNERS }, async () => {
      const id = randomUUID();
      return { id, token: await around.tokenOf(id) };
    }),
  );
  const { watchers, clients } = await crowd(SOCKETS, async (at, connect) => {
    const { id, token } = owners[at % OWNERS]!;
    const watching = connect(token).watch();
    await eventually('the snapshot', () => watching.changes.at(-1)?.complete, PATIENT);
    return { id, watching, snapshots: watching.changes.length };
  });
  let commits = 0;
  const commitAll = () => {
    commits += 1;
    for (const { id } of owners) around.commit(id, `change ${commits}`);
  };
  commitAll();
  const joined = { urls: boards.url, ...ours };
  await writeInOneStep(file, JSON.stringify({ subgraphs: { ...subgraphs, boards: joined } }));
  await writeInOneStep(gateway.supergraphFile, composeWithBoards());
  const reloading = gateway.reloadSupergraph();
  commitAll();
  await reloading;
  commitAll();

  await eventually(
    'every change at every socket',
    () => watchers.every(({ watching, snapshots }) => watching.changes.length >= snapshots + commits),
    PATIENT,
  );
  for (const { watching, snapshots } of watchers) {
    expect(watching.errors).toEqual([]);
    expect(watching.changes.slice(snapshots).map(({ __typename, revision }) => [__typename, revision])).toEqual(
      Array.from({ length: commits }, (_, at) => ['FriendChanged', at + 1]),
    );
  }
  expect(clients.flatMap(({ closes }) => closes)).toEqual([]);
  const asked = await fetch(gateway.graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ __type(name: "BoardDelta") { name } }' }),
  });
  expect(await asked.json()).toMatchObject({ data: { __type: { name: 'BoardDelta' } } });
});

test('one announcement for all who watch a shared list costs one parse, and one projection for each document', {
  timeout: 300_000,
}, async () => {
  const joined = { urls: boards.url, ...ours };
  await writeInOneStep(file, JSON.stringify({ subgraphs: { ...subgraphs, boards: joined } }));
  await writeInOneStep(gateway.supergraphFile, composeWithBoards());
  await gateway.reloadSupergraph();
  boards.join('wide', 'ann', 'bob');
  const tokens = [await around.tokenOf('ann'), await around.tokenOf('bob')];
  const documents = ['cursor revision', 'revision'].map(
    (place) => `subscription { boardChanged(boardId: "wide") { __typename
      ... on BoardSnapshot { complete } ... on TaskAdded { ${place} task { title } } } }`,
  );
  const { watchers } = await crowd(60, async (at, connect) => {
    // biome-ignore lint/suspicious/noExplicitAny: what is asked for above.
    const changes: any[] = [];
    connect(tokens[at % 2]!).client.subscribe(
      { query: documents[at % 3 === 0 ? 0 : 1]! },
      { next: ({ data }) => changes.push(data?.boardChanged), error: () => undefined, complete: () => undefined },
    );
    await eventually('the snapshot', () => changes.length === 1, PATIENT);
    return changes;
  });
  const before = await countedByTheGateway();
  const parse = vi.spyOn(JSON, 'parse');
  const stringify = vi.spyOn(JSON, 'stringify');
  onTestFinished(() => {
    parse.mockRestore();
    stringify.mockRestore();
  });
  boards.add('wide', 'told to all');
  await eventually('the task everywhere', () => watchers.every((changes) => changes.length === 2), PATIENT);
  expect(watchers.every((changes) => changes[1].task.title === 'told to all')).toBe(true);
  const parsed = parse.mock.calls.filter(([text]) => text.includes('"kind":"board"') && text.includes('told to all'));
  const projected = stringify.mock.calls.filter(([value]) => value?.data?.boardChanged?.task?.title === 'told to all');
  expect([parsed.length, projected.length]).toEqual([1, documents.length]);
  const after = await countedByTheGateway();
  expect(after.map((count, at) => count - before[at]!)).toEqual([1, documents.length]);
});

/** How many announcements it has parsed, and how many results it has made of announced changes. */
async function countedByTheGateway(): Promise<number[]> {
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  return ['kith_live_parsed_announcements_total', 'kith_live_projections_total'].map((name) =>
    Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics)?.[1]),
  );
}
