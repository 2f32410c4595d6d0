import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@kith/local';
import { Redis } from 'ioredis';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { changeLists } from './src/change-lists.ts';
import { type Follower, followFriendList } from './src/follow-friend-list.ts';
import { contentsOf } from './src/friend-list-in-postgres.ts';
import { addFriend, readWholeList, updateProfile } from './src/friend-operations.ts';
import { openDatabase } from './src/open-database.ts';
import { type Person, signUp } from './src/person.ts';
import { jsonLines, runKith } from './src/run-kith.ts';
import { type Random, seededRandom } from './src/seeded-random.ts';
import { type SystemForTest, startSystemForTest } from './src/start-system-for-test.ts';

// A long hunt: HUNT_SECONDS=600 HUNT_CLIENTS=200 HUNT_LISTS=20 pnpm test --project e2e hole-hunting
const number = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);
const SECONDS = number('HUNT_SECONDS', 20);
const CLIENTS = number('HUNT_CLIENTS', 40);
const LISTS = number('HUNT_LISTS', 8);
const OPEN_PEOPLE = 10;
const RESERVED_PEOPLE = 3;
/** After the last fault has ended and the last change was answered. */
const CAUGHT_UP_WITHIN_MS = number('HUNT_CAUGHT_UP_WITHIN_MS', 10_000);

let system: SystemForTest;
let redis: Redis;
let userDatabase: pg.Pool;

beforeAll(async () => {
  // Nobody's token expires during the longest hunt.
  system = await startSystemForTest({ env: { ACCESS_TOKEN_TTL_S: '86400' } });
  redis = new Redis(system.redisUrl);
  userDatabase = openDatabase(system.userDatabaseUrl);
  // The server is killed on purpose.
  redis.on('error', () => undefined);
});
afterAll(async () => {
  redis?.disconnect();
  await userDatabase?.end();
  await system?.stop();
});

test(
  'whatever breaks, every client ends with the list in Postgres, and saw each change once and in order',
  async () => {
    const random = seededRandom('hole hunting');
    const { owners, open, reserved } = await newPeople();
    const clients = Array.from({ length: CLIENTS }, (_, index) => ({
      owner: owners[index % LISTS]!,
      follower: followFriendList({
        gatewayUrls: Math.floor(index / LISTS) % 2 === 0 ? system.gatewayUrls : system.gatewayUrls.toReversed(),
        token: owners[index % LISTS]!.token,
        transport: Math.floor(index / LISTS / 2) % 2 === 0 ? 'websocket' : 'sse',
      }),
    }));
    const followers = clients.map(({ follower }) => follower);
    await eventually('every client has its snapshot', () => followers.every(({ list }) => list.snapshots.length > 0));

    const { gatewayUrls } = system;
    const changing = changeLists({ gatewayUrls, owners, open, reserved, random, everyMs: 50 });
    const faults = await breakThingsFor(SECONDS * 1_000, followers, random);
    await changing.stop();
    const endedAt = performance.now();

    // A nickname that was answered may still be on its way into the lists: they stand still when every copy is up to date.
    await eventually('every list has every nickname', allNicknamesCopied, { withinMs: CAUGHT_UP_WITHIN_MS });
    const lists = owners.map(async ({ id }) => [id, await system.friendDatabase.list(id)] as const);
    const stored = new Map(await Promise.all(lists));
    await eventually(
      'every client is where Postgres is',
      () => {
        const behind = clients.filter(
          ({ owner, follower }) => follower.list.revision !== stored.get(owner.id)!.revision,
        );
        const [first] = behind;
        if (!first) return true;
        const { list, gatewayUrl, endings } = first.follower;
        throw new Error(
          `${behind.length} are not; one of ${first.owner.username}’s at ${gatewayUrl} stands at ${list.revision} of ${stored.get(first.owner.id)!.revision} after ${JSON.stringify(endings.at(-1))}`,
        );
      },
      { withinMs: CAUGHT_UP_WITHIN_MS },
    );
    const caughtUpMs = Math.round(performance.now() - endedAt);

    for (const { owner, follower } of clients) {
      const { list } = follower;
      expect(list.problems).toEqual([]);
      expect(contentsOf(list)).toEqual(contentsOf(stored.get(owner.id)!));
      // The cursors of a list that nobody restored from a backup and whose history is kept are good for ever.
      expect(list.snapshots.map(({ reason }) => reason)).toEqual(['SUBSCRIBED']);
      expect(list.changes).toHaveLength(list.revision! - list.snapshots[0]!.revision);
    }
    for (const owner of owners) {
      const listed = await readWholeList(owner);
      expect(new Map(listed.map((friend) => [friend.user.id, friend]))).toEqual(stored.get(owner.id)!.friends);
    }
    report({ faults, clients: followers, caughtUpMs, counts: changing.counts });
    await Promise.all(followers.map((follower) => follower.stop()));

    const reconciled = await eventually(
      'nothing differs anywhere',
      async () => {
        const { code, stdout, stderr } = await runKith(system, ['events', 'reconcile', '--json']).ended;
        if (code !== 0) throw new Error(`${stdout.split('\n').slice(0, 3).join(' ')} ${stderr}`);
        return jsonLines(stdout).at(-1);
      },
      { withinMs: 30_000 },
    );
    expect(reconciled.result.differences).toBe(0);
  },
  (SECONDS + 200) * 1_000,
);

