import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LIVE_ANNOUNCEMENT_VERSION, readAnnouncement, writeAnnouncement } from './live-announcement.ts';

const samplesOf = (file: string) =>
  JSON.parse(readFileSync(new URL(`../../announcement-samples/${file}`, import.meta.url), 'utf8'));

/** As it was announced once. Never edited: a gateway may be older, or newer, than the service. */
const samples = samplesOf('live.v2.json') as readonly Record<string, unknown>[];

const text = (value: unknown) => JSON.stringify(value);

describe.each(samples)('an announcement of $kind', (announced) => {
  const list = { kind: String(announced.kind), owner: String(announced.owner) };

  test('is read, with what a later version adds to it', () => {
    const heard = { timeline: announced.timeline, change: announced.change, recheck: announced.recheck === true };
    expect(readAnnouncement(text(announced), list)).toEqual(heard);
    expect(readAnnouncement(text({ ...announced, digest: 'later' }), list)).toEqual(heard);
  });

  test('is of its own list alone', () => {
    expect(readAnnouncement(text(announced), { ...list, kind: 'another' })).toBeUndefined();
    expect(readAnnouncement(text(announced), { ...list, owner: 'another' })).toBeUndefined();
  });

  test.each([
    { v: 3 },
    { v: undefined, kind: 7 },
    { timeline: undefined },
    { revision: 0 },
    { revision: 9 },
    { occurredAt: 1 },
    { change: null },
    { change: { cursor: 'c', revision: 6 } },
    { change: { __typename: 'X', revision: 6 } },
    { change: { __typename: 'X', cursor: 'c' } },
  ])('with %j is none', (wrong) => {
    expect(readAnnouncement(text({ ...announced, ...wrong }), list)).toBeUndefined();
  });
});

test('what was announced before the contract was one for all lists is read', () => {
  const [before] = samplesOf('friend-list.v1.json');
  expect(readAnnouncement(text(before), { kind: 'friend-list', owner: 'x' })?.change).toEqual(before);
  const { v: _, ...unversioned } = before;
  expect(readAnnouncement(text(unversioned), { kind: 'friend-list', owner: 'x' })?.change).toEqual(unversioned);
  expect(readAnnouncement(text(before), { kind: 'circle-members', owner: 'x' })).toBeUndefined();
});

test.each(['', 'no JSON', 'null', '7', '[]', '{}'])('%j is none', (payload) => {
  expect(readAnnouncement(payload, { kind: 'friend-list', owner: 'x' })).toBeUndefined();
});

test('what is written is read, in both forms', () => {
  const list = { kind: 'friend-list', owner: 'ann', timeline: 't' };
  const change = { __typename: 'FriendRemoved', cursor: 'c', revision: 3, occurredAt: 'now', userId: 'bob' };
  expect(JSON.parse(writeAnnouncement(list, change))).toEqual({
    ...{ v: LIVE_ANNOUNCEMENT_VERSION, ...list },
    ...{ revision: 3, occurredAt: 'now', change },
  });
  expect(readAnnouncement(writeAnnouncement(list, change), list)).toEqual({ timeline: 't', change, recheck: false });
  expect(JSON.parse(writeAnnouncement(list, change, 1))).toEqual({ v: 1, ...change });
});
