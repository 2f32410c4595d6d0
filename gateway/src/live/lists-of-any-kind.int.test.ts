import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@kith/local-servers';
import { afterAll, expect, test } from 'vitest';
import { connectLiveClient } from '../testing/live-client.ts';
import { composeWithBoards, startBoards } from '../testing/start-boards.ts';
import { startNeighbours } from '../testing/start-neighbours.ts';
import { startTestGateway } from '../testing/start-test-gateway.ts';

const stops: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});
const around = await startNeighbours();
stops.push(around.stop);
const folder = await mkdtemp(join(tmpdir(), 'kith-boards-'));
stops.push(() => rm(folder, { recursive: true }));
const boards = await startBoards(around);
stops.push(boards.stop);

const ours = { gatewayKey: true, viewerToken: true };
const subgraphs = {
  user: { urls: around.userUrl, ...ours, signsTokens: true },
  friend: { urls: [around.friendUrl], ...ours },
};
const withBoards = {
  ...subgraphs,
  boards: { urls: boards.url, ...ours, headers: { 'x-tenant': 'kith' }, forwardHeaders: ['x-locale'] },
};
const file = join(folder, 'subgraphs.json');
async function writeInOneStep(target: string, text: string): Promise<void> {
  await writeFile(`${target}.new`, text);
  await rename(`${target}.new`, target);
}
await writeInOneStep(file, JSON.stringify({ subgraphs }));
const gateway = await startTestGateway(around, { env: { SUBGRAPHS_FILE: file, USER_URL: '', FRIEND_URL: '' } });
stops.push(gateway.stop);

const WATCH_BOARD = `subscription ($boardId: ID!, $after: String) {
  boardChanged(boardId: $boardId, after: $after) {
    __typename
    ... on BoardSnapshot { cursor revision complete }
    ... on TaskAdded { cursor revision task { title by { id } } }
    ... on MemberLeft { cursor revision userId }
  }
}`;

async function watch(viewer: string, boardId: string, { after = null as string | null, query = WATCH_BOARD } = {}) {
  const client = connectLiveClient(gateway.graphql, { authorization: `Bearer ${await around.tokenOf(viewer)}` });
  stops.push(async () => client.stop());
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it has asked for.
  const changes: any[] = [];
  const errors: { message: string; extensions?: { code?: string } }[] = [];
  client.client.subscribe<{ boardChanged: object }>(
    { query, variables: { boardId, after } },
    {
      next({ data, errors: failed }) {
        if (data) changes.push(data.boardChanged);
        errors.push(...((failed ?? []) as typeof errors));
      },
      error: (error) => void errors.push(...(Array.isArray(error) ? error : [error as Error])),
      complete: () => undefined,
    },
  );
  return { changes, errors, codes: () => errors.map(({ extensions }) => extensions?.code) };
}

test('a third service joins while others watch, with no restart; then its lists are live', async () => {
  const client = connectLiveClient(gateway.graphql, { authorization: `Bearer ${await around.tokenOf('early')}` });
  const early = client.watch();
  await eventually('the snapshot', () => early.changes.at(-1)?.complete);
  boards.join('b1', 'ann');

  // The gateway does not know where it is: what runs goes on.
  await writeInOneStep(gateway.supergraphFile, composeWithBoards());
  await gateway.reloadSupergraph();
  expect(gateway.logged.at(-1)).toContain('a subgraph \\"boards\\" that the gateway does not know');
  await writeInOneStep(file, JSON.stringify({ subgraphs: withBoards }));
  await gateway.reloadSupergraph();

  const ann = await watch('ann', 'b1');
  await eventually('the snapshot of the board', () => ann.changes.length === 1);
  boards.add('b1', 'write');
  await eventually('the task', () => ann.changes.length === 2);
  expect(ann.changes[1]).toEqual({
    ...{ __typename: 'TaskAdded', cursor: 'b1:1', revision: 1 },
    task: { title: 'write', by: { id: 'ada' } },
  });
  // Its snapshot, and perhaps once more when the timeline that its lists count in is first known; not for the change.
  expect(boards.asked.changes).toBeLessThanOrEqual(2);

  around.commit('early', 'still there');
  await eventually('the change of a list that was watched before', () => early.changes.length === 3);
  expect([...early.errors, ...client.closes, ...ann.errors]).toEqual([]);
  await client.stop();
});

test('what an announcement does not hold is joined from the service that has it', async () => {
  boards.join('b2', 'ann');
  const query = WATCH_BOARD.replace('by { id }', 'by { username }');
  const ann = await watch('ann', 'b2', { query });
  await eventually('the snapshot', () => ann.changes.length === 1);
  boards.add('b2', 'join');
  await eventually('the task', () => ann.changes.length === 2);
  expect(ann.changes[1].task).toEqual({ title: 'join', by: { username: 'u-ada' } });
});

