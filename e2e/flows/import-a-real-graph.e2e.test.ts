// Longer than other files: steps of one import, which takes long, and each goes on from the one before.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@kith/local-servers';
import { Redis } from 'ioredis';
import type pg from 'pg';
import { Client } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../src/databases/open-database.ts';
import { followFriendList } from '../src/lists/follow-friend-list.ts';
import type { Follower } from '../src/lists/follow-list.ts';
import { contentsOf } from '../src/lists/friend-list-in-postgres.ts';
import { readPage, updateProfile } from '../src/people/friend-operations.ts';
import { type Person, signIn } from '../src/people/person.ts';
import { everythingIsDelivered } from '../src/system/everything-is-delivered.ts';
import { GRAPH, realSocialGraph } from '../src/system/real-social-graph.ts';
import { jsonLines, runKith } from '../src/system/run-kith.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

const PASSWORD = 'imported-people';
/** So many people read their lists before the import ends: their views have to follow it. */
const READERS = 40;
const FRIENDS_WATCHING = 50;
/** Pages of the longest list, read one after the other. */
const PAGE = 50;
const PAGES_READ = 1_000;

// One system and one story: each test goes on where the one before it ended.
let system: SystemForTest;
let userDatabase: pg.Pool;
let redis: Redis;
let graph: string;
let importEndedAt = 0;
/** The person with the most friends, and some of these. */
let hub: Person;
let friendsOfHub: Person[];

beforeAll(async () => {
  system = await startSystemForTest();
  userDatabase = openDatabase(system.userDatabaseUrl);
  redis = new Redis(system.redisUrl);
  graph = await realSocialGraph(system.kithData);
});
afterAll(async () => {
  await userDatabase?.end();
  redis?.disconnect();
  await system?.stop();
});

async function totals() {
  const users = await userDatabase.query(
    'SELECT count(*)::int AS users, (SELECT count(*)::int FROM outbox) AS "userEvents" FROM users',
  );
  const friends = await system.friendDatabase.query(
    `SELECT (SELECT count(*) / 2 FROM friend)::int AS friendships, (SELECT count(*) FROM outbox)::int AS "listEvents",
      (SELECT coalesce(sum(revision), 0) FROM friend_list)::int AS revisions`,
  );
  return { ...users.rows[0], ...friends.rows[0] };
}

async function kithImport(file: string, ...flags: string[]) {
  const { code, stderr, lines } = await kith('import', file, '--password', PASSWORD, ...flags);
  return { code, stderr, summary: lines.at(-1) };
}

async function kith(...args: string[]) {
  const { code, stdout, stderr } = await runKith(system, [...args, '--json']).ended;
  return { code, stderr, lines: jsonLines(stdout) };
}

async function reconcile(...flags: string[]) {
  const { code, stderr, lines } = await kith('events', 'reconcile', ...flags);
  return { code, stderr, differences: lines.flatMap((line) => line.difference ?? []), result: lines.at(-1)?.result };
}

test('an import that is stopped in the middle keeps what it has done', async () => {
  const { child, ended } = runKith(system, ['import', graph, '--password', PASSWORD, '--json']);
  await eventually('a tenth is bound', async () => (await totals()).friendships > GRAPH.friendships / 10, {
    withinMs: 300_000,
  });
  child.kill('SIGKILL');
  expect((await ended).code).toBe('SIGKILL');
  const stopped = await totals();
  expect(stopped.users).toBe(GRAPH.people);
  expect(stopped.friendships).toBeLessThan(GRAPH.friendships);

  const { rows } = await system.friendDatabase.query(
    'SELECT username FROM friend_list JOIN profile ON user_id = owner_id ORDER BY friend_count DESC LIMIT $1',
    [READERS],
  );
  for (const { username } of rows)
    await readPage(await signIn(system.gatewayUrls[0]!, username, PASSWORD), { first: 1 });
});

test('run again it completes: 4,039 users and 88,234 friendships', async () => {
  const before = await totals();
  const startedAt = performance.now();
  const { code, summary } = await kithImport(graph);
  importEndedAt = performance.now();
  expect(code).toBe(0);
  expect(await totals()).toMatchObject({ users: GRAPH.people, friendships: GRAPH.friendships });
  expect(summary).toMatchObject({
    users: { total: GRAPH.people, created: 0 },
    friendships: { lines: GRAPH.friendships, failedCount: 0 },
    badLineCount: 0,
  });
  expect(summary.friendships.bound + summary.friendships.existing).toBe(GRAPH.friendships);
  // What was there already is not counted: it costs less.
  const bound = GRAPH.friendships - before.friendships;
  const perSecond = Math.round(bound / ((importEndedAt - startedAt) / 1000));
  process.stdout.write(
    `import: ${bound} friendships at ${perSecond}/s, by its own account ${summary.friendshipsPerSecond}/s\n`,
  );
});

