import { randomUUID } from 'node:crypto';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { natsOptions } from '@kith/event-delivery';
import { eventually } from '@kith/local-servers';
import { Redis } from 'ioredis';
import { connect, type NatsConnection } from 'nats';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { followFriendList } from '../src/lists/follow-friend-list.ts';
import { ask } from '../src/people/ask-gateway.ts';
import { makeFriends, readPage, updateFriend } from '../src/people/friend-operations.ts';
import { PASSWORD, type Person, SIGN_IN, signUp } from '../src/people/person.ts';
import { putIntoStream } from '../src/system/break-event-streams.ts';
import { jsonLines, runKith } from '../src/system/run-kith.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

const isInProcess = process.env.EVENT_BUS === 'in-process';

let system: SystemForTest;
let ann: Person;
let bob: Person;

beforeAll(async () => {
  system = await startSystemForTest({ gateways: 1 });
  const [gatewayUrl] = system.gatewayUrls as [string];
  [ann, bob] = [await signUp(gatewayUrl, 'ann'), await signUp(gatewayUrl, 'bob')];
  await makeFriends(ann, bob);
});
afterAll(() => system?.stop());

const remarksOf = async (person: Person) => (await readPage(person)).friends.map(({ remark }) => remark);

describe.skipIf(isInProcess)('NATS', () => {
  let operator: NatsConnection;
  beforeAll(async () => {
    operator = await connect(natsOptions(system.natsUrl));
  });
  afterAll(() => operator?.close());

  const urlOf = (who: 'user' | 'friend' | 'gateway') => system.access[who].natsUrl;

  /** Whoever cannot even connect has published nothing, either. */
  async function publishAs(url: string, subject: string, payload: string): Promise<void> {
    const forger = await connect({ ...natsOptions(url), reconnect: false }).catch(() => undefined);
    forger?.publish(subject, payload);
    await forger?.flush();
    await forger?.close();
  }

  /** What is really said on a subject while something is done. */
  async function saidOn(subject: string, meanwhile: () => Promise<unknown>): Promise<string> {
    const said: string[] = [];
    const listening = operator.subscribe(subject, { callback: (_error, message) => void said.push(message.string()) });
    await operator.flush();
    await meanwhile();
    await eventually(`something is said on ${subject}`, () => said.length > 0);
    listening.unsubscribe();
    return said[0] as string;
  }

  const stranger = () => `nats://127.0.0.1:${new URL(system.natsUrl).port}`;

  test.each([
    ['a stranger', stranger],
    ['the gateway', () => urlOf('gateway')],
    ['the user service', () => urlOf('user')],
  ])('%s announces a change of a list: its owner sees the real one of that revision', async (_who, url) => {
    const follower = followFriendList({ gatewayUrls: [ann.gatewayUrl], token: ann.token, reconnect: false });
    onTestFinished(() => follower.stop());
    await eventually('the snapshot', () => follower.list.snapshots.length === 1);
    const subject = `live.friend-list.${ann.id}`;
    const real = JSON.parse(await saidOn(subject, () => updateFriend(ann, bob.id, { remark: 'before' })));
    await eventually('the change', () => follower.list.changes.length === 1);
    const forged = { ...real, revision: real.revision + 1, friend: { ...real.friend, remark: 'forged' } };
    await publishAs(url(), subject, JSON.stringify(forged));
    const remark = `real ${randomUUID()}`;
    await updateFriend(ann, bob.id, { remark });
    await eventually('the next change', () => follower.list.changes.length >= 2);
    expect(follower.list.changes.slice(1)).toMatchObject([
      { __typename: 'FriendChanged', revision: real.revision + 1, friend: { remark } },
    ]);
    expect(follower.list.problems).toEqual([]);
  });

  test.each([
    ['a stranger', stranger],
    ['the gateway', () => urlOf('gateway')],
    ['the friend service', () => urlOf('friend')],
  ])('%s says that an account was deleted: nobody loses a friend', async (_who, url) => {
    const leaving = await signUp(ann.gatewayUrl, `leaving_${randomUUID().slice(0, 8)}`);
    const real = await saidOn(`user.deleted.${leaving.id}`, async () => {
      const { errors } = await ask(leaving.gatewayUrl, {
        query: 'mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { __typename } }',
        variables: { input: { password: PASSWORD } },
        token: leaving.token,
      });
      expect(errors).toEqual([]);
    });
    const { id } = JSON.parse(real) as { id: string };
    const forged = real.replaceAll(id, randomUUID()).replaceAll(leaving.id, bob.id);
    await publishAs(url(), `user.deleted.${bob.id}`, forged);
    // What is published now would have been handled by when this is: one stream, one order.
    const later = await signUp(ann.gatewayUrl, `later_${randomUUID().slice(0, 8)}`);
    await makeFriends(ann, later);
    expect((await readPage(ann)).friends.map(({ user }) => user.id)).toContain(bob.id);
  });

  test.each([
    ['a stranger', stranger],
    ['the gateway', () => urlOf('gateway')],
    ['the friend service', () => urlOf('friend')],
  ])('%s says that sessions have ended: no socket closes, and no token is refused', async (_who, url) => {
    const follower = followFriendList({ gatewayUrls: [ann.gatewayUrl], token: ann.token, reconnect: false });
    onTestFinished(() => follower.stop());
    await eventually('the snapshot', () => follower.list.snapshots.length === 1);
    const ended = JSON.stringify({ ids: [ann.id], until: Date.now() + 60_000 });
    await publishAs(url(), 'live.tokens-ended', ended);
    await publishAs(url(), `live.session-ended.${ann.id}`, JSON.stringify({ all: true }));
    await updateFriend(ann, bob.id, { remark: `still here ${randomUUID()}` });
    await eventually('the change', () => follower.list.changes.length === 1);
    expect(follower.endings).toEqual([]);
  });
});

