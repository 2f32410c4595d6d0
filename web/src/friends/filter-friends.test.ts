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

test.each([
  ['𝔃𝓸𝓮', 'Zoë'],
  ['z\u200boe', 'Zoë'],
  ["o'neil", 'O’Neil'],
  ['ONEIL', 'O’Neil'],
  ['ισοσ', 'Ίσος'],
  ['gross', 'Groß'],
  ['Lukasz', 'Łukasz'],
  ['isik', 'Işık'],
  ['小明', '王小明'],
])('%j finds %j', (text, name) => {
  expect(names(filterFriends([friend('Ben'), friend(name)], { ...all, text }))).toEqual([name]);
});

test('what shows nothing finds nobody, and white space asks for all', () => {
  for (const text of ['\u200b', '\u00ad', '\ufeff', '\u3164', '\u0301'])
    expect(filterFriends(list, { ...all, text })).toEqual([]);
  for (const text of [' ', '\u3000']) expect(filterFriends(list, { ...all, text })).toBe(list);
});

test('a tag is one, composed or not', () => {
  const two = [friend('Ann', { tags: ['caf\u00e9'] }), friend('Ben', { tags: ['cafe\u0301'] })];
  expect(tagsOf(two)).toEqual([{ tag: 'caf\u00e9', count: 2 }]);
  expect(names(filterFriends(two, { ...all, tag: 'caf\u00e9' }))).toEqual(['Ann', 'Ben']);
});

test('the newest come first as in the API: by instant and not by text, and then by id', () => {
  const friends = [
    friend('b', { since: '2026-01-01T00:00:00Z' }),
    friend('a', { since: '2026-01-01T00:00:00.000Z' }),
    friend('c', { since: '2026-01-01T00:00:00.001Z' }),
  ];
  expect(names(filterFriends(friends, { ...all, order: 'NEWEST' }))).toEqual(['c', 'a', 'b']);
});