test('after it every view, stream and copy agrees with Postgres', async () => {
  const sinceImportMs = () => Math.round(performance.now() - importEndedAt);
  await eventually('all events are published and handled', () => everythingIsDelivered(system), {
    withinMs: 600_000,
    everyMs: 250,
  });
  const deliveredAfterMs = sinceImportMs();
  const { code, result, differences } = await reconcile();
  process.stdout.write(
    `delivered ${deliveredAfterMs} ms after the import, compared ${sinceImportMs()} ms after it: ${JSON.stringify(result)}\n`,
  );
  expect({ code, differences }).toEqual({ code: 0, differences: [] });
  expect(result.checked).toMatchObject({
    user: { stream: GRAPH.people },
    friend: { stream: 2 * GRAPH.friendships, copies: GRAPH.people, views: GRAPH.people },
  });
  const views = await redis.keys('*friend-list*meta');
  expect(views.length).toBeGreaterThanOrEqual(READERS);
}, 900_000);

test('run once more it changes nothing', async () => {
  const before = await totals();
  const { code, summary } = await kithImport(graph);
  expect(code).toBe(0);
  expect(summary).toMatchObject({
    users: { created: 0 },
    friendships: { bound: 0, existing: GRAPH.friendships, failedCount: 0 },
  });
  expect(await totals()).toEqual(before);
});

test('bad lines are reported with their number and skipped; with --strict nothing is imported at all', async () => {
  const file = join(system.kithData, 'bad-lines.txt');
  await writeFile(file, '# a comment\n900001 900002\nnonsense\n900001 900001\n\n1 2 knows\n900002;900003\n900001\n');
  const badLines = [3, 4, 6, 8];
  const before = await totals();

  const strict = await kithImport(file, '--strict');
  expect(strict.code).toBe(1);
  expect(strict.summary.badLines.map(({ line }: { line: number }) => line)).toEqual(badLines);
  expect(await totals()).toEqual(before);

  const told = await runKith(system, ['import', file, '--password', PASSWORD]).ended;
  expect(told.code).toBe(0);
  expect(told.stderr.match(/bad-lines\.txt:\d+/g)).toEqual(badLines.map((line) => `bad-lines.txt:${line}`));
  expect(await totals()).toMatchObject({ users: before.users + 3, friendships: before.friendships + 2 });

  expect(
    (await runKith(system, ['import', join(system.kithData, 'no-such-file'), '--password', PASSWORD]).ended).code,
  ).toBe(1);
  expect((await runKith(system, ['import', file]).ended).code).toBe(2);
  expect((await runKith(system, ['import', file, '--password', 'short']).ended).code).toBe(2);
});

test('a subscriber of the person with 1,045 friends gets the whole list in pages of one revision', async () => {
  const { rows } = await system.friendDatabase.query(
    'SELECT username FROM friend_list JOIN profile ON user_id = owner_id ORDER BY friend_count DESC LIMIT 1',
  );
  hub = await signIn(system.gatewayUrls[0]!, rows[0].username, PASSWORD);
  for (const transport of ['websocket', 'sse'] as const) {
    const follower = followFriendList({ gatewayUrls: system.gatewayUrls, token: hub.token, transport });
    await eventually('the snapshot', () => follower.list.snapshots.length === 1);
    expect(follower.list.problems).toEqual([]);
    expect(follower.list.friends.size).toBe(GRAPH.mostFriends);
    expect(follower.list.snapshots[0]!.pages).toBeGreaterThan(1);
    expect(contentsOf(follower.list)).toEqual(contentsOf(await system.friendDatabase.list(hub.id)));
    await follower.stop();
  }
});

test('a page of the longest list is a page, read after read', async () => {
  const client = new Client(system.friend.url);
  const tookMs: number[] = [];
  // Before the measured ones, as many again as warm the service up.
  for (let read = -PAGES_READ / 5; read < PAGES_READ; read += 1) {
    const startedAt = performance.now();
    const { body } = await client.request(pageOfHub());
    const answer = await body.text();
    if (read >= 0) tookMs.push(performance.now() - startedAt);
    expect(JSON.parse(answer).data._entities[0].friends.edges).toHaveLength(PAGE);
  }
  await client.close();
  const [p50, p99] = [quantile(tookMs, 0.5), quantile(tookMs, 0.99)];
  // What it may cost is for `bench list-page` to say.
  process.stdout.write(
    `a page of ${PAGE} of 1,045 friends, ${PAGES_READ} reads at the friend service: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms\n`,
  );
});

/** As the gateway asks for it. */
function pageOfHub() {
  const query = `query ($id: ID!) { _entities(representations: [{ __typename: "User", id: $id }]) { ... on User {
    friends(first: ${PAGE}) { edges { node { remark since user { id nickname avatarUrl } } } } } } }`;
  return {
    path: '/graphql',
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-kith-gateway-key': system.gatewayKey,
      authorization: `Bearer ${hub.token}`,
    },
    body: JSON.stringify({ query, variables: { id: hub.id } }),
  } as const;
}

