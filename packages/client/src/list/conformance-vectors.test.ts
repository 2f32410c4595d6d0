import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Friend, FriendListChange, FriendRequest } from '../api/list-change.ts';
import { FriendList, Hole } from './friend-list.ts';

interface Step {
  readonly receive?: FriendListChange;
  readonly expect: {
    readonly outcome: string;
    readonly revision: number;
    readonly cursor: string | null;
    readonly digest: string;
    readonly friends: readonly Friend[];
    readonly requests: readonly FriendRequest[];
  };
}

const PROTOCOL = new URL('../../../../docs/live-lists/', import.meta.url);
const VECTORS = new URL('vectors/', PROTOCOL);
const READER = fileURLToPath(new URL('../../../../examples/python-reader/follow_friend_list.py', import.meta.url));
const names = readdirSync(VECTORS);
const read = (name: string): { clauses: string[]; steps: Step[] } =>
  JSON.parse(readFileSync(new URL(name, VECTORS), 'utf8'));

const inOrderOfIds = <Entry>(entries: Iterable<Entry>, idOf: (entry: Entry) => string) =>
  [...entries].sort((one, other) => (idOf(one) < idOf(other) ? -1 : 1));

function outcomeOf(list: FriendList, { receive }: Step): string {
  try {
    if (receive) return list.apply(receive) ? 'changed' : 'unchanged';
    list.interrupted();
    return 'unchanged';
  } catch (broken) {
    if (broken instanceof Hole) return 'hole';
    throw broken;
  }
}

test.for(names)('the list of this library is what the vector %s says, after each step', (name) => {
  const list = new FriendList();
  for (const step of read(name).steps) {
    const { digest: _others, ...expected } = step.expect;
    expect({
      outcome: outcomeOf(list, step),
      revision: list.revision,
      cursor: list.cursor,
      friends: inOrderOfIds(list.friends, ({ user }) => user.id),
      requests: inOrderOfIds(list.requests.values(), ({ id }) => id),
    }).toEqual(expected);
  }
});

test('every clause about lists and digests is tried by a vector, and every vector names clauses that are there', () => {
  const clauses = [...readFileSync(new URL('protocol.md', PROTOCOL), 'utf8').matchAll(/^- \*\*(\d\.\d)\*\*/gm)];
  const written = clauses.map(([, clause]) => clause as string).filter((clause) => !clause.startsWith('1.'));
  expect([...new Set(names.flatMap((name) => read(name).clauses))].sort()).toEqual(written);
});

const isPythonThere = spawnSync('python3', ['--version']).status === 0;

test.skipIf(!isPythonThere)('the reader in Python passes the vectors (skipped where there is no python3)', () => {
  const { stdout, status } = spawnSync('python3', [READER, '--vectors', fileURLToPath(VECTORS)], { encoding: 'utf8' });
  expect({ stdout, status }).toEqual({ stdout: `${names.length} vectors, 0 differences\n`, status: 0 });
});

const at = (revision: number) => ({ cursor: `at-${revision}`, revision });
const page = (complete: boolean, friends: readonly object[] = []) => ({
  ...{ __typename: 'FriendListSnapshot', ...at(3), reason: 'SUBSCRIBED', complete },
  ...{ friends, requests: [] },
});
const friend = (id: string) => ({
  ...{ user: { id, nickname: 'é', avatarUrl: null }, remark: null, displayName: 'é', pinned: false, tags: [] },
  since: '2026-01-02T03:04:05.678Z',
});
const added = (revision: number) => ({ __typename: 'FriendAdded', ...at(revision), friend: friend(`u${revision}`) });
const send = (response: ServerResponse, ...changes: object[]) => {
  for (const change of changes) {
    response.write(`event: next\ndata: ${JSON.stringify({ data: { friendListChanged: change } })}\n\n`);
  }
};

// One line after the other: cut in the middle of a snapshot; with a hole; refused for a while; until the session ends.
const LINES: ((response: ServerResponse) => void)[] = [
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    send(response, page(false, [friend('half')]));
    setImmediate(() => response.destroy());
  },
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n');
    send(response, page(true), added(5));
  },
  (response) => response.writeHead(503).end(),
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    send(response, added(3), added(4), added(4), added(5));
    const ended = { message: 'The session has ended.', extensions: { code: 'SESSION_ENDED' } };
    response.end(`event: next\ndata: ${JSON.stringify({ data: null, errors: [ended] })}\n\nevent: complete\ndata:\n\n`);
  },
];

test.skipIf(!isPythonThere)(
  'the reader in Python follows a list over lines that are cut, have holes or are refused',
  async () => {
    const asked: unknown[] = [];
    const server = createServer(async (request, response) => {
      const body = (await request.toArray()).join('');
      asked.push([request.headers.authorization, request.headers.accept, JSON.parse(body).variables.after]);
      LINES[asked.length - 1]?.(response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
    const reader = spawn('python3', [READER, url], { env: { ...process.env, KITH_TOKEN: 'secret' } });
    try {
      let [shown, told] = ['', ''];
      reader.stdout.on('data', (text) => {
        shown += text;
      });
      reader.stderr.on('data', (text) => {
        told += text;
      });
      const [status] = await once(reader, 'close');
      const states = shown
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(states.map(({ revision, friends }) => [revision, friends])).toEqual([
        ...[
          [3, 0],
          [4, 1],
          [5, 2],
        ],
      ]);
      expect(new Set(states.map(({ digest }) => digest)).size).toBe(3);
      expect(asked).toEqual([null, null, 'at-3', 'at-3'].map((after) => ['Bearer secret', 'text/event-stream', after]));
      expect(told).toContain('a hole: revision 5 came where 4 was due');
      expect(told).toContain('ended: The session has ended.');
      expect(status).toBe(1);
    } finally {
      reader.kill();
      server.closeAllConnections();
      server.close();
    }
  },
);
