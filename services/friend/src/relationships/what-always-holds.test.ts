import type { OutboxEvent, SqlConnection } from '@kith/event-delivery';
import { expect, test } from 'vitest';
import type { FriendDetails, FriendRequest, RelationshipState } from '../domain/relationship-state.ts';
import { idOf } from '../view/testing/lists-in-memory.ts';
import { loadPair } from './load-pair.ts';
import { loadRelationships } from './load-relationships.ts';
import { savePair } from './save-pair.ts';
import { rowChangesOf } from './save-relationships.ts';
import { assertLists, assertPair } from './what-always-holds.ts';

const [ANN, BOB, CID] = [idOf(1), idOf(2), idOf(3)];
const PAIR = { viewerId: ANN, otherId: BOB };
const MOMENT = new Date('2026-01-01T00:00:00Z');

const details: FriendDetails = { remark: null, pinned: false, tags: [], since: MOMENT };
const side = (userId: string, over = {}) => ({
  person: { userId, nickname: userId, avatarUrl: null, friendPolicy: 'OPEN' as const },
  ...{ friend: null as FriendDetails | null, blocks: false, friendCount: 0, requestCount: 0, ...over },
});
const request = (fromId: string, toId: string): FriendRequest => ({
  ...{ id: idOf(9), fromId, toId, message: null, remark: null, sentAt: MOMENT, status: 'OPEN', closedAt: null },
});
const state = (viewer = {}, other = {}, openRequest: FriendRequest | null = null): RelationshipState => ({
  ...{ viewer: side(ANN, viewer), other: side(BOB, other), openRequest, declinedAt: null },
});
const figures = (revision: number, over = {}) => ({
  ...{ revision, hiddenChanges: 0, friendCount: 0, requestCount: 0, ...over },
});
const listsAt = (...revisions: number[]) =>
  new Map(revisions.map((revision, at) => [[ANN, BOB, CID][at] as string, figures(revision)]));

/** A database that answers every question with these rows. */
const answering = (...rows: object[]) => ({ query: async () => ({ rows }) }) as unknown as SqlConnection;

test('two who are nothing to each other, friends, and one who asks, are no contradiction', () => {
  assertPair(state(), PAIR);
  assertPair(state({ friend: details }, { friend: details }), PAIR);
  assertPair(state({}, {}, request(BOB, ANN)), PAIR);
  assertPair(state({ blocks: true }, { blocks: true }), PAIR);
});

test.each([
  ['a friendship on one side', 'S2', state({ friend: details })],
  ['a friendship beside a block', 'S3', state({ friend: details, blocks: true }, { friend: details })],
  ['an open request beside a block', 'S3', state({}, { blocks: true }, request(ANN, BOB))],
  ['an open request between friends', 'S4', state({ friend: details }, { friend: details }, request(ANN, BOB))],
  ['an open request to somebody else', 'S5', state({}, {}, request(ANN, CID))],
  ['an open request to oneself', 'S5', state({}, {}, request(ANN, ANN))],
])('%s stops the command (%s)', (_what, invariant, contradiction) => {
  expect(() => assertPair(contradiction, PAIR)).toThrow(expect.objectContaining({ invariant }));
});

test('more or fewer than two lists, as two open requests would make, stop the command (S1)', async () => {
  const broken = { code: 'INVARIANT_BROKEN', invariant: 'S1' };
  await expect(loadPair(answering({}, {}, {}, {}), PAIR)).rejects.toMatchObject(broken);
  await expect(loadPair(answering({}), PAIR)).rejects.toMatchObject(broken);
  const locked = { people: new Map(), lists: new Map() };
  await expect(loadRelationships(answering({}, {}), [PAIR], locked)).rejects.toMatchObject(broken);
});

test('what would save other than two lists stops the command (S6)', async () => {
  const lists = listsAt(1, 1);
  const loaded = { pair: PAIR, people: new Map(), lists, state: state(), request: undefined };
  const after = { lists, changes: rowChangesOf([]), events: [], wakesRelays: false };
  const broken = { invariant: 'S6' };
  await expect(savePair(answering(), loaded, { ...after, lists: listsAt(1, 1, 1) })).rejects.toMatchObject(broken);
  await expect(savePair(answering(), { ...loaded, lists: listsAt(1) }, after)).rejects.toMatchObject(broken);
  const withOneself = { ...loaded, pair: { viewerId: ANN, otherId: ANN } };
  await expect(savePair(answering(), withOneself, after)).rejects.toMatchObject(broken);
});

const event = (ownerId: string, revision: number) => ({ ownerId, revision }) satisfies Partial<OutboxEvent>;

test('lists that follow from their events are no contradiction', () => {
  assertLists(listsAt(4, 0), listsAt(6, 1), [event(ANN, 5), event(BOB, 1), event(ANN, 6)]);
  assertLists(listsAt(4, 0), listsAt(4, 0), []);
});

test.each([
  ['an event of a list that was not loaded', 'S7', listsAt(1, 1), [event(CID, 2)]],
  ['an event that leaves a revision out', 'S8', listsAt(3, 1), [event(ANN, 3)]],
  ['two events with one revision', 'S8', listsAt(2, 1), [event(ANN, 2), event(ANN, 2)]],
  ['a revision that rises without an event', 'S9', listsAt(2, 1), []],
  ['an event whose list does not move', 'S9', listsAt(1, 1), [event(ANN, 2)]],
  ['a count below nothing', 'S10', new Map([[ANN, figures(1, { friendCount: -1 })]]), []],
  ['hidden changes that fall', 'S10', new Map([[ANN, figures(1, { hiddenChanges: -1 })]]), []],
])('%s stops the transaction (%s)', (_what, invariant, now, events) => {
  expect(() => assertLists(listsAt(1, 1), now, events)).toThrow(expect.objectContaining({ invariant }));
});

test('a friendship of other than two sides stops the command (S11)', () => {
  const began = (...userIds: string[]) => ({
    ...{ id: idOf(8), name: 'relationship.friendship-began' as const, occurredAt: MOMENT },
    source: { kind: 'relationship' as const, id: idOf(9) },
    sides: new Map(userIds.map((userId) => [userId, details])),
  });
  expect(rowChangesOf([began(ANN, BOB)]).friends.size).toBe(2);
  for (const sides of [[ANN], [ANN, BOB, CID]]) {
    expect(() => rowChangesOf([began(...sides)])).toThrow(expect.objectContaining({ invariant: 'S11' }));
  }
});
