import { randomUUID } from 'node:crypto';
import { eventually, type RedisServer, startRedis } from '@kith/local-servers';
import { connectRedis, type RedisConnection } from '@kith/service-kit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { applyToLease, type Lease } from '../lease.ts';
import type { LeaseAnswer, LeaseMessage } from '../lease-messages.ts';
import { createPresenceStore, type PresenceStore } from './presence-store.ts';

/** So long that a busy machine ends no lease. */
const LEASE_MS = 10 * 60 * 1_000;

let server: RedisServer;
let redis: RedisConnection;
let store: PresenceStore;
beforeAll(async () => {
  server = await startRedis();
  redis = connectRedis({ url: server.url, log: { info() {}, warn() {} }, meanwhile: 'the test waits' });
  await eventually('Redis answers', () => redis.connected);
  store = createPresenceStore(redis, { leaseMs: LEASE_MS });
});
afterAll(async () => {
  redis?.close();
  await server?.stop();
});
let lease: string;
beforeEach(() => {
  lease = randomUUID();
});

const message = (seq: number, at: number, here = {}, gone = {}): LeaseMessage => ({
  ...{ v: 1, holder: 'gateway-1', lease, seq, at, here, gone },
});
const key = () => `presence:lease:{${lease}}`;
/** As if its gateway had not been heard of for so long. */
async function age(ms: number): Promise<void> {
  const until = Number(await redis.send('HGET', key(), ':until'));
  await redis.send('HSET', key(), ':until', until - ms);
}
const presenceOf = async (person: string) => (await store.read([person])).get(person);

async function keptLease(): Promise<Lease | undefined> {
  const kept = (await redis.send('HGETALL', key())) as string[];
  if (kept.length === 0) return undefined;
  const entries = kept.flatMap((name, place) => (place % 2 ? [] : [[name, Number(kept[place + 1])] as const]));
  const { ':begun': begunAt, ':until': until, ':seq': seq, ...people } = Object.fromEntries(entries);
  return { begunAt: begunAt!, until: until!, seq: seq!, people: new Map(Object.entries(people)) };
}

/** A lease with these people; answers what was answered last. */
async function begin(...people: string[]): Promise<LeaseAnswer> {
  const { at } = await store.take(message(0, 0));
  return store.take(message(1, at, Object.fromEntries(people.map((person) => [person, 1]))));
}

test('the script decides as the function does, whatever comes', async () => {
  let model: Lease | undefined;
  let lastAt = 0;
  let state = 3;
  // The same steps each time (a linear congruential generator).
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
  const decided = new Map<string, number>();
  for (let step = 0; step < 600; step += 1) {
    const person = `person-${random(4)}`;
    const seq = Math.max(0, (model?.seq ?? 0) + 1 - (random(4) === 0 ? random(4) - 1 : 0));
    const at = Math.max(0, lastAt + (random(8) === 0 ? [-3_600_000, -1_000, 3_600_000][random(3)]! : 0));
    const change = random(2) === 0 ? [{ [person]: 1 + random(3) }, {}] : [{}, { [person]: at }];
    const said = message(seq, at, ...change);
    const answer = await store.take(said);
    const expected = applyToLease(model, said, answer.at, LEASE_MS);
    expect(answer, `step ${step}`).toEqual(expected.answer);
    model = expected.lease;
    lastAt = answer.at;
    const kind = answer.seq === null ? 'refused' : answer.seq === seq ? 'taken' : 'known';
    decided.set(kind, (decided.get(kind) ?? 0) + 1);
    expect(await keptLease()).toEqual(model);
    if (answer.seq !== null || random(3) > 0) continue;
    // Another epoch; the old one is over.
    await age(LEASE_MS);
    lease = randomUUID();
    model = undefined;
  }
  expect([...decided.keys()].sort()).toEqual(['known', 'refused', 'taken']);
});

test('who is in a lease is here, on all sockets of all gateways together; nobody else is', async () => {
  const [ann, bob] = [randomUUID(), randomUUID()];
  await begin(ann);
  lease = randomUUID();
  await begin(ann);
  expect(await presenceOf(ann)).toEqual({ sockets: 2, lastSeenAt: undefined });
  expect(await presenceOf(bob)).toEqual({ sockets: 0, lastSeenAt: undefined });
});

test('who has left was last seen when their gateway says, and later is later', async () => {
  const ann = randomUUID();
  const { at } = await begin(ann);
  await store.take(message(2, at, {}, { [ann]: at - 5_000 }));
  expect(await presenceOf(ann)).toEqual({ sockets: 0, lastSeenAt: at - 5_000 });
  await store.take(message(3, at, { [ann]: 1 }));
  await store.take(message(4, at, {}, { [ann]: at - 9_000 }));
  expect(await presenceOf(ann)).toEqual({ sockets: 0, lastSeenAt: at - 5_000 });
});

test('a gateway that is silent has nobody any more, and its people were last seen when it was heard of', async () => {
  const ann = randomUUID();
  await begin(ann);
  await age(LEASE_MS + 3_000);
  const heardAt = Number(await redis.send('HGET', key(), ':until')) - LEASE_MS;
  expect(await presenceOf(ann)).toEqual({ sockets: 0, lastSeenAt: heardAt });
  await store.sweep();
  expect(await redis.send('EXISTS', key())).toBe(0);
  expect(await redis.send('SISMEMBER', 'presence:leases', lease)).toBe(0);
  expect(await presenceOf(ann)).toEqual({ sockets: 0, lastSeenAt: heardAt });
});

test('a lease that holds is not swept', async () => {
  const ann = randomUUID();
  await begin(ann);
  await store.sweep();
  expect(await presenceOf(ann)).toMatchObject({ sockets: 1 });
});

test('a flushed Redis asks for another lease, and what is said of the old one makes nobody be here', async () => {
  const ann = randomUUID();
  const { at } = await begin(ann);
  await redis.send('DEL', key());
  await redis.send('DEL', 'presence:leases');
  expect(await store.take(message(2, at, { [ann]: 1 }))).toMatchObject({ seq: null });
  expect(await presenceOf(ann)).toMatchObject({ sockets: 0 });
  lease = randomUUID();
  await begin(ann);
  expect(await presenceOf(ann)).toMatchObject({ sockets: 1 });
});

test('where a lease cannot be asked, nobody is said to be away, and who is here in another is', async () => {
  const [ann, bob] = [randomUUID(), randomUUID()];
  await begin(ann);
  lease = randomUUID();
  await begin(bob);
  await redis.send('DEL', key());
  await redis.send('SET', key(), 'no lease');
  expect(await presenceOf(ann)).toMatchObject({ sockets: 1 });
  expect(await presenceOf(bob)).toEqual({ sockets: undefined, lastSeenAt: undefined });
  await redis.send('DEL', key());
});