async function allNicknamesCopied(): Promise<boolean> {
  const { rows: users } = await userDatabase.query('SELECT id, version FROM users');
  const { rows: copies } = await system.friendDatabase.query('SELECT user_id, version FROM profile');
  const versionOf = new Map(copies.map(({ user_id, version }) => [user_id, version]));
  return users.every(({ id, version }) => versionOf.get(id) === version);
}

async function newPeople(): Promise<{ owners: Person[]; open: Person[]; reserved: Person[] }> {
  // One after the other: a password costs the service more than anything else does.
  const signUpAll = async (count: number, name: string) => {
    const people: Person[] = [];
    for (let n = 0; n < count; n += 1) people.push(await signUp(system.gatewayUrls[n % 2]!, `${name}_${n}`));
    return people;
  };
  const [owners, open, reserved] = [
    await signUpAll(LISTS, 'owner'),
    await signUpAll(OPEN_PEOPLE, 'open'),
    await signUpAll(RESERVED_PEOPLE, 'reserved'),
  ];
  for (const person of [...owners, ...open]) await updateProfile(person, { friendPolicy: 'OPEN' });
  await eventually('the friend service knows who is open', async () => {
    const { rows } = await system.friendDatabase.query("SELECT FROM profile WHERE friend_policy = 'OPEN'");
    return rows.length === LISTS + OPEN_PEOPLE;
  });
  for (const owner of owners) {
    for (const person of open.slice(0, OPEN_PEOPLE / 2)) await addFriend(owner, person.id);
  }
  return { owners, open, reserved };
}

/** One fault after the other, each mended before the next. Answers how often each was made. */
async function breakThingsFor(
  forMs: number,
  followers: readonly Follower[],
  random: Random,
): Promise<Map<string, number>> {
  const { gateways, friend, user, nats, redis: redisServer, postgres } = system;
  const some = (share: number) => followers.filter(() => random.next() < share);
  const restart = async (
    how: 'kill' | 'stop',
    broken: { kill(): Promise<void>; stop(): Promise<void>; start(): Promise<void> },
  ) => {
    await broken[how]();
    await broken.start();
  };
  const freeze = async (frozen: { pause(): void; resume(): void }) => {
    frozen.pause();
    await delay(random.between(200, 3_000));
    frozen.resume();
  };
  const faults: Record<string, () => Promise<unknown> | unknown> = {
    'gateway killed': () => restart('kill', random.pick(gateways)),
    'gateway stopped': () => restart('stop', random.pick(gateways)),
    'friend service killed': () => restart('kill', friend),
    'friend service stopped': () => restart('stop', friend),
    'friend service frozen': () => freeze(friend),
    'user service killed': () => restart('kill', user),
    'NATS restarted': () => restart('stop', nats),
    'NATS killed': () => restart('kill', nats),
    'NATS frozen': () => freeze(nats),
    'Redis flushed': () => redis.flushall().catch(() => undefined),
    'Redis killed': () => restart('kill', redisServer),
    'Postgres killed': () => restart('kill', postgres),
    'sockets cut': () => {
      for (const follower of some(0.3)) follower.cut();
    },
    'clients stalled': async () => {
      const stalled = some(0.3);
      for (const follower of stalled) follower.stall();
      await delay(random.between(200, 2_000));
      for (const follower of stalled) follower.readOn();
    },
  };
  const made = new Map<string, number>();
  const until = performance.now() + forMs;
  // Each at least once, in an order drawn anew, for as long as there is time.
  for (let left: string[] = []; performance.now() < until; ) {
    if (left.length === 0) left = Object.keys(faults);
    const [name] = left.splice(random.between(0, left.length - 1), 1) as [string];
    await faults[name]!();
    made.set(name, (made.get(name) ?? 0) + 1);
    await delay(random.between(0, 300));
  }
  return made;
}

function report(hunt: {
  faults: ReadonlyMap<string, number>;
  clients: readonly Follower[];
  caughtUpMs: number;
  counts: { answered: number; overtaken: number; retried: number };
}): void {
  const { faults, clients, caughtUpMs, counts } = hunt;
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  process.stdout.write(
    `${[
      `hole hunting: ${CLIENTS} clients on 2 gateways, ${LISTS} lists, ${SECONDS} s`,
      `  faults        ${[...faults].map(([name, times]) => `${name} ${times}`).join(', ')}`,
      `  mutations     ${counts.answered} answered, ${counts.retried} retries, ${counts.overtaken} overtaken`,
      `  pushed        ${sum(clients.map(({ list }) => list.changes.length))} changes, each once and in order`,
      `  reconnects    ${sum(clients.map(({ endings }) => endings.length))}`,
      `  caught up     ${caughtUpMs} ms after the last change was answered`,
    ].join('\n')}\n`,
  );
}