test('the service decides who may watch, and is asked again when that has changed', async () => {
  boards.join('b3', 'ann', 'bob');
  const stranger = await watch('eve', 'b3');
  await eventually('the refusal', () => stranger.errors.length > 0);
  expect([stranger.codes(), stranger.changes]).toEqual([['FORBIDDEN'], []]);

  const [ann, bob] = [await watch('ann', 'b3'), await watch('bob', 'b3')];
  await eventually('both snapshots', () => ann.changes.length === 1 && bob.changes.length === 1);
  boards.leave('b3', 'bob');
  boards.add('b3', 'not for bob');
  await eventually('what happened', () => ann.changes.length === 3);
  await eventually('the end', () => bob.errors.length > 0);
  expect(ann.changes.map(({ __typename }) => __typename)).toEqual(['BoardSnapshot', 'MemberLeft', 'TaskAdded']);
  expect([bob.codes(), bob.changes.length]).toEqual([['FORBIDDEN'], 1]);
});

test('who has left cannot come back with a cursor at which nothing has happened since', async () => {
  boards.join('b4', 'ann', 'bob');
  boards.add('b4', 'one');
  boards.leave('b4', 'bob');
  const bob = await watch('bob', 'b4', { after: 'b4:2' });
  await eventually('the refusal', () => bob.errors.length > 0);
  expect([bob.codes(), bob.changes]).toEqual([['FORBIDDEN'], []]);
  const [changes, unchanged] = [boards.asked.changes, boards.asked.unchanged];
  const ann = await watch('ann', 'b4', { after: 'b4:2' });
  await eventually('the question whether anything has happened', () => boards.asked.unchanged > unchanged);
  boards.add('b4', 'two');
  await eventually('the next', () => ann.changes.length === 1);
  // Nothing had: that was answered in a batch, and nothing else was asked.
  expect(boards.asked.changes).toBe(changes);
});

test('an announcement that was lost is found by the poll, for every kind of list', async () => {
  boards.join('b5', 'ann');
  const ann = await watch('ann', 'b5');
  await eventually('the snapshot', () => ann.changes.length === 1);
  boards.add('b5', 'unheard', { announced: false });
  await eventually('the task', () => ann.changes.length === 2);
});

test.each(['*', '>', 'b1.>', 'b 1', '', 'é', 'x'.repeat(200)])(
  'an owner %j is refused, and nothing is heard',
  async (owner) => {
    const ann = await watch('ann', owner);
    await eventually('the refusal', () => ann.errors.length > 0);
    boards.add('b1', 'for members');
    expect([ann.codes(), ann.changes]).toEqual([['BAD_USER_INPUT'], []]);
  },
);

test('another list’s announcement on its subject, or one whose change is no change, is dropped', async () => {
  boards.join('b6', 'ann');
  const ann = await watch('ann', 'b6');
  await eventually('the snapshot', () => ann.changes.length === 1);
  const change = { __typename: 'TaskAdded', cursor: 'b6:1', revision: 1 };
  const announced = { v: 2, kind: 'board', owner: 'b6', timeline: 'boards-1', revision: 1, occurredAt: 'now', change };
  const task = { title: 'forged', by: { id: 'x' } };
  for (const wrong of [
    announced,
    { ...announced, owner: 'b7', change: { ...change, task } },
    { ...announced, kind: 'friend-list', change: { ...change, task } },
    { ...announced, change: { ...change, __typename: 'Nonsense', task } },
    { ...change, task },
  ]) {
    around.broker.announce('live.board.b6', JSON.stringify(wrong));
  }
  boards.add('b6', 'true');
  await eventually('the task', () => ann.changes.length === 2);
  expect(ann.changes[1].task.title).toBe('true');
});

test('a service is told what the file says that it is told', async () => {
  const ask = async (headers: Record<string, string>) => {
    const response = await fetch(gateway.graphql, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query: '{ tenant }' }),
    });
    return response.json();
  };
  expect(await ask({ 'x-locale': 'fr', 'x-tenant': 'another', 'x-other': '1' })).toEqual({ data: { tenant: 'kith' } });
  const seen = boards.seenHeaders.at(-1)!;
  expect([seen['x-locale'], seen['x-tenant'], seen['x-other']]).toEqual(['fr', 'kith', undefined]);
  expect(seen['x-kith-gateway-key']).toBe(around.gatewayKey);

  const strangers = { ...withBoards, boards: { urls: boards.url } };
  await writeInOneStep(file, JSON.stringify({ subgraphs: strangers }));
  await gateway.reloadSupergraph();
  const authorization = `Bearer ${await around.tokenOf('ann')}`;
  // It asks for the key, and is not shown it.
  expect(await ask({ authorization })).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  const told = boards.seenHeaders.at(-1)!;
  expect([told['x-kith-gateway-key'], told.authorization, told['x-tenant']]).toEqual([undefined, undefined, undefined]);
  await writeInOneStep(file, JSON.stringify({ subgraphs: withBoards }));
  await gateway.reloadSupergraph();
});
