import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@kith/local-servers';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFriends, updateFriend } from '../src/people/friend-operations.ts';
import { type Person, signUp } from '../src/people/person.ts';
import { commandsOn } from '../src/system/command-kith.ts';
import { runKith } from '../src/system/run-kith.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

const WEBHOOKS = { WEBHOOKS: 'on', WEBHOOK_ALLOW_HTTP: 'on', WEBHOOK_ALLOWED_RANGES: '127.0.0.1' };

let system: SystemForTest;
let kith: ReturnType<typeof commandsOn>['kith'];
let inJson: ReturnType<typeof commandsOn>['inJson'];
let ann: Person;
let bob: Person;
let received = 0;
let endpoint: string;
beforeAll(async () => {
  system = await startSystemForTest({ gateways: 1, env: WEBHOOKS });
  ({ kith, inJson } = commandsOn(system));
  const receiver = createServer((_request, response) => {
    received += 1;
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { lines } = await inJson(`webhooks add http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`);
  endpoint = lines[0].id;
  const gateway = system.gatewayUrls[0] as string;
  ann = await signUp(gateway, 'command_ann', 'Ann');
  bob = await signUp(gateway, 'command_bob', 'Bob');
  await makeFriends(ann, bob);
  await eventually('both accounts and both lists are told of', () => received >= 4);
  return () => void receiver.close();
});
afterAll(() => system?.stop());

async function inDatabase<Row extends pg.QueryResultRow>(url: string, sql: string, values: unknown[] = []) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client.query<Row>(sql, values).finally(() => client.end());
}

const refused = (code: string) => [{ error: { code, message: expect.stringMatching(/\w/) } }];

test('kith events show tells what happened to an owner, in order, of every service or of one', async () => {
  const { code, lines } = await inJson(`events show ${ann.id}`);
  expect(code).toBe(0);
  expect(lines.map(({ service, type }) => [service, type])).toEqual(
    expect.arrayContaining([
      ['user', 'kith.user.registered.v1'],
      ['friend', 'kith.friend.added.v1'],
    ]),
  );
  for (const { ownerId, state, data } of lines) {
    expect({ ownerId, state, data }).toEqual({ ownerId: ann.id, state: 'published', data: expect.any(Object) });
  }
  const only = await inJson(`events show ${ann.id} --service user --type kith.user.`);
  expect(only.lines).toMatchObject([{ type: 'kith.user.registered.v1', revision: 1 }]);
  const { stdout } = await kith(`events show ${ann.id} --service user`);
  expect(stdout).toMatch(/^\S+Z {2}user +kith\.user\.registered\.v1 .+ revision 1 {2}published as \d+\n$/);
  expect((await inJson('events show --since 1h')).lines.length).toBeGreaterThan(lines.length);
  expect(await inJson(`events show ${ann.id} --until 1h`)).toEqual({ code: 1, lines: [{ events: 0 }] });
});

test.each([
  { flag: '--json', line: /"type":"kith\.friend\.changed\.v1"/ },
  { flag: '--type=kith.friend.', line: /kith\.friend\.changed\.v1/ },
])('kith events tail $flag shows what is published, until Ctrl-C', async ({ flag, line }) => {
  const { child, ended } = runKith(system, ['events', 'tail', flag]);
  const said: string[] = [];
  child.stdout?.on('data', (text: string) => said.push(text));
  await eventually('it shows a change', async () => {
    await updateFriend(ann, bob.id, { remark: `of now ${said.length} ${Date.now()}` });
    return line.test(said.join(''));
  });
  child.kill('SIGINT');
  expect((await ended).stderr).toBe('');
});

test('what no broker takes is listed, shown, tried again and dropped; what waits behind it is published then', async () => {
  const add = `INSERT INTO outbox (event_id, owner_id, revision, type, subject, payload, occurred_at)
      VALUES (gen_random_uuid(), $1, $2, 'kith.user.noted.v1', $3, '{"told":"a bad subject"}', now())`;
  await inDatabase(system.userDatabaseUrl, add, ['aside', 1, 'user. .aside']);
  await inDatabase(system.userDatabaseUrl, add, ['aside', 2, 'user.noted.aside']);
  // The relay looks when it is told.
  await inDatabase(system.userDatabaseUrl, `SELECT pg_notify('outbox', '')`);
  const number = await eventually('it is set aside', async () => {
    const { code, lines } = await inJson('events outbox list');
    return code === 1 && lines.length === 1 && (lines[0].outboxId as number);
  });
  expect(await inJson('events outbox list --service friend')).toEqual({ code: 0, lines: [{ setAside: 0 }] });
  expect((await kith('events outbox list')).stdout).toMatch(/user +\d+ {2}kith\.user\.noted\.v1 .+\n.+1 wait behind/);
  expect((await inJson('events status')).code).toBe(1);

  const shown = await inJson(`events outbox show ${number} --service user`);
  expect(shown).toMatchObject({
    code: 0,
    lines: [{ service: 'user', ownerId: 'aside', code: 'BAD_SUBJECT', data: { told: 'a bad subject' } }],
  });
  expect((await kith(`events outbox show ${number} --service user`)).stdout).toMatch(/"told": "a bad subject"/);
  expect(await inJson(`events outbox show ${number} --service friend`)).toEqual({
    code: 1,
    lines: refused('NOT_SET_ASIDE'),
  });

  expect(await inJson('events outbox send aside')).toEqual({ code: 0, lines: [{ sent: { user: 1, friend: 0 } }] });
  await eventually('it is set aside anew', async () => (await inJson('events outbox list')).code === 1);
  const dropped = await inJson(`events outbox drop --number ${number} --service user`);
  expect(dropped).toEqual({ code: 0, lines: [{ dropped: { user: 1 } }] });
  expect(await inJson('events outbox list')).toEqual({ code: 0, lines: [{ setAside: 0 }] });
  await eventually('what waited is published', async () => {
    const { lines } = await inJson('events show aside');
    return lines.map(({ state }) => state).join() === 'dropped,published';
  });
});

test('what consumers give up on is listed, shown, redriven, dropped and on record', async () => {
  const add = `INSERT INTO outbox (event_id, owner_id, revision, type, subject, payload, occurred_at)
      VALUES (gen_random_uuid(), $1, 1, 'kith.user.registered.v1', $2, '{}', now())`;
  await inDatabase(system.userDatabaseUrl, add, ['poison', 'user.registered.poison']);
  await inDatabase(system.userDatabaseUrl, `SELECT pg_notify('outbox', '')`);
  const dead = (await eventually('both consumers gave it up', async () => {
    const { code, lines } = await inJson('events dead list --owner poison');
    return code === 1 && lines.length === 2 && lines;
  })) as { sequence: number; consumer: string }[];
  expect((await kith('events dead list')).stdout).toMatch(/poison/);
  const [letter] = dead.filter(({ consumer }) => consumer === 'friend-profile-copy') as [(typeof dead)[0]];
  expect((await inJson(`events dead show ${letter.sequence}`)).lines).toMatchObject([{ sequence: letter.sequence }]);
  expect((await kith(`events dead show ${letter.sequence}`)).stdout).toMatch(/kith\.user\.registered/);
  const redriven = await inJson(`events dead redrive ${letter.sequence}`);
  expect(redriven).toMatchObject({ code: 0, lines: [{ letter: letter.sequence, outcome: 'redriven' }] });
  await eventually('all are dropped', async () => {
    await inJson('events dead drop --all');
    return (await inJson('events dead list')).code === 0;
  });
  const { lines } = await inJson('events dead history');
  expect(lines.map(({ action }) => action)).toEqual(expect.arrayContaining(['redriven', 'dropped']));
  expect((await kith('events dead history')).stdout).toMatch(/dropped/);
});

test('events that were acknowledged and are in no inbox are named, and repaired by being published again', async () => {
  const everything = await inJson('events reconcile');
  expect(everything).toMatchObject({ code: 0, lines: [{ result: { differences: 0 } }] });
  const gone = await inDatabase<{ event_id: string }>(
    system.friendDatabaseUrl,
    `DELETE FROM inbox WHERE consumer = 'friend-profile-copy' RETURNING event_id`,
  );
  expect(gone.rowCount).toBeGreaterThan(1);
  const named = await inJson('events reconcile');
  expect(named.code).toBe(1);
  const differences = named.lines.flatMap(({ difference }) => difference ?? []);
  expect(differences.map(({ owner }) => owner)).toEqual(expect.arrayContaining([ann.id, bob.id]));
  for (const each of differences) expect(each).toMatchObject({ service: 'friend', check: 'inbox', stream: 'USER' });
  expect((await kith('events reconcile')).stdout).toMatch(/^inbox {2}.+ is acknowledged by friend-profile-copy/m);

  const repaired = await inJson('events reconcile --repair');
  expect(repaired.code).toBe(0);
  expect(repaired.lines.at(-1).result).toMatchObject({ differences: 0, repaired: expect.any(Object) });
});

test('of what its publisher does not know any more an inbox needs nothing', async () => {
  const { rows } = await inDatabase<{ event_id: string }>(
    system.friendDatabaseUrl,
    `DELETE FROM inbox WHERE consumer = 'friend-profile-copy' AND event_id =
        (SELECT event_id FROM inbox WHERE consumer = 'friend-profile-copy' LIMIT 1) RETURNING event_id`,
  );
  const forgotten = rows[0]?.event_id;
  await inDatabase(system.userDatabaseUrl, 'DELETE FROM outbox WHERE event_id = $1', [forgotten]);
  const { lines } = await inJson('events reconcile');
  const differences = lines.flatMap(({ difference }) => difference ?? []);
  expect(differences.filter(({ check }) => check === 'inbox')).toEqual([]);
  expect(differences.length).toBeGreaterThan(0);
  for (const each of differences) expect(each).toMatchObject({ service: 'user', check: 'stream' });
  expect(lines.at(-1).result.checked.friend.givenUp).toBeGreaterThan(0);
});

test('kith webhooks tells of an endpoint in both forms, sends again what was dead, and removes it', async () => {
  expect((await inJson('webhooks list')).lines).toMatchObject([{ id: endpoint, state: 'active' }]);
  expect((await kith('webhooks list')).stdout).toMatch(endpoint);
  const { lines } = await inJson(`webhooks deliveries ${endpoint} --state delivered`);
  expect(lines.length).toBeGreaterThanOrEqual(4);
  expect((await kith(`webhooks deliveries ${endpoint}`)).stdout.split('\n').length).toBeGreaterThan(4);
  expect(await inJson(`webhooks redrive ${endpoint} --all`)).toEqual({ code: 0, lines: [{ redriven: 0 }] });
  expect((await kith(`webhooks redrive ${endpoint} --all`)).stdout).toBe('0 sent again\n');
  expect(await inJson(`webhooks test ${endpoint}`)).toMatchObject({ code: 0, lines: [{ outcome: 'delivered' }] });
  for (const change of ['pause', 'resume', 'remove']) {
    expect(await inJson(`webhooks ${change} ${endpoint}`)).toMatchObject({ code: 0, lines: [expect.any(Object)] });
  }
  expect(await inJson('webhooks list')).toEqual({ code: 0, lines: [{ endpoints: 0 }] });
});
