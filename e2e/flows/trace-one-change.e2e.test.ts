import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { followFriendList } from '../src/lists/follow-friend-list.ts';
import { makeFriends } from '../src/people/friend-operations.ts';
import { signUp } from '../src/people/person.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

interface Span {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parent: string | null;
}

/** Whose spans they are; in one process (EVENT_BUS=in-process) all are its own. */
const [GATEWAY, FRIEND] =
  process.env.EVENT_BUS === 'in-process' ? ['one-process', 'one-process'] : ['gateway', 'friend'];

let folder: string;
let file: string;
let system: SystemForTest;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kith-traces-'));
  file = join(folder, 'spans.jsonl');
  system = await startSystemForTest({ gateways: 1, env: { TRACES_TO: file } });
});
afterAll(async () => {
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function spansOf(traceId: string): Promise<Span[]> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Span).filter((span) => span.traceId === traceId);
}

/** Each hop below the one that caused it: clocks, of one machine even, tell less well what came first. */
function inOrder(spans: readonly Span[]): string[] {
  const hops: Span[] = [];
  for (let parent: string | null = null; ; ) {
    const next = spans.find((span) => span.parent === parent);
    if (!next) return hops.map(({ service, name }) => `${service}: ${name}`);
    hops.push(next);
    parent = next.spanId;
  }
}

test('one trace follows a mutation from the gateway through outbox, stream and consumer to its announcement', async () => {
  const [gatewayUrl] = system.gatewayUrls as [string];
  const [ann, bob] = [await signUp(gatewayUrl, 'ann', 'Ann'), await signUp(gatewayUrl, 'bob', 'Bob')];
  await makeFriends(ann, bob);
  const follower = followFriendList({ gatewayUrls: [gatewayUrl], token: ann.token });
  await eventually('the snapshot has come', () => follower.list.snapshots.length === 1);

  const response = await fetch(`${gatewayUrl}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ann.token}` },
    body: JSON.stringify({
      query: 'mutation ($id: ID!) { updateFriend(input: { userId: $id, remark: "Bobby" }) { listCursor } }',
      variables: { id: bob.id },
    }),
  });
  expect(await response.json()).toHaveProperty('data.updateFriend.listCursor');
  await eventually('the push has come', () => follower.list.changes.length === 1);
  await follower.stop();

  // The id of the answer is the id of the trace.
  const traceId = response.headers.get('x-request-id')!;
  const spans = await eventually('every hop is exported', async () => {
    const found = await spansOf(traceId);
    return found.some(({ name }) => name.startsWith('announce')) && found.length >= 6 && found;
  });
  expect(inOrder(spans)).toEqual([
    `${GATEWAY}: POST /graphql`,
    `${FRIEND}: POST /graphql`,
    `${FRIEND}: append outbox`,
    `${FRIEND}: publish kith.friend.changed.v1`,
    `${FRIEND}: handle kith.friend.changed`,
    `${FRIEND}: announce live.friend-list.*`,
  ]);
});
