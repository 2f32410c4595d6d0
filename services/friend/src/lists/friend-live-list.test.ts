import { changesSince } from '@kith/live-list';
import { expect, test } from 'vitest';
import { aFriend, aList, aRequest, idOf } from '../view/testing/lists-in-memory.ts';
import { friendListCursors, friendLiveList } from './friend-live-list.ts';
import type { FriendListEvent, FriendListSnapshot } from './list-change.ts';

const OWNER = idOf(1);
const TIMELINE = idOf(99);
const PEOPLE = { rows: [1, 2].map((n) => ({ user_id: idOf(n), nickname: `Nick ${n}`, avatar_url: null })) };

function listOf(list: ReturnType<typeof aList>) {
  const view = {
    revision: async () => list.revision,
    revisions: async () => new Map([[OWNER, list.revision]]),
    whole: async () => list,
  };
  return friendLiveList({ query: async () => PEOPLE } as never, view, { current: TIMELINE });
}

test('a snapshot has the open requests on its first page, with both people', async () => {
  const delta = await changesSince(listOf({ ...aList(201), requests: [aRequest(7)] }), OWNER, null, 1);
  const pages = delta.changes as readonly FriendListSnapshot[];
  expect(pages.map(({ friends }) => friends.length)).toEqual([200, 1]);
  expect(pages.map(({ requests }) => requests.length)).toEqual([1, 0]);
  expect(pages[0]).toMatchObject({ __typename: 'FriendListSnapshot', reason: 'SUBSCRIBED', complete: false });
  expect(pages[0]?.requests[0]).toMatchObject({
    id: idOf(7),
    from: { id: idOf(1), nickname: 'Nick 1' },
    to: { id: idOf(2), nickname: 'Nick 2' },
  });
});

test('a history of another list stops the query, and is counted as an invariant of this service', async () => {
  const list = listOf(aList(3, 7));
  const friend = aFriend(6);
  const event = { id: idOf(6), source: 'kith/friend', name: 'kith.friend.added', revision: 6, occurredAt: new Date() };
  const strange = { ...event, ownerId: idOf(2), data: { friend } } as FriendListEvent;
  const broken = { ...list, history: { ...list.history, timeline: TIMELINE, events: async () => [strange] } };
  const after = friendListCursors.write({ timeline: TIMELINE, ownerId: OWNER, revision: 5, complete: true });
  await expect(changesSince(broken, OWNER, after, 10)).rejects.toMatchObject({
    code: 'INVARIANT_BROKEN',
    invariant: 'S14',
  });
});
