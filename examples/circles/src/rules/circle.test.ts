import { expect, test } from 'vitest';
import type { Role } from '../contracts/circle-events.ts';
import { type CircleState, join, leave, loseAccount, type Member, remove, rename, setRole } from './circle.ts';
import { circleName } from './circle-name.ts';

const NOW = new Date(1_000);
const LIMITS = { membersPerCircle: 5, circlesPerPerson: 5 };

/** A circle of these people: `{ ann: 'OWNER' }`. */
function circleOf(people: Readonly<Record<string, Role>>, heir?: string): CircleState {
  const members = new Map(
    Object.entries(people).map(([userId, role]): [string, Member] => [userId, { userId, role, joinedAt: new Date(0) }]),
  );
  const owners = [...members.values()].filter(({ role }) => role === 'OWNER');
  const counts = { memberCount: members.size, ownerCount: owners.length };
  return { id: 'c', name: 'Chess', ...counts, members, heir: heir === undefined ? undefined : members.get(heir) };
}

test('who joins is a member; who is in it already changes nothing; a full circle takes nobody', () => {
  expect(join(circleOf({ ann: 'OWNER' }), 'bob', NOW, LIMITS)).toEqual([
    { name: 'joined', member: { userId: 'bob', role: 'MEMBER', joinedAt: NOW } },
  ]);
  expect(join(circleOf({ ann: 'OWNER' }), 'ann', NOW, LIMITS)).toEqual([]);
  const full = { ...circleOf({ ann: 'OWNER' }), memberCount: 5 };
  expect(() => join(full, 'bob', NOW, LIMITS)).toThrow(expect.objectContaining({ code: 'CIRCLE_IS_FULL' }));
});

test('the last owner stays while others do, and leaves as the last', () => {
  const refused = expect.objectContaining({ code: 'LAST_OWNER_MUST_STAY' });
  expect(() => leave(circleOf({ ann: 'OWNER', bob: 'ADMIN' }), 'ann')).toThrow(refused);
  expect(() => setRole(circleOf({ ann: 'OWNER', bob: 'ADMIN' }), 'ann', 'ann', 'MEMBER')).toThrow(refused);
  expect(leave(circleOf({ ann: 'OWNER', bob: 'OWNER' }), 'ann')).toMatchObject([{ name: 'left', reason: 'LEFT' }]);
  expect(leave(circleOf({ ann: 'OWNER' }), 'ann')).toMatchObject([{ name: 'left' }]);
  expect(() => leave(circleOf({ ann: 'OWNER' }), 'bob')).toThrow(expect.objectContaining({ code: 'NOT_A_MEMBER' }));
});

const everybody = circleOf({ owner: 'OWNER', other: 'OWNER', admin: 'ADMIN', second: 'ADMIN', member: 'MEMBER' });
test.each([
  ['owner', 'admin', true],
  ['owner', 'other', true],
  ['admin', 'member', true],
  ['admin', 'second', false],
  ['admin', 'owner', false],
  ['member', 'admin', false],
  ['member', 'other', false],
])('%s removes %s: %s', (by, whom, isAllowed) => {
  const removed = () => remove(everybody, by, whom);
  if (isAllowed) expect(removed()).toMatchObject([{ name: 'left', member: { userId: whom }, reason: 'REMOVED' }]);
  else expect(removed).toThrow(expect.objectContaining({ code: 'ROLE_TOO_LOW' }));
});

test('owners alone give roles, owners and admins names; what is so already changes nothing', () => {
  expect(setRole(everybody, 'owner', 'member', 'ADMIN')).toMatchObject([
    { after: { userId: 'member', role: 'ADMIN' } },
  ]);
  expect(setRole(everybody, 'owner', 'admin', 'ADMIN')).toEqual([]);
  const tooLow = expect.objectContaining({ code: 'ROLE_TOO_LOW' });
  expect(() => setRole(everybody, 'admin', 'member', 'ADMIN')).toThrow(tooLow);
  expect(rename(everybody, 'admin', 'Go')).toEqual([{ name: 'renamed', to: 'Go' }]);
  expect(rename(everybody, 'admin', 'Chess')).toEqual([]);
  expect(() => rename(everybody, 'member', 'Go')).toThrow(tooLow);
  expect(() => rename(everybody, 'stranger', 'Go')).toThrow(expect.objectContaining({ code: 'NOT_A_MEMBER' }));
});

test('a circle whose only owner has no account any more is its heir’s', () => {
  const orphaned = circleOf({ ann: 'OWNER', bob: 'ADMIN', cy: 'MEMBER' }, 'bob');
  expect(loseAccount(orphaned, 'ann')).toMatchObject([
    { name: 'role-changed', after: { userId: 'bob', role: 'OWNER' } },
    { name: 'left', member: { userId: 'ann' }, reason: 'ACCOUNT_GONE' },
  ]);
  expect(loseAccount(orphaned, 'cy')).toMatchObject([{ name: 'left' }]);
  expect(loseAccount(orphaned, 'somebody')).toEqual([]);
});

test.each(['', '   ', 'a\nb', 'a\0b', '\u200b', 'x'.repeat(65), 'x'.repeat(100_000), '\u202eabc'])(
  '%j is no name of a circle',
  (text) => {
    expect(() => circleName(text)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
  },
);

test('a name is trimmed and composed', () => {
  expect(circleName('  Cafe\u0301 ')).toBe('Café');
  expect(circleName('👩‍🚀'.repeat(10))).toBe('👩‍🚀'.repeat(10));
});
