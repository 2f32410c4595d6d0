import type { Friend } from '@kith/client';
import { expect, test } from 'vitest';
import { filterFriends, tagsOf } from './filter-friends.ts';

function friend(displayName: string, more: Partial<Friend> = {}): Friend {
  const user = { id: displayName, nickname: more.remark ? 'Nick' : displayName, avatarUrl: null };
  return { user, remark: null, displayName, pinned: false, tags: [], since: '2026-01-01T00:00:00Z', ...more };
}
const all = { text: '', tag: null, order: 'NAME' } as const;
const names = (friends: readonly Friend[]) => friends.map(({ displayName }) => displayName);

const list = [
  friend('Zoë', { pinned: true, since: '2026-01-02T00:00:00Z' }),
  friend('Ben', { tags: ['judo'], since: '2026-01-03T00:00:00Z' }),
  friend('Coach', { remark: 'Coach', tags: ['judo', 'work'] }),
];

test('a list that is not filtered is the same list', () => {
  expect(filterFriends(list, all)).toBe(list);
});

test('what is typed finds names, nicknames behind remarks and tags, whatever the accents and capitals', () => {
  expect(names(filterFriends(list, { ...all, text: 'ZOE' }))).toEqual(['Zoë']);
  expect(names(filterFriends(list, { ...all, text: 'nick' }))).toEqual(['Coach']);
  expect(names(filterFriends(list, { ...all, text: 'judo be' }))).toEqual(['Ben']);
  expect(filterFriends(list, { ...all, text: 'nobody' })).toEqual([]);
});

test('a tag narrows the list, and the newest come first when asked for', () => {
  expect(names(filterFriends(list, { ...all, tag: 'judo' }))).toEqual(['Ben', 'Coach']);
  expect(names(filterFriends(list, { ...all, order: 'NEWEST' }))).toEqual(['Ben', 'Zoë', 'Coach']);
});

test('tags are counted, the most used first', () => {
  expect(tagsOf(list)).toEqual([
    { tag: 'judo', count: 2 },
    { tag: 'work', count: 1 },
  ]);
});