test('what a consumer gave up on is redriven by the service that owns its stream', async () => {
  const kith = async (...args: string[]) => jsonLines((await runKith(system, [...args, '--json']).ended).stdout);
  const subjects = [`user.updated.${randomUUID()}`, `friend.added.${randomUUID()}`];
  for (const subject of subjects) await putIntoStream(system, subject, '{"this is": "no event"}');
  const dead = await eventually('both are dead', async () => {
    const letters = await kith('events', 'dead', 'list');
    return letters.length === 2 && letters;
  });
  expect(dead.map(({ origin }) => origin.stream).sort()).toEqual(['FRIEND', 'USER']);
  const redriven = await kith('events', 'dead', 'redrive', '--all');
  expect(redriven.map(({ outcome }) => outcome)).toEqual(['redriven', 'redriven']);
  await eventually('both are dead again, under other names', async () => {
    const letters = await kith('events', 'dead', 'list');
    const old = new Set(dead.map(({ sequence }) => sequence));
    return letters.length === 2 && letters.every(({ sequence }) => !old.has(sequence));
  });
  const one = (await kith('events', 'dead', 'list'))[0].sequence;
  expect(await kith('events', 'dead', 'redrive', String(one))).toMatchObject([{ letter: one, outcome: 'redriven' }]);
  await eventually('all are dropped', async () => {
    await kith('events', 'dead', 'drop', '--all');
    return (await kith('events', 'dead', 'list'))[0].letters === 0;
  });
});

