import { describe, expect, test } from 'vitest';
import { memberOfEntry, writeEntry } from '../entries/list-entry.ts';
import { ListInHand } from '../entries/list-in-hand.ts';
import { BadPageCursor, writeCursor } from '../entries/page-cursor.ts';
import { aFriend } from '../testing/lists-in-memory.ts';
import { askForPage, type FriendPage, type PageRequest } from './ask-for-page.ts';

const friends = [
  aFriend(1, { nickname: 'Ann', tags: ['work'] }),
  aFriend(2, { nickname: 'Bob', remark: 'Ébène', tags: ['work', 'football'] }),
  aFriend(3, { nickname: 'Cid', tags: ['workshop'] }),
  aFriend(4, { nickname: 'Dee', pinned: true }),
];

function page(request: Partial<PageRequest> = {}, among = friends): FriendPage {
  const list = new ListInHand({ revision: 7, friends: among, requests: [] });
  return askForPage({ order: 'NAME', limit: 10, ...request }).answer(list);
}

const cursorOf = ({ order, members }: FriendPage, at: number) => writeCursor(order, members[at]!);
const names = ({ friends }: FriendPage) => friends.map((friend) => friend.nickname);

test('a page says what lies before it and after it', () => {
  const first = page({ limit: 2 });
  expect(names(first)).toEqual(['Dee', 'Ann']);
  expect(first).toMatchObject({ revision: 7, totalCount: 4, hasNextPage: true, hasPreviousPage: false });
  const second = page({ limit: 2, after: cursorOf(first, 1) });
  expect(names(second)).toEqual(['Cid', 'Bob']);
  expect(second).toMatchObject({ totalCount: 4, hasNextPage: false, hasPreviousPage: true });
});

test('paging goes on from a friend who has left or moved meanwhile', () => {
  const first = page({ limit: 2 });
  const left = friends.filter((friend) => friend.nickname !== 'Ann');
  expect(names(page({ after: cursorOf(first, 1) }, left))).toEqual(['Cid', 'Bob']);
});

test('text is found in the nickname and in the remark, whatever its case and accents', () => {
  expect(names(page({ text: 'EBE' }))).toEqual(['Bob']);
  expect(names(page({ text: 'bö' }))).toEqual(['Bob']);
  expect(page({ text: 'n' })).toMatchObject({ totalCount: 2 });
  expect(names(page({ text: '小明' }, [aFriend(1, { nickname: '王小明' })]))).toEqual(['王小明']);
});

test('text never matches across the two names', () => {
  expect(names(page({ text: 'bebene' }))).toEqual([]);
  expect(names(page({ text: 'b\tebene' }))).toEqual([]);
});

test('a tag matches only the whole tag', () => {
  expect(names(page({ tag: 'work' }))).toEqual(['Ann', 'Bob']);
  expect(names(page({ tag: 'work', text: 'an' }))).toEqual(['Ann']);
  expect(names(page({ tag: 'wor' }))).toEqual([]);
});

test.each([
  ['Ａｎｎ', 'Ann'],
  ['𝓐𝓷𝓷', 'Ann'],
  ['a\u200bnn', 'Ann'],
  ['ΟΔΟΣ', 'οδός'],
  ['strasse', 'Straße'],
  ['STRAẞE', 'Straße'],
  ['lukasz', 'Łukasz'],
  ['isik', 'IŞIK'],
  ['Işık', 'IŞIK'],
  ['oneil', 'O’Neil'],
  ["o'neil", 'O’Neil'],
  ['fish', 'ﬁsh'],
])('the text %j finds %j', (text, nickname) => {
  expect(names(page({ text }, [aFriend(1, { nickname }), aFriend(2, { nickname: 'Zed' })]))).toEqual([nickname]);
  expect(names(page({ text: nickname }, [aFriend(1, { nickname: text }), aFriend(2, { nickname: 'Zed' })]))).toEqual([
    text,
  ]);
});

test.each(['\u200b', '\ufeff', '\u00ad', '\u3164', '\u2800', '\u0301', "'", '\u0001', '\0'])(
  'the text %j finds nobody',
  (text) => {
    expect(page({ text })).toMatchObject({ totalCount: 0, friends: [] });
  },
);

test('no text, and white space, ask for all', () => {
  expect(['', ' ', '\u3000'].map((text) => page({ text }).totalCount)).toEqual([4, 4, 4]);
});

test('a tag is found composed or not, and what is no tag by nothing', () => {
  const cafe = aFriend(1, { nickname: 'Ann', tags: ['caf\u00e9', 'work'] });
  const decomposed = aFriend(2, { nickname: 'Bob', tags: ['cafe\u0301'] });
  for (const tag of ['caf\u00e9', 'cafe\u0301'])
    expect(names(page({ tag }, [cafe, decomposed]))).toEqual(['Ann', 'Bob']);
  for (const tag of ['', '\0', '\u200b', '\t']) expect(page({ tag }, [cafe, decomposed]).totalCount).toBe(0);
});

test('the cursor of another order is refused by name', () => {
  const cursor = cursorOf(page({ order: 'NEWEST' }), 0);
  expect(() => page({ order: 'NAME', after: cursor })).toThrow(BadPageCursor);
});

test.each([0, -1, 1.5, Number.NaN, 1_001])('a page of %d is no page', (limit) => {
  expect(() => page({ limit })).toThrow(RangeError);
});

describe('what Redis answers', () => {
  const standing = [4, 1, 3].map((number) => friends[number - 1]!);
  const entries = standing.map(writeEntry);
  const members = standing.map((friend, at) => memberOfEntry(entries[at]!, 'NAME', friend.userId));
  const read = (changed: { members?: readonly string[]; entries?: readonly unknown[] }, limit = 2) =>
    askForPage({ order: 'NAME', limit }).read(7, [
      4,
      0,
      (changed.members ?? members).join('\n'),
      [...(changed.entries ?? entries)],
    ]);

  test('is read as the page of a list in hand', () => {
    expect(read({})).toEqual(page({ limit: 2 }));
  });

  test.each([
    ['an entry at another place', { members: members.with(1, `1zzz${members[1]!.slice(members[1]!.indexOf('\0'))}`) }],
    ['another friend at a place', { members: members.with(1, `1ann\0${friends[2]!.userId}`) }],
    ['an entry at another place, behind the page', { members: members.with(2, '1zzz\0x') }],
    ['a member of two lines', { members: members.with(1, `${members[1]}\n`) }],
    ['a member that is no member', { members: members.with(1, 'garbage') }],
    ['a member without an entry', { entries: entries.with(1, null as never) }],
    ['an entry without its keys', { entries: entries.with(1, JSON.stringify(standing[1])) }],
    ['an entry too few', { entries: entries.slice(1) }],
    ['a member too few', { members: members.slice(0, 2) }],
    ['members and no entry', { entries: [] }],
    ['entries and no member', { members: [] }],
  ])('and refused: %s', (_what, changed) => {
    expect(() => read(changed)).toThrow(TypeError);
  });
});
