import { expect, test } from 'vitest';
import type { Friend } from '../api/list-change.ts';
import { FriendList } from './friend-list.ts';
import { PendingEdits } from './pending-edits.ts';

const friend = (id: string, remark: string | null): Friend => ({
  user: { id, nickname: id, avatarUrl: null },
  remark,
  displayName: remark ?? id,
  pinned: false,
  tags: [],
  since: '2026-01-01T00:00:00.000Z',
});
const listOf = (friends: Friend[], revision = 1) => new FriendList({ cursor: 'c', revision, friends, requests: [] });
const names = (friends: readonly Friend[]) => friends.map(({ displayName }) => displayName);

test('an edit is shown at once, where it sorts', () => {
  const edits = new PendingEdits();
  edits.add('a', { remark: ' Zoe ' });
  expect(names(edits.over(listOf([friend('a', null), friend('b', null)])))).toEqual(['b', 'Zoe']);
});

test('a confirmed edit stays until the list has its revision, so nothing flickers back', () => {
  const edits = new PendingEdits();
  edits.add('a', { remark: 'new' }).confirm(5);
  edits.reached(4);
  expect(names(edits.over(listOf([friend('a', 'old')], 4)))).toEqual(['new']);
  edits.reached(5);
  expect(names(edits.over(listOf([friend('a', 'later still')], 5)))).toEqual(['later still']);
});

test('a refused edit is taken back', () => {
  const edits = new PendingEdits();
  edits.add('a', { pinned: true }).drop();
  expect(edits.over(listOf([friend('a', null)]))[0]?.pinned).toBe(false);
});

test('two edits of one friend are shown together, and an emptied remark shows the nickname', () => {
  const edits = new PendingEdits();
  edits.add('a', { tags: ['work'] });
  edits.add('a', { remark: '' });
  expect(edits.over(listOf([friend('a', 'old')]))[0]).toMatchObject({ tags: ['work'], remark: null, displayName: 'a' });
});
