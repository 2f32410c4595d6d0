import { expect, test } from 'vitest';
import { type ListCursor, readListCursor, writeListCursor } from './list-cursor.ts';

const cursor: ListCursor = {
  timeline: '0197a000-0000-4000-8000-000000000001',
  ownerId: '0197a000-0000-7000-8000-00000000000a',
  revision: 42,
  complete: true,
};
const encode = (text: string) => Buffer.from(text).toString('base64url');

test.each([
  cursor,
  { ...cursor, revision: 0 },
  { ...cursor, complete: false },
  { ...cursor, revision: 999_999_999_999_999 },
])('a cursor is read as it was written', (each) => {
  expect(readListCursor(writeListCursor(each))).toEqual(each);
});

const { timeline, ownerId } = cursor;
test.each([
  ['nothing', ''],
  ['no base64', '***'],
  ['another version', encode(`2:${timeline}:${ownerId}:42:c`)],
  ['a negative revision', encode(`1:${timeline}:${ownerId}:-1:c`)],
  ['a revision with a leading zero', encode(`1:${timeline}:${ownerId}:042:c`)],
  ['a revision beyond exact numbers', encode(`1:${timeline}:${ownerId}:9999999999999999:c`)],
  ['a fraction', encode(`1:${timeline}:${ownerId}:4.2:c`)],
  ['something behind', encode(`1:${timeline}:${ownerId}:42:c:d`)],
  ['a line break behind', encode(`1:${timeline}:${ownerId}:42:c\n`)],
  ['an owner that is no id', encode(`1:${timeline}:me:42:c`)],
  ['a cut one', writeListCursor(cursor).slice(0, -4)],
  ['far too long a one', 'A'.repeat(100_000)],
])('%s is no cursor of ours', (_, text) => {
  expect(readListCursor(text)).toBeUndefined();
});
