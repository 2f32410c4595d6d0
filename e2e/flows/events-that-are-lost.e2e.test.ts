import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@kith/local-servers';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../src/databases/open-database.ts';
import { loseStreams, putIntoStream } from '../src/system/break-event-streams.ts';
import { everythingIsDelivered } from '../src/system/everything-is-delivered.ts';
import { scaleFreeGraph } from '../src/system/real-social-graph.ts';
import { jsonLines, runKith } from '../src/system/run-kith.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

/** Some batches of everything: of the relay, of what is compared, of what is filled again. */
const FRIENDSHIPS = 6_000;

let system: SystemForTest;
let userDatabase: pg.Pool;
beforeAll(async () => {
  system = await startSystemForTest({ gateways: 1 });
  userDatabase = openDatabase(system.userDatabaseUrl);
  const graph = join(system.kithData, 'part-of-a-graph.txt');
  const lines = scaleFreeGraph().slice(-FRIENDSHIPS);
  await writeFile(graph, lines.map(([a, b]) => `${a} ${b}\n`).join(''));
  const { code, lines: said } = await kith('import', graph, '--password', 'imported-people');
  expect([code, said.at(-1).friendships]).toEqual([0, expect.objectContaining({ bound: FRIENDSHIPS, failedCount: 0 })]);
  await eventually('all events are published and handled', () => everythingIsDelivered(system));
});
afterAll(async () => {
  await userDatabase?.end();
  await system?.stop();
});

async function kith(...args: string[]) {
  const { code, stdout, stderr } = await runKith(system, [...args, '--json']).ended;
  return { code, stderr, lines: jsonLines(stdout) };
}

async function reconcile() {
  const { code, lines } = await kith('events', 'reconcile');
  return { code, result: lines.at(-1)?.result };
}

test('a stream that was deleted comes back out of the outboxes by itself, and whatever was behind with it', async () => {
  // What is not in the stream any more, although it is said to be published; views and copies that fell behind.
  const { friendDatabase } = system;
  const { rows: counted } = await userDatabase.query('SELECT count(*)::int AS events FROM outbox');
  const stored = counted[0].events;
  const { rows: copies } = await friendDatabase.query('SELECT user_id FROM profile ORDER BY user_id LIMIT 10');
  const lost = copies.map((row) => row.user_id);
  await loseStreams(system, async () => {
    await friendDatabase.query('DELETE FROM profile WHERE user_id = ANY($1)', [lost]);
    await friendDatabase.query("DELETE FROM inbox WHERE consumer = 'friend-profile-copy'");
  });
  await eventually('nothing differs any more', async () => (await reconcile()).result?.differences === 0, {
    withinMs: 300_000,
    everyMs: 500,
  });
  const { rows: back } = await friendDatabase.query('SELECT FROM profile WHERE user_id = ANY($1)', [lost]);
  expect(back).toHaveLength(lost.length);

  // Once more by command, as after a loss that nobody could see, is harmless.
  const republished = await kith('events', 'republish', '--since', '1d');
  expect(republished.code).toBe(0);
  expect(republished.lines[0].republished).toMatchObject({ user: stored });
  expect(republished.lines[0].republished.friend).toBeGreaterThanOrEqual(2 * FRIENDSHIPS);
  await eventually('everything is published and handled', () => everythingIsDelivered(system));
  expect(await reconcile()).toMatchObject({ code: 0, result: { differences: 0 } });
});

test('an event that a consumer gave up on is seen, and redriven, with the command', async () => {
  const subject = 'friend.added.00000000-0000-7000-8000-000000000000';
  await putIntoStream(system, subject, '{"this is": "no event');
  const letter = await eventually('it is dead', async () => {
    const { code, lines } = await kith('events', 'dead', 'list');
    return code === 1 && lines[0];
  });
  expect(letter).toMatchObject({ consumer: 'friend-list-view', reason: 'MALFORMED_ENVELOPE', origin: { subject } });
  const status = await kith('events', 'status');
  expect(status.code).toBe(1);
  expect(status.lines[0].dead).toEqual({ total: 1, byReason: { MALFORMED_ENVELOPE: 1 } });

  const { stdout } = await runKith(system, ['events', 'dead', 'show', String(letter.sequence)]).ended;
  expect(stdout).toContain('{"this is": "no event');
  const redriven = await kith('events', 'dead', 'redrive', String(letter.sequence));
  expect(redriven.lines[0]).toMatchObject({ letter: letter.sequence, outcome: 'redriven' });
  const again = await eventually('it is dead again, under another name', async () => {
    const { code, lines } = await kith('events', 'dead', 'list');
    const [found] = lines;
    return code === 1 && found.sequence !== letter.sequence && found;
  });
  expect((await kith('events', 'dead', 'drop', String(again.sequence))).code).toBe(0);
  expect((await kith('events', 'dead', 'list')).lines).toEqual([{ letters: 0 }]);
  expect((await kith('events', 'dead', 'history')).lines.map(({ action }) => action)).toEqual(['redriven', 'dropped']);
});

test('tail shows what is published', async () => {
  const { child, ended } = runKith(system, ['events', 'tail', '--type', 'kith.user.', '--json']);
  let shown = '';
  child.stdout?.on('data', (text: string) => {
    shown += text;
  });
  await eventually('a republished event is shown', async () => {
    await kith('events', 'republish', '--since', '1m');
    const { rows } = await system.friendDatabase.query('SELECT user_id FROM profile LIMIT 1');
    await kith('events', 'republish', '--owner', rows[0].user_id, '--service', 'user');
    return shown.includes('kith.user.registered.v1');
  });
  child.kill();
  await ended;
});

test('called wrongly, it says how it is called rightly, and does nothing', async () => {
  for (const args of [
    ['events', 'republish'],
    ['events', 'republish', '--since', 'yesterday'],
    ['events', 'dead', 'redrive'],
    ['events', 'dead', 'drop', '--all', '--reason', 'X'],
    ['events', 'dead', 'show', 'x'],
    ['events', 'tail', '--stream', 'NOBODY'],
  ]) {
    const { code, stderr } = await runKith(system, args).ended;
    expect([args.join(' '), code]).toEqual([args.join(' '), 2]);
    expect(stderr).toContain(`kith ${args.slice(0, 2).join(' ')}`);
  }
});
