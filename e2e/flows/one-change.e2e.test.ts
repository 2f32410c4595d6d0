import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { followFriendList } from '../src/lists/follow-friend-list.ts';
import type { Follower, Transport } from '../src/lists/follow-list.ts';
import { contentsOf } from '../src/lists/friend-list-in-postgres.ts';
import {
  acceptRequest,
  addFriend,
  makeFriends,
  readPage,
  removeFriend,
  updateFriend,
  updateProfile,
} from '../src/people/friend-operations.ts';
import { type Person, signUp, through } from '../src/people/person.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

let system: SystemForTest;
let one: string;
let other: string;
let followers: Follower[] = [];

beforeAll(async () => {
  system = await startSystemForTest();
  [one, other] = system.gatewayUrls as [string, string];
});
afterAll(() => system?.stop());

let people = 0;
/** Two people who have just signed up, each at a gateway of their own. */
async function twoPeople(): Promise<[Person, Person]> {
  people += 1;
  return [await signUp(one, `ann_${people}`, 'Ann'), await signUp(other, `bob_${people}`, 'Bob')];
}

function follow(person: Person, options: { gatewayUrl?: string; transport?: Transport; after?: string | null } = {}) {
  const { gatewayUrl = person.gatewayUrl, ...rest } = options;
  const follower = followFriendList({ gatewayUrls: [gatewayUrl], token: person.token, reconnect: false, ...rest });
  followers.push(follower);
  return follower;
}

/** Four devices of one person: both transports, both gateways. */
async function followEverywhere(person: Person): Promise<Follower[]> {
  const devices = [one, other].flatMap((gatewayUrl) =>
    (['websocket', 'sse'] as const).map((transport) => follow(person, { gatewayUrl, transport })),
  );
  await eventually('every device has the snapshot', () => devices.every(({ list }) => list.snapshots.length === 1));
  return devices;
}

const whatHappened = ({ list }: Follower) => list.changes.map(({ __typename }) => __typename);

async function seenBy(devices: readonly Follower[], expected: readonly string[]): Promise<void> {
  await eventually(`every device saw ${expected.join(', ')}`, () =>
    devices.every(({ list }) => list.changes.length >= expected.length),
  );
  for (const device of devices) expect(whatHappened(device)).toEqual(expected);
}

/** Stops every follower of a test; none may have met anything that it should not. */
async function stopFollowers(): Promise<void> {
  const all = followers;
  followers = [];
  await Promise.all(all.map((follower) => follower.stop()));
  expect(all.flatMap(({ list }) => list.problems)).toEqual([]);
  expect(all.flatMap(({ endings }) => endings)).toEqual([]);
}

test('request, acceptance, remark, nickname and removal reach every device of both once, in order', async () => {
  const [ann, bob] = await twoPeople();
  const [ofAnn, ofBob] = await Promise.all([followEverywhere(ann), followEverywhere(bob)]);

  const { request, friend } = await addFriend(ann, bob.id, { message: 'It is me', remark: 'Bobby' });
  expect(friend).toBeNull();
  await seenBy(ofBob, ['FriendRequestAdded']);
  expect(ofBob[0]!.list.changes[0]!.request).toMatchObject({
    id: request.id,
    message: 'It is me',
    from: { id: ann.id },
    to: { id: bob.id },
  });

  await acceptRequest(bob, request.id);
  const began = ['FriendRequestAdded', 'FriendRequestClosed', 'FriendAdded'];
  await Promise.all([seenBy(ofAnn, began), seenBy(ofBob, began)]);
  expect(ofAnn[0]!.list.changes[1]).toMatchObject({ requestId: request.id, outcome: 'ACCEPTED' });
  expect(ofAnn[0]!.list.changes[2]!.friend).toMatchObject({ remark: 'Bobby', displayName: 'Bobby' });
  expect(ofBob[0]!.list.changes[2]!.friend).toMatchObject({ remark: null, displayName: 'Ann' });

  await updateFriend(ann, bob.id, { remark: 'Robert', pinned: true, tags: ['work'] });
  await seenBy(ofAnn, [...began, 'FriendChanged']);
  expect(ofAnn[0]!.list.changes[3]!.friend).toMatchObject({ remark: 'Robert', pinned: true, tags: ['work'] });

  await updateProfile(bob, { nickname: 'Bob the Builder' });
  await updateProfile(ann, { nickname: 'Ann of Green Gables' });
  await seenBy(ofAnn, [...began, 'FriendChanged', 'FriendChanged']);
  expect(ofAnn[0]!.list.changes[4]!.friend).toMatchObject({
    remark: 'Robert',
    displayName: 'Robert',
    user: { nickname: 'Bob the Builder' },
  });
  await seenBy(ofBob, [...began, 'FriendChanged']);
  expect(ofBob[0]!.list.changes[3]!.friend).toMatchObject({ displayName: 'Ann of Green Gables' });

  const removed = await removeFriend(bob, ann.id);
  expect(removed).toMatchObject({ userId: ann.id, changed: true });
  await seenBy(ofAnn, [...began, 'FriendChanged', 'FriendChanged', 'FriendRemoved']);
  await seenBy(ofBob, [...began, 'FriendChanged', 'FriendRemoved']);
  expect(ofAnn[0]!.list.changes[5]!.userId).toBe(bob.id);

  for (const [person, devices] of [[ann, ofAnn] as const, [bob, ofBob] as const]) {
    const stored = contentsOf(await system.friendDatabase.list(person.id));
    for (const { list } of devices) expect(contentsOf(list)).toEqual(stored);
  }
  await stopFollowers();
});

