import { FRIEND_STREAM } from '@kith/event-contracts';
import { askWhetherReady, eventually, type PostgresPair, startPostgresPair } from '@kith/local-servers';
import { migrate } from '@kith/migrations';
import { createLog, createPool } from '@kith/service-kit';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findContradictions } from './testing/find-contradictions.ts';
import { bothWays } from './testing/replay-events.ts';
import {
  type Answer,
  codesOf,
  startFriendServiceForTest,
  type TestFriendService,
} from './testing/start-friend-service-for-test.ts';

const PEOPLE = 10;
const REMARK = 'mutation ($input: UpdateFriendInput!) { updateFriend(input: $input) { friend { remark } listCursor } }';
const ADD = 'mutation ($input: AddFriendInput!) { addFriend(input: $input) { listCursor } }';

let pair: PostgresPair;
let friend: TestFriendService;
/** Wherever the primary is. */
let database: pg.Pool;
const unheard: unknown[] = [];
const keep = (error: unknown) => unheard.push(error);

beforeAll(async () => {
  process.on('uncaughtExceptionMonitor', keep);
  pair = await startPostgresPair({ durable: false });
  await migrate(pair.primary.url('kith_friend'), 'friend');
  const url = pair.url('kith_friend');
  friend = await startFriendServiceForTest({ FRIEND_DATABASE_URL: url });
  database = createPool({ url, name: 'test', log: createLog({ name: 'test', level: 'silent' }), max: 4 });
});
afterAll(async () => {
  process.off('uncaughtExceptionMonitor', keep);
  await database?.end();
  await friend?.stop();
  await pair?.stop();
});

/** Changes come in without end: what was acknowledged last of each friendship, and every code of a refusal. */
function changeRemarks(pairs: readonly (readonly [string, string])[]) {
  const acknowledged = new Map<string, number>();
  const codes = new Set<unknown>();
  let count = 0;
  let over = false;
  const workers = pairs.map(async ([owner, other]) => {
    const ask = await friend.as(owner);
    for (let n = 1; !over; n += 1) {
      const answer: Answer = await ask(REMARK, { variables: { input: { userId: other, remark: `remark ${n}` } } });
      for (const code of codesOf(answer)) codes.add(code);
      if (codesOf(answer).length > 0) continue;
      acknowledged.set(`${owner} ${other}`, n);
      count += 1;
    }
  });
  return {
    acknowledged,
    codes,
    atLeast: (more: number) => {
      const from = count;
      return eventually(`${more} more changes are acknowledged`, () => count >= from + more);
    },
    async end() {
      over = true;
      await Promise.all(workers);
    },
  };
}

async function remarks(): Promise<Map<string, number>> {
  const { rows } = await database.query('SELECT owner_id, friend_id, remark FROM friend');
  return new Map(
    rows.map((row) => [`${row.owner_id} ${row.friend_id}`, Number(/\d+$/.exec(row.remark ?? 'remark 0')?.[0])]),
  );
}

/** Revisions that the stream holds of each list, without those that are there again under the same event. */
async function revisionsInTheStream(): Promise<Map<string, number[]>> {
  const revisions = new Map<string, Map<string, number>>();
  for await (const { payload } of friend.broker.stored(FRIEND_STREAM)) {
    const { id, subject: ownerId, revision } = JSON.parse(Buffer.from(payload).toString());
    revisions.set(ownerId, (revisions.get(ownerId) ?? new Map()).set(id, revision));
  }
  return new Map([...revisions].map(([owner, byEvent]) => [owner, [...byEvent.values()].sort((a, b) => a - b)]));
}

const isPublished = async () =>
  (await database.query('SELECT FROM outbox WHERE published_at IS NULL LIMIT 1')).rowCount === 0;
const timelines = async () => (await database.query('SELECT id FROM timeline')).rows.map(({ id }) => id);
const relayListens = async () =>
  (
    await pair.primary.tell(
      `SELECT FROM pg_stat_activity WHERE application_name = 'outbox-relay-listen' AND query LIKE 'LISTEN%'`,
    )
  ).length === 1;

test('primaries are killed, and their standbys promoted, while changes come in: nothing acknowledged is lost, nothing is doubled', async () => {
  const people = await Promise.all(Array.from({ length: PEOPLE }, () => friend.users.signUp()));
  const pairs = people.flatMap((one, at) => [[one, people[(at + 1) % PEOPLE]!] as const]);
  for (const [one, other] of pairs) {
    expect(codesOf(await (await friend.as(one))(ADD, { variables: { input: { userId: other } } }))).toEqual([]);
  }
  const before = await timelines();
  const changes = changeRemarks(pairs);
  for (let round = 0; round < 2; round += 1) {
    await changes.atLeast(30);
    await pair.primary.kill();
    const atDeath = new Map(changes.acknowledged);
    await pair.promote();
    const found = await pair.primary.tell('SELECT owner_id, friend_id, remark FROM friend', 'kith_friend');
    const kept = new Map(found.map((row) => [`${row.owner_id} ${row.friend_id}`, `${row.remark ?? 'remark 0'}`]));
    const lost = [...atDeath].filter(([who, n]) => Number(/\d+$/.exec(kept.get(who) ?? '')?.[0] ?? -1) < n);
    expect(lost).toEqual([]);
    await changes.atLeast(10);
    await eventually('the relay listens to the new primary', relayListens);
    await pair.rebuildStandby();
  }
  await changes.end();

  expect([...changes.codes].filter((code) => code !== 'SERVICE_UNAVAILABLE')).toEqual([]);
  expect(unheard).toEqual([]);
  await eventually('every event is published', isPublished);
  await eventually('it misses nothing', async () => (await askWhetherReady(friend.url)).missing.length === 0);
  const now = await remarks();
  expect([...changes.acknowledged].filter(([who, n]) => (now.get(who) ?? -1) < n)).toEqual([]);
  expect(await findContradictions(database)).toEqual([]);
  expect(await timelines()).toEqual(before);

  const inTheStream = await revisionsInTheStream();
  for (const one of people) {
    const { rows, events } = await bothWays(database, one);
    expect(rows).toEqual(events);
    expect(inTheStream.get(one)).toEqual(Array.from({ length: rows.revision }, (_, at) => at + 1));
  }
});

test('an old primary that comes back is not written to, though its address comes first', async () => {
  if (pair.primary !== pair.nodes[0]) {
    await pair.primary.kill();
    await pair.promote();
    await pair.rebuildStandby();
  }
  const [one, other] = [await friend.users.signUp(), await friend.users.signUp()];
  const ask = await friend.as(one);
  await eventually(
    'they are friends',
    async () => codesOf(await ask(ADD, { variables: { input: { userId: other } } })).length === 0,
  );
  const before = await timelines();
  await pair.primary.kill();
  await pair.promote();
  await pair.standby.start();
  const changed = (remark: string) => ask(REMARK, { variables: { input: { userId: other, remark } } });
  await eventually('changes are made', async () => codesOf(await changed('after')).length === 0);
  // New connections, while both may be written.
  await friend.restart();
  await eventually('changes are made after a restart', async () => codesOf(await changed('later')).length === 0);
  const remarkAt = async (node: PostgresPair['primary']) =>
    (await node.tell(`SELECT remark FROM friend WHERE owner_id = '${one}'`, 'kith_friend'))[0]?.remark;
  expect([await remarkAt(pair.standby), await remarkAt(pair.primary)]).toEqual([null, 'later']);
  expect(await timelines()).toEqual(before);
});
