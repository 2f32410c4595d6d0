import { randomUUID } from 'node:crypto';
import { FRIEND_STREAM, liveFriendList } from '@kith/event-contracts';
import type { StoredMessage } from '@kith/event-delivery';
import { followTimeline } from '@kith/live-list';
import { eventually } from '@kith/local-servers';
import { createLog } from '@kith/service-kit';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import {
  type Ask,
  startFriendServiceForTest,
  type TestFriendService,
} from '../testing/start-friend-service-for-test.ts';

const MINUTE_MS = 60_000;

let service: TestFriendService;
let ann: string;
let asAnn: Ask;
beforeAll(async () => {
  service = await startFriendServiceForTest();
});
afterAll(() => service?.stop());
beforeEach(async () => {
  ann = await service.users.signUp();
  asAnn = await service.as(ann);
});

async function befriendSomebody(): Promise<void> {
  const userId = await service.users.signUp({ friendPolicy: 'OPEN' });
  const query = 'mutation ($input: AddFriendInput!) { addFriend(input: $input) { listCursor } }';
  const { errors } = await asAnn(query, { variables: { input: { userId } } });
  expect(errors).toBeUndefined();
}

const timelineStartedAt = async (): Promise<number> =>
  (await service.pool.query('SELECT max(started_at) AS at FROM timeline')).rows[0].at.getTime();

/** The newest event of ann's list in the stream, as if it were of another one, later in the list. */
function eventLike(newest: StoredMessage, { occurredAtMs }: { occurredAtMs: number }) {
  const envelope = JSON.parse(Buffer.from(newest.payload).toString());
  const id = randomUUID();
  const time = new Date(occurredAtMs).toISOString();
  const payload = JSON.stringify({ ...envelope, id, time, revision: envelope.revision + 1 });
  return { subject: newest.subject, id, payload };
}

async function newestOfAnn(): Promise<StoredMessage> {
  return eventually('her event is in the stream', async () => {
    let newest: StoredMessage | undefined;
    for await (const message of service.broker.stored(FRIEND_STREAM, { subject: `friend.*.${ann}` })) newest = message;
    const revision = newest && JSON.parse(Buffer.from(newest.payload).toString()).revision;
    return revision === (await revisionOfAnn()) && newest;
  });
}

/** Where ann's list stands. */
async function revisionOfAnn(): Promise<number> {
  const { rows } = await service.pool.query('SELECT revision FROM friend_list WHERE owner_id = $1', [ann]);
  return Number(rows[0].revision);
}

/** What is announced to ann, in order, once everything until now was. */
async function announcements(): Promise<{ revision: number; friend: { user: { id: string } } }[]> {
  const announced: { revision: number; friend: { user: { id: string } } }[] = [];
  const listening = service.broker.listen(liveFriendList(ann), (payload) => announced.push(JSON.parse(payload).change));
  onTestFinished(() => listening.stop());
  // A subscription at the broker is there once something comes through it.
  await eventually('an announcement', async () => {
    if (announced.length === 0) await befriendSomebody();
    return announced.length > 0;
  });
  const revision = await revisionOfAnn();
  await eventually('all of them', () => announced.at(-1)?.revision === revision);
  announced.length = 0;
  return announced;
}

test.each([
  ['long before this timeline', -24 * 60 * MINUTE_MS],
  ['as this timeline began, by another clock', MINUTE_MS / 2],
])(
  'an event that occurred %s, and that the database does not know, is neither shown nor announced',
  async (_when, afterBeginMs) => {
    const announced = await announcements();
    const lost = eventLike(await newestOfAnn(), { occurredAtMs: (await timelineStartedAt()) + afterBeginMs });
    await service.broker.publish([lost]);
    await befriendSomebody();
    const revision = await revisionOfAnn();
    await eventually('the next change of the list is announced', () => announced.at(-1)?.revision === revision);
    // In the stream the lost one stands before it, with the same revision: what comes first is what is shown.
    const { rows } = await service.pool.query(
      'SELECT friend_id FROM friend WHERE owner_id = $1 ORDER BY since DESC, friend_id DESC LIMIT 1',
      [ann],
    );
    expect(announced.map(({ friend }) => friend.user.id)).toEqual([rows[0].friend_id]);
  },
);

test('of an event that is older than the timeline the outbox is asked, of a later one nobody', async () => {
  await befriendSomebody();
  const log = createLog({ name: 'test', level: 'silent' });
  let asked = 0;
  const query = (...what: Parameters<pg.Pool['query']>) => {
    asked += 1;
    return service.pool.query(...what);
  };
  const counting = Object.assign(Object.create(service.pool), { query }) as pg.Pool;
  const timeline = await followTimeline(counting, log, { lookEveryMs: 10 * MINUTE_MS });
  onTestFinished(() => timeline.stop());
  const startedAt = await timelineStartedAt();
  const at = (afterMs: number) => new Date(startedAt + afterMs);
  const { rows } = await service.pool.query('SELECT event_id FROM outbox WHERE owner_id = $1', [ann]);
  const known = rows[0].event_id;
  const unknown = randomUUID();
  const before = asked;
  const holds = [
    await timeline.holds({ id: known, occurredAt: at(-MINUTE_MS) }),
    await timeline.holds({ id: unknown, occurredAt: at(-MINUTE_MS) }),
    await timeline.holds({ id: known, occurredAt: at(MINUTE_MS) }),
    await timeline.holds({ id: unknown, occurredAt: at(MINUTE_MS) }),
  ];
  expect([holds, asked - before]).toEqual([[true, false, true, false], 4]);
  expect([await timeline.holds({ id: unknown, occurredAt: at(MINUTE_MS + 1) }), asked - before]).toEqual([true, 4]);
});