test('a mutation that is repeated answers the same, and nobody sees a second change', async () => {
  const [ann, bob] = await twoPeople();
  const ofAnn = await followEverywhere(ann);
  const first = await addFriend(ann, bob.id);
  expect(await addFriend(through(other, ann), bob.id)).toEqual(first);
  const accepted = await acceptRequest(bob, first.request.id, 'Annie');
  expect(await acceptRequest(through(one, bob), first.request.id, 'Annie')).toEqual(accepted);
  const updated = await updateFriend(ann, bob.id, { remark: 'Bobby' });
  expect(await updateFriend(ann, bob.id, { remark: 'Bobby' })).toEqual(updated);
  const removed = await removeFriend(ann, bob.id);
  expect(await removeFriend(ann, bob.id)).toEqual({ ...removed, changed: false });
  const revision = (await system.friendDatabase.list(ann.id)).revision;
  await eventually('the last change', () => ofAnn.every(({ list }) => list.revision === revision));
  const seen = ['FriendRequestAdded', 'FriendRequestClosed', 'FriendAdded', 'FriendChanged', 'FriendRemoved'];
  for (const device of ofAnn) expect(whatHappened(device)).toEqual(seen);
  await stopFollowers();
});

describe.each(['websocket', 'sse'] as const)('who comes back over %s', (transport) => {
  test('with the cursor of any change gets exactly what was missed, then what comes', async () => {
    const [ann, bob] = await twoPeople();
    await makeFriends(ann, bob);
    const before = follow(ann);
    await eventually('the snapshot', () => before.list.snapshots.length === 1);
    for (const remark of ['1', '2', '3', '4', '5']) await updateFriend(ann, bob.id, { remark });
    await eventually('five changes', () => before.list.changes.length === 5);

    const cursors = [before.list.changes[0]!, before.list.changes[2]!, before.list.changes[4]!];
    const resumed = cursors.map(({ cursor }) => follow(ann, { gatewayUrl: other, transport, after: cursor }));
    await updateFriend(ann, bob.id, { remark: '6' });
    const remarks = ({ list }: Follower) => list.changes.map(({ friend }) => friend?.remark);
    await eventually('the sixth', () => resumed.every((follower) => remarks(follower).includes('6')));
    expect(resumed.map(remarks)).toEqual([['2', '3', '4', '5', '6'], ['4', '5', '6'], ['6']]);
    expect(resumed.map(({ list }) => list.changes[0]!.revision)).toEqual(cursors.map(({ revision }) => revision + 1));
    expect(resumed.flatMap(({ list }) => list.snapshots)).toEqual([]);
    await stopFollowers();
  });

  test('with the listCursor of a page or of a payload misses nothing after it', async () => {
    const [ann, bob] = await twoPeople();
    await makeFriends(ann, bob);
    const page = await readPage(ann);
    const { listCursor } = await updateFriend(ann, bob.id, { remark: 'one' });
    await updateFriend(ann, bob.id, { remark: 'two' });

    const afterPage = follow(ann, { gatewayUrl: other, transport, after: page.listCursor });
    const afterPayload = follow(ann, { gatewayUrl: other, transport, after: listCursor });
    await updateFriend(ann, bob.id, { remark: 'three' });
    const remarks = ({ list }: Follower) => list.changes.map(({ friend }) => friend?.remark);
    await eventually('the third', () =>
      [afterPage, afterPayload].every((follower) => remarks(follower).includes('three')),
    );
    expect(remarks(afterPage)).toEqual(['one', 'two', 'three']);
    expect(remarks(afterPayload)).toEqual(['two', 'three']);
    await stopFollowers();
  });

  test('with a cursor that is not of this list gets a snapshot that says so', async () => {
    const [ann, bob] = await twoPeople();
    await makeFriends(ann, bob);
    const { listCursor: ofBobs } = await readPage(bob);
    for (const after of [ofBobs, 'nonsense', '']) {
      const follower = follow(ann, { transport, after });
      await eventually('the snapshot', () => follower.list.snapshots.length === 1);
      expect(follower.list.snapshots[0]!.reason).toBe('CURSOR_INVALID');
      expect(contentsOf(follower.list)).toEqual(contentsOf(await system.friendDatabase.list(ann.id)));
    }
    await stopFollowers();
  });
});

test('a list read through the other gateway right after a mutation includes it, 200 times of 200', async () => {
  const [ann, bob] = await twoPeople();
  await makeFriends(ann, bob);
  const elsewhere = through(other, ann);
  for (let round = 1; round <= 200; round += 1) {
    const remark = `round ${round}`;
    await updateFriend(ann, bob.id, { remark });
    const { friends } = await readPage(elsewhere);
    expect(friends.map((friend) => friend.remark)).toEqual([remark]);
  }
});
