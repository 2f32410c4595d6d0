import { describe, expect, test } from 'vitest';
import { cursorsOfKind, cursorsWithoutKind, type ListCursor } from './list-cursor.ts';

const cursor: ListCursor = {
  timeline: '0197a000-0000-4000-8000-000000000001',
  ownerId: '0197a000-0000-7000-8000-00000000000a',
  revision: 42,
  complete: true,
};
const encode = (text: string) => Buffer.from(text).toString('base64url');
const { timeline, ownerId } = cursor;

describe.each([
  ['of a kind', cursorsOfKind('circle-members'), `2:circle-members:${timeline}`],
  ['without a kind', cursorsWithoutKind(), `1:${timeline}`],
])('cursors %s', (_what, cursors, head) => {
  test.each([
    cursor,
    { ...cursor, revision: 0 },
    { ...cursor, complete: false },
    { ...cursor, revision: 999_999_999_999_999 },
  ])('a cursor is read as it was written', (each) => {
    expect(cursors.read(cursors.write(each))).toEqual(each);
  });

  test.each([
    ['nothing', ''],
    ['no base64', '***'],
    ['another version', encode(`${head.replace(/^./, '3')}:${ownerId}:42:c`)],
    ['a negative revision', encode(`${head}:${ownerId}:-1:c`)],
    ['a revision with a leading zero', encode(`${head}:${ownerId}:042:c`)],
    ['a revision beyond exact numbers', encode(`${head}:${ownerId}:9999999999999999:c`)],
    ['a fraction', encode(`${head}:${ownerId}:4.2:c`)],
    ['something behind', encode(`${head}:${ownerId}:42:c:d`)],
    ['a line break behind', encode(`${head}:${ownerId}:42:c\n`)],
    ['an owner that is no id', encode(`${head}:m.e:42:c`)],
    ['a cut one', cursors.write(cursor).slice(0, -4)],
    ['far too long a one', 'A'.repeat(100_000)],
  ])('%s is no cursor of ours', (_, text) => {
    expect(cursors.read(text)).toBeUndefined();
  });
});

test('a cursor of another kind of list is none of this kind, whoever the owner is', () => {
  const [members, own, old] = [cursorsOfKind('circle-members'), cursorsOfKind('own-circles'), cursorsWithoutKind()];
  expect(own.read(members.write(cursor))).toBeUndefined();
  expect(old.read(members.write(cursor))).toBeUndefined();
  expect(members.read(old.write(cursor))).toBeUndefined();
});

test('a cursor that clients kept from before lists had kinds goes on', () => {
  expect(cursorsWithoutKind().read(encode(`1:${timeline}:${ownerId}:42:c`))).toEqual(cursor);
});

test.each(['', 'Friend', 'a.b', 'a:b', '2nd'])('%j is no kind', (kind) => {
  expect(() => cursorsOfKind(kind)).toThrow(RangeError);
});