/** The nearest rank. */
function quantile(values: readonly number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * q) - 1]!;
}

test('a nickname change of that person reaches a subscriber of each of 50 friends, once', async () => {
  const { rows } = await system.friendDatabase.query(
    'SELECT username FROM friend JOIN profile ON user_id = friend_id WHERE owner_id = $1 ORDER BY username LIMIT $2',
    [hub.id, FRIENDS_WATCHING],
  );
  friendsOfHub = [];
  for (const [index, { username }] of rows.entries()) {
    friendsOfHub.push(await signIn(system.gatewayUrls[index % 2]!, username, PASSWORD));
  }
  const followers = friendsOfHub.map(({ token, gatewayUrl }, index): Follower => {
    const transport = index % 4 < 2 ? 'websocket' : 'sse';
    return followFriendList({ gatewayUrls: [gatewayUrl], token, transport, reconnect: false });
  });
  await eventually('50 snapshots', () => followers.every(({ list }) => list.snapshots.length === 1));

  const tookMs: number[] = [];
  for (const nickname of ['The Hub', 'The Hub, renamed']) {
    const sentAt = Date.now();
    await updateProfile(hub, { nickname });
    await eventually('everybody has heard', () =>
      followers.every(({ list }) => list.changes.at(-1)?.friend?.user.nickname === nickname),
    );
    tookMs.push(...followers.map(({ list }) => list.changes.at(-1)!.seenAt - sentAt));
  }
  const [p50, p99] = [quantile(tookMs, 0.5), quantile(tookMs, 0.99)];
  process.stdout.write(
    `nickname to 1,045 lists, ${tookMs.length} pushes from the sending of the mutation: p50 ${p50} ms, p99 ${p99} ms\n`,
  );
  for (const { list, endings } of followers) {
    expect(list.changes.map(({ __typename, friend }) => [__typename, friend!.user.id, friend!.user.nickname])).toEqual([
      ['FriendChanged', hub.id, 'The Hub'],
      ['FriendChanged', hub.id, 'The Hub, renamed'],
    ]);
    expect([list.problems, endings]).toEqual([[], []]);
  }
  await Promise.all(followers.map((follower) => follower.stop()));
});

test('what was tampered with is named: a view, a profile copy, an event of either service', async () => {
  const [viewOwner, copyOf, friendOwner, userOwner] = friendsOfHub.map(({ id }) => id) as [
    string,
    string,
    string,
    string,
  ];
  await readPage(friendsOfHub[0]!);
  const [entriesKey] = await redis.keys(`*{${viewOwner}}*:friends`);
  const entry = await redis.hget(entriesKey!, hub.id);
  await redis.hset(entriesKey!, hub.id, entry!.replace('The Hub, renamed', 'Somebody else'));
  await system.friendDatabase.query("UPDATE profile SET nickname = 'Somebody else' WHERE user_id = $1", [copyOf]);
  const take = 'DELETE FROM outbox WHERE owner_id = $1 AND revision = 1 RETURNING to_json(outbox) AS row';
  const [listEvent, userEvent] = [
    await system.friendDatabase.query(take, [friendOwner]),
    await userDatabase.query(take, [userOwner]),
  ];

  const broken = await reconcile();
  expect(broken.code).toBe(1);
  const named = broken.differences.map(({ service, check, owner }) => [service, check, owner].join(' ')).toSorted();
  // Views of lists that show the tampered copy differ from Postgres too: the views are right, and the copy is not.
  const others = named.filter((name) => name.startsWith('friend views') && !name.endsWith(viewOwner));
  expect(named.filter((name) => !others.includes(name))).toEqual(
    [
      `friend copies ${copyOf}`,
      `friend stream ${friendOwner}`,
      `friend views ${viewOwner}`,
      `user stream ${userOwner}`,
    ].toSorted(),
  );
  expect(broken.result.differences).toBe(named.length);
  expect(broken.differences.find(({ owner }) => owner === viewOwner).detail).toContain(hub.id);

  await redis.hset(entriesKey!, hub.id, entry!);
  const putBack = 'INSERT INTO outbox SELECT * FROM json_populate_record(NULL::outbox, $1)';
  await system.friendDatabase.query(putBack, [JSON.stringify(listEvent.rows[0].row)]);
  await userDatabase.query(putBack, [JSON.stringify(userEvent.rows[0].row)]);
  const { rows } = await userDatabase.query('SELECT nickname FROM users WHERE id = $1', [copyOf]);
  await system.friendDatabase.query('UPDATE profile SET nickname = $1 WHERE user_id = $2', [rows[0].nickname, copyOf]);
  expect(await reconcile()).toMatchObject({ code: 0, differences: [] });
});
