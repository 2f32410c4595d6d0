import { describe, expect, test } from 'vitest';
import { isAnnouncedChange } from './friend-list-change.ts';

const user = { __typename: 'User', id: 'u1', nickname: 'Ada', avatarUrl: null };
const friend = { user, remark: null, displayName: 'Ada', pinned: true, tags: ['a'], since: '2026-01-01T00:00:00.000Z' };
const request = { id: 'r1', from: user, to: user, message: 'hello', sentAt: '2026-01-01T00:00:00.000Z' };
const change = { cursor: 'c', revision: 1, occurredAt: '2026-01-01T00:00:00.000Z' };

describe.each([
  { __typename: 'FriendAdded', ...change, friend },
  { __typename: 'FriendChanged', ...change, friend },
  { __typename: 'FriendRemoved', ...change, userId: 'u1' },
  { __typename: 'FriendRequestAdded', ...change, request },
  { __typename: 'FriendRequestClosed', ...change, requestId: 'r1', outcome: 'DECLINED' },
])('a $__typename', (announced) => {
  test('is read, with what a later version adds to it', () => {
    expect(isAnnouncedChange(announced)).toBe(true);
    expect(isAnnouncedChange({ ...announced, new: 1 })).toBe(true);
  });

  test.each(
    pathsIn(announced).flatMap((path) => [
      { path, wrong: undefined },
      { path, wrong: { an: 'object' } },
    ]),
  )('with $path: $wrong is not', ({ path, wrong }) => {
    const spoilt = structuredClone(announced);
    const keys = path.split('.');
    const last = keys.pop()!;
    const holder = keys.reduce<Record<string, unknown>>((value, key) => value[key] as never, spoilt);
    holder[last] = wrong;
    expect(isAnnouncedChange(spoilt)).toBe(false);
  });
});

test.each([undefined, null, 'text', 7, [], {}, { __typename: 'FriendListSnapshot', ...change }])(
  '%j is not',
  (value) => {
    expect(isAnnouncedChange(value)).toBe(false);
  },
);

test.each([0, -1, 1.5, '1', Number.NaN])('a revision of %j is not', (revision) => {
  expect(isAnnouncedChange({ __typename: 'FriendRemoved', ...change, userId: 'u1', revision })).toBe(false);
});

/** Of every object and value in it, but for the type names inside, which nobody reads. */
function pathsIn(value: object, before = ''): string[] {
  return Object.entries(value).flatMap(([key, inner]) => {
    if (before && key === '__typename') return [];
    const inside = typeof inner === 'object' && inner !== null ? pathsIn(inner, `${before}${key}.`) : [];
    return [`${before}${key}`, ...inside];
  });
}
