import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  ANNOUNCEMENT_VERSION,
  friendListAnnouncementSchema,
  isFriendListAnnouncement,
} from './friend-list-announcement.ts';

/** As it was announced once, one of each kind. Never edited: a gateway may be older, or newer, than the service. */
const samples = JSON.parse(
  readFileSync(new URL('../../announcement-samples/friend-list.v1.json', import.meta.url), 'utf8'),
) as readonly ({ __typename: string; v: number } & Record<string, unknown>)[];

test('there is a sample of each kind in the newest version', () => {
  const kinds = friendListAnnouncementSchema.options.map(({ shape }) => shape.__typename.value);
  expect(samples.map(({ __typename }) => __typename).sort()).toEqual(kinds.sort());
  expect(new Set(samples.map(({ v }) => v))).toEqual(new Set([ANNOUNCEMENT_VERSION]));
});

describe.each(samples)('a $__typename', (announced) => {
  test('is read, with what a later version adds to it', () => {
    expect(isFriendListAnnouncement(announced)).toBe(true);
    expect(isFriendListAnnouncement({ ...announced, new: 1 })).toBe(true);
  });

  test('is read as it was announced before versions were written, and not in a version that is not known here', () => {
    const { v: _, ...unversioned } = announced;
    expect(isFriendListAnnouncement(unversioned)).toBe(true);
    expect(isFriendListAnnouncement({ ...announced, v: ANNOUNCEMENT_VERSION + 1 })).toBe(false);
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
    expect(isFriendListAnnouncement(spoilt)).toBe(false);
  });
});

test.each([undefined, null, 'text', 7, [], {}, { ...samples[0], __typename: 'FriendListSnapshot' }])(
  '%j is not',
  (value) => {
    expect(isFriendListAnnouncement(value)).toBe(false);
  },
);

test.each([0, -1, 1.5, '1', Number.NaN])('a revision of %j is not', (revision) => {
  expect(isFriendListAnnouncement({ ...samples[0], revision })).toBe(false);
});

/** Of every object and value in it, but for the type names inside, which nobody reads. */
function pathsIn(value: object, before = ''): string[] {
  return Object.entries(value).flatMap(([key, inner]) => {
    if ((before && key === '__typename') || key === 'v') return [];
    const inside = typeof inner === 'object' && inner !== null ? pathsIn(inner, `${before}${key}.`) : [];
    return [`${before}${key}`, ...inside];
  });
}
