import { NO_ID } from '@kith/event-contracts';
import { expect, test } from 'vitest';
import { isRepeatableAfterTheEnd } from '../subgraph/repeatable-after-the-end.ts';
import { createEndedTokens, type EndedTokens } from './ended-tokens.ts';

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

/** Ids rise with the time: of that second. */
const at = (second: number) => `0197a000-0000-7000-8000-${String(second).padStart(12, '0')}`;
const lost = (above: number, through: number, but: number[] = [], until = 2_000) => ({
  ids: [NO_ID],
  until,
  sessions: { above: at(above), through: at(through), but: but.map(at) },
});
const endedAmong = (ended: EndedTokens, ...seconds: number[]) => seconds.filter((each) => ended.has(session(at(each))));

test('tokens of sessions that a restore has lost have ended: those above the one and through the other, but those it knows', () => {
  const ended = createEndedTokens({ now: () => 1_000 });
  ended.add(lost(10, 20, [12, 19]));
  expect(endedAmong(ended, 9, 10, 11, 12, 13, 19, 20, 21)).toEqual([11, 13, 20]);
  // The placeholder for no user is not the id of any user.
  expect(ended.size).toBe(0);
  ended.add({ ids: [at(12)], until: 2_000 });
  expect(endedAmong(ended, 12, 19)).toEqual([12]);
});

test('of several restores each is remembered, until the last of its tokens would have expired', () => {
  let now = 1_000;
  const ended = createEndedTokens({ now: () => now });
  ended.add(lost(10, 20));
  ended.add(lost(30, 40, [], 3_000));
  expect(endedAmong(ended, 15, 25, 35)).toEqual([15, 35]);
  now = 2_000;
  expect(endedAmong(ended, 15, 25, 35)).toEqual([35]);
});

test('a range that is told again, as it is every time it is asked for, is one, and the last word counts', () => {
  const ended = createEndedTokens({ now: () => 1_000 });
  for (let n = 0; n < 200; n += 1) ended.add(lost(30, 40));
  ended.add(lost(10, 20));
  ended.add(lost(30, 40, [35]));
  expect(endedAmong(ended, 15, 34, 35)).toEqual([15, 34]);
  for (let n = 100; n < 149; n += 1) ended.add(lost(n, n));
  expect(endedAmong(ended, 15, 34)).toEqual([34]);
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
