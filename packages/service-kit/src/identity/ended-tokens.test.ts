import { expect, test } from 'vitest';
import { isRepeatableAfterTheEnd } from '../subgraph/repeatable-after-the-end.ts';
import { createEndedTokens } from './ended-tokens.ts';

const session = (sessionId: string, userId = 'u1') => ({ sessionId, userId });

test('a token of an ended session or a deleted user has ended, until it would have expired', () => {
  let now = 1_000;
  const ended = createEndedTokens({ now: () => now });
  ended.add({ ids: ['s1'], until: 2_000 });
  ended.add({ ids: ['u2'], until: 2_000 });
  expect([ended.has(session('s1')), ended.has(session('s2')), ended.has(session('s3', 'u2'))]).toEqual([
    true,
    false,
    true,
  ]);
  now = 2_000;
  expect(ended.has(session('s1'))).toBe(false);
  ended.add({ ids: ['s4'], until: 3_000 });
  expect(ended.size).toBe(1);
});

test('it never grows beyond its bound, and forgets what is next to expire', () => {
  const ended = createEndedTokens({ maxRemembered: 100, now: () => 0 });
  for (let n = 0; n < 1_000; n += 1) ended.add({ ids: [`s${n}`], until: 1_000 + n });
  expect(ended.size).toBe(100);
  expect([ended.has(session('s899')), ended.has(session('s900')), ended.has(session('s999'))]).toEqual([
    false,
    true,
    true,
  ]);
});

test.each([
  ['mutation { signOut(input: {refreshToken: "x"}) { signedOut } }', true],
  ['mutation ($i: DeleteAccountInput!) { gone: deleteAccount(input: $i) { deleted } }', true],
  ['{ me { id } }', false],
  ['mutation { signOut(input: {refreshToken: "x"}) { signedOut } updateProfile(input: {}) { user { id } } }', false],
  ['mutation { ...F } fragment F on Mutation { updateProfile(input: {}) { user { id } } }', false],
  ['mutation A { signOut(input: {refreshToken: "x"}) { signedOut } } query B { me { id } }', false],
  ['mutation {', false],
  [undefined, false],
])('%s may be repeated after the end: %s', (query, expected) => {
  expect(isRepeatableAfterTheEnd(query)).toBe(expected);
});
