import { expect, test } from 'vitest';
import { eventMatches, readPatterns } from './event-pattern.ts';

const KNOWN = ['kith.friend.added', 'kith.friend.removed', 'kith.friend-request.added', 'kith.user.registered'];

test.each([
  ['kith.friend.added', ['kith.friend.added']],
  ['kith.friend.*', ['kith.friend.added', 'kith.friend.removed']],
  ['kith.*.added', ['kith.friend.added', 'kith.friend-request.added']],
  ['kith.*', KNOWN],
  ['*', KNOWN],
])('%s means %j', (pattern, meant) => {
  expect(KNOWN.filter((name) => eventMatches(pattern, name))).toEqual(meant);
});

test.each([
  ...['kith.friend', 'kith.friend.', '.kith', 'kith..added', 'kith.fr*', 'kith.freind.*', 'kith.friend.added.v1'],
  ...['**', 'KITH.friend.*', 'kith.friend.>', '', ' ', 'kith.friend.added.*', '(a+)+$'],
])('"%s" is refused: it is no pattern, or no event fits it', (pattern) => {
  const refused = expect.objectContaining({ code: 'BAD_USER_INPUT', field: 'events' });
  expect(() => readPatterns(['kith.friend.*', pattern], KNOWN)).toThrow(refused);
});

test('patterns are kept once, and there is at least one and at most fifty', () => {
  expect(readPatterns(['*', 'kith.friend.*', '*'], KNOWN)).toEqual(['*', 'kith.friend.*']);
  expect(() => readPatterns([], KNOWN)).toThrow(/Say which events/);
  expect(() =>
    readPatterns(
      Array.from({ length: 51 }, (_, at) => `kith.x${at}`),
      KNOWN,
    ),
  ).toThrow(/At most 50/);
});