describe('Redis', () => {
  function open(url: string): Redis {
    const redis = new Redis(url, { enableReadyCheck: false, maxRetriesPerRequest: 0, retryStrategy: () => null });
    redis.on('error', () => undefined);
    onTestFinished(() => redis.disconnect());
    return redis;
  }
  const stranger = () => `redis://127.0.0.1:${new URL(system.redisUrl).port}`;

  test.each([
    ['a stranger', stranger, /NOAUTH/],
    ['a wrong password', () => stranger().replace('redis://', 'redis://friend:wrong@'), /NOAUTH|WRONGPASS/],
    ['the user service', () => system.access.user.redisUrl, /NOPERM/],
  ])('%s writes a remark: the owner is served their own', async (_who, url, refusal) => {
    const remark = `mine ${randomUUID()}`;
    await updateFriend(ann, bob.id, { remark });
    expect(await remarksOf(ann)).toContain(remark);
    const operator = open(system.redisUrl);
    const [key] = await operator.keys(`friend-list:*{${ann.id}}:friends`);
    const entry = (await operator.hget(key as string, bob.id)) as string;
    const friendsKey = key as string;
    const forged = entry.replaceAll(remark, 'forged');
    // One connection each: a client that was refused once gives its connection up.
    await expect(open(url()).hset(friendsKey, bob.id, forged)).rejects.toThrow(refusal);
    await expect(open(url()).hget(friendsKey, bob.id)).rejects.toThrow(refusal);
    await expect(open(url()).eval("return redis.call('DEL', KEYS[1])", 1, friendsKey)).rejects.toThrow(refusal);
    await expect(open(url()).flushall()).rejects.toThrow(refusal);
    expect(await remarksOf(ann)).toContain(remark);
  });

  test.each([
    ['a stranger', stranger, /NOAUTH/],
    ['the friend service', () => system.access.friend.redisUrl, /NOPERM/],
  ])('%s deletes the count of wrong passwords: the limit holds', async (_who, url, refusal) => {
    const person = await signUp(ann.gatewayUrl, `guessed_${randomUUID().slice(0, 8)}`);
    const guess = async () => {
      const variables = { input: { username: person.username, password: 'a wrong guess' } };
      const { errors } = await ask(person.gatewayUrl, { query: SIGN_IN, variables });
      return errors[0]?.extensions?.code;
    };
    const codes = [];
    for (let n = 0; n < 11; n += 1) codes.push(await guess());
    expect(codes.at(-1)).toBe('RATE_LIMITED');
    const counts = await open(system.redisUrl).keys('kith:attempts:*');
    expect(counts.length).toBeGreaterThan(0);
    await expect(open(url()).del(...counts)).rejects.toThrow(refusal);
    await expect(open(url()).flushdb()).rejects.toThrow(refusal);
    expect(await guess()).toBe('RATE_LIMITED');
  });
});

describe('Postgres', () => {
  async function connecting(url: string): Promise<string> {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return 'let in';
    } catch (error) {
      return (error as { code: string }).code;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  const WRONG_PASSWORD = '28P01';
  const MAY_NOT_CONNECT = '42501';

  test('each service opens its own database and no other, and a stranger none', async () => {
    const { user, friend } = system.access;
    const elsewhere = (url: string, database: string) => url.replace(/\/[^/]*$/, `/${database}`);
    expect({
      user: await connecting(user.databaseUrl),
      friend: await connecting(friend.databaseUrl),
      'user at friend': await connecting(elsewhere(user.databaseUrl, 'kith_friend')),
      'friend at user': await connecting(elsewhere(friend.databaseUrl, 'kith_user')),
      stranger: await connecting(user.databaseUrl.replace(/\/\/.*@/, '//kith_user:wrong@')),
      'stranger as superuser': await connecting(system.userDatabaseUrl.replace(/\/\/.*@/, '//postgres:wrong@')),
    }).toEqual({
      user: 'let in',
      friend: 'let in',
      'user at friend': MAY_NOT_CONNECT,
      'friend at user': MAY_NOT_CONNECT,
      stranger: WRONG_PASSWORD,
      'stranger as superuser': WRONG_PASSWORD,
    });
  });
});

test('all files of the data folder are for their owner alone', async () => {
  async function openToOthers(path: string): Promise<string[]> {
    const found = await lstat(path).catch(() => undefined);
    if (!found || found.isSymbolicLink()) return [];
    const inside = found.isDirectory() ? await readdir(path) : [];
    const below = await Promise.all(inside.map((name) => openToOthers(join(path, name))));
    return [...((found.mode & 0o077) === 0 ? [] : [`${path} ${found.mode.toString(8)}`]), ...below.flat()];
  }
  expect(await openToOthers(system.kithData)).toEqual([]);
});
