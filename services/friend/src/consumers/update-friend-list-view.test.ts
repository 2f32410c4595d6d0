import { expect, test } from 'vitest';
import type { FriendListEvent } from '../lists/list-change.ts';
import { aFriend, idOf } from '../view/testing/lists-in-memory.ts';
import { updateFriendListView } from './update-friend-list-view.ts';

const [ANN, BOB] = [idOf(1), idOf(2)];

const added = (ownerId: string, revision: number): FriendListEvent => ({
  ...{
    id: idOf(revision),
    source: 'kith/friend',
    name: 'kith.friend.added',
    ownerId,
    revision,
    occurredAt: new Date(),
  },
  data: { friend: aFriend(revision) },
});

/** A view that answers so, and a history of these events. */
function consumer(viewRevision: number | Error, history: FriendListEvent[]) {
  const announced: string[] = [];
  const { handle } = updateFriendListView({
    view: {
      apply: async () => {
        if (viewRevision instanceof Error) throw viewRevision;
        return { outcome: 'hole', viewRevision };
      },
    },
    timeline: { current: idOf(99), holds: async () => true },
    announce: (subject) => announced.push(subject),
    events: async () => history,
  });
  return { handle, announced };
}

test('a view that says that it has a hole, and lies where there is none, stops the change (S15)', async () => {
  const { handle } = consumer(7, []);
  await expect(handle(added(ANN, 7))).rejects.toMatchObject({ code: 'INVARIANT_BROKEN', invariant: 'S15' });
});

test('while there are gateways of the version before, the change alone is announced, else what is one for all lists', async () => {
  const announcedAs = async (form?: 1 | 2) => {
    const announced: object[] = [];
    await updateFriendListView({
      view: { apply: async () => ({ outcome: 'applied' }) as never },
      timeline: { current: idOf(99), holds: async () => true },
      announce: (_subject, payload) => announced.push(JSON.parse(payload)),
      events: async () => [],
      form,
    }).handle(added(ANN, 3));
    return announced[0];
  };
  expect(await announcedAs(1)).toMatchObject({ v: 1, __typename: 'FriendAdded', revision: 3 });
  expect(await announcedAs()).toMatchObject({
    ...{ v: 2, kind: 'friend-list', owner: ANN, timeline: idOf(99), revision: 3 },
    change: { __typename: 'FriendAdded', revision: 3 },
  });
});

test('a history of another list is neither applied nor announced (S16)', async () => {
  const hole = consumer(1, [added(BOB, 2)]);
  await expect(hole.handle(added(ANN, 3))).rejects.toMatchObject({ code: 'INVARIANT_BROKEN', invariant: 'S16' });
  const away = consumer(new Error('Redis is away'), [added(BOB, 4)]);
  await expect(away.handle(added(ANN, 3))).rejects.toMatchObject({ invariant: 'S16' });
  expect(away.announced).toEqual([`live.friend-list.${ANN}`]);
});
