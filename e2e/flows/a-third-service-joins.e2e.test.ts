import { eventually } from '@kith/local-servers';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { followFriendList } from '../src/lists/follow-friend-list.ts';
import { dataOf } from '../src/people/ask-gateway.ts';
import { makeFriends } from '../src/people/friend-operations.ts';
import { type Person, signUp } from '../src/people/person.ts';
import { type CirclesProcess, joinCircles, startCircles } from '../src/system/start-circles.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

const WATCH_MEMBERS = `subscription ($circleId: ID!) { circleMembersChanged(circleId: $circleId) {
  __typename revision cursor
  ... on CircleMembersSnapshot { complete reason members { role user { nickname } } }
  ... on CircleMemberJoined { member { role user { nickname } } }
  ... on CircleMemberChanged { member { role user { nickname } } }
  ... on CircleMemberLeft { userId leaving }
} }`;
const WATCH_OWN = `subscription { ownCirclesChanged { __typename revision cursor
  ... on OwnCirclesSnapshot { complete circles { name } }
  ... on OwnCircleAdded { circle { name role circle { memberCount } } }
  ... on OwnCircleChanged { circle { name role } }
  ... on OwnCircleRemoved { circleId }
} }`;
type Change = { readonly __typename: string; readonly revision: number } & Readonly<Record<string, unknown>>;

let system: SystemForTest;
let circles: CirclesProcess;
beforeAll(async () => {
  system = await startSystemForTest({ gateways: 2 });
});
afterAll(async () => {
  await circles?.close();
  await system?.stop();
});

/** As a client watches: what it was told, and how it ended. */
function watch(person: Person, query: string, variables: Record<string, unknown> = {}) {
  const changes: Change[] = [];
  const codes: unknown[] = [];
  const client = createClient({
    url: `${person.gatewayUrl.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${person.token}` },
  });
  client.subscribe<Record<string, Change>>(
    { query, variables },
    {
      next({ data, errors }) {
        for (const { extensions } of errors ?? []) codes.push(extensions?.code);
        changes.push(...Object.values(data ?? {}));
      },
      error: (error) => {
        for (const { extensions } of Array.isArray(error) ? error : [{ extensions: { code: String(error) } }])
          codes.push(extensions?.code);
      },
      complete: () => undefined,
    },
  );
  onTestFinished(() => void client.dispose());
  return { changes, codes };
}

const change = (person: Person, field: string, input: object) =>
  dataOf(person.gatewayUrl, {
    query: `mutation ($input: ${field[0]?.toUpperCase()}${field.slice(1)}Input!) { ${field}(input: $input) { circle { id name } } }`,
    variables: { input },
    token: person.token,
  });

test('circles join a system that runs: nobody who watches notices, and the graph is one', async () => {
  const [one, two] = system.gatewayUrls as [string, string];
  const ann = await signUp(one, 'ann', 'Ann');
  const bob = await signUp(two, 'bob', 'Bob');
  await makeFriends(ann, bob);
  const device = followFriendList({ gatewayUrls: [one], token: ann.token });
  onTestFinished(() => device.stop());
  await eventually('the snapshot of the friend list', () => device.list.snapshots.length === 1);

  circles = await startCircles(system);
  await joinCircles(system, circles);

  // Joined over both services, in both directions.
  const { id } = (await change(ann, 'createCircle', { name: 'Chess' })).createCircle.circle;
  const query = '{ me { nickname circles { name viewerRole members { role user { nickname } } } } }';
  const { me } = await dataOf(two, { query, token: ann.token });
  expect(me).toEqual({
    nickname: 'Ann',
    circles: [{ name: 'Chess', viewerRole: 'OWNER', members: [{ role: 'OWNER', user: { nickname: 'Ann' } }] }],
  });

  // Both lists are live, through different gateways.
  const stranger = watch(bob, WATCH_MEMBERS, { circleId: id });
  await eventually('a stranger is refused', () => stranger.codes.includes('FORBIDDEN'));
  const members = watch(ann, WATCH_MEMBERS, { circleId: id });
  const own = watch(bob, WATCH_OWN);
  await eventually('both have their snapshots', () => members.changes.length === 1 && own.changes.length === 1);
  await change(bob, 'joinCircle', { circleId: id });
  const inside = watch(bob, WATCH_MEMBERS, { circleId: id });
  await eventually('who joined watches too', () => inside.changes.length === 1);
  await change(ann, 'setCircleRole', { circleId: id, userId: bob.id, role: 'ADMIN' });
  await change(ann, 'removeCircleMember', { circleId: id, userId: bob.id });
  await change(ann, 'renameCircle', { circleId: id, name: 'Go' });
  await eventually('the circle is told', () => members.changes.length === 4);
  await eventually('who was removed is told', () => own.changes.length === 4);
  expect(members.changes).toMatchObject([
    { __typename: 'CircleMembersSnapshot', revision: 1, complete: true, members: [{ user: { nickname: 'Ann' } }] },
    { __typename: 'CircleMemberJoined', revision: 2, member: { role: 'MEMBER', user: { nickname: 'Bob' } } },
    { __typename: 'CircleMemberChanged', revision: 3, member: { role: 'ADMIN', user: { nickname: 'Bob' } } },
    { __typename: 'CircleMemberLeft', revision: 4, userId: bob.id, leaving: 'REMOVED' },
  ]);
  expect(own.changes).toMatchObject([
    { __typename: 'OwnCirclesSnapshot', revision: 0, circles: [] },
    { __typename: 'OwnCircleAdded', revision: 1, circle: { name: 'Chess', role: 'MEMBER' } },
    { __typename: 'OwnCircleChanged', revision: 2, circle: { role: 'ADMIN' } },
    { __typename: 'OwnCircleRemoved', revision: 3, circleId: id },
  ]);
  await eventually('who was removed watches the members no longer', () => inside.codes.includes('FORBIDDEN'));
  // The last that they see may be their own removal, or what was before it.
  const seen = inside.changes.map(({ revision }) => revision);
  expect(seen).toEqual([2, 3, 4].slice(0, Math.max(2, seen.length)));

  // Nobody who was there before has noticed.
  await dataOf(two, {
    query: 'mutation { updateProfile(input: { nickname: "Bob the Brave" }) { user { id } } }',
    token: bob.token,
  });
  await eventually('the friend list is live still', () => device.list.changes.length > 0);
  expect(device.endings).toEqual([]);
  expect(device.list.problems).toEqual([]);
  expect(system.gateways.every(({ running }) => running)).toBe(true);
});
