import { eventually } from '@kith/local';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loseStreams, putIntoStream } from './src/break-event-streams.ts';
import { readPage } from './src/friend-operations.ts';
import { signIn } from './src/person.ts';
import { GRAPH, realSocialGraph } from './src/real-social-graph.ts';
import { jsonLines, runKith } from './src/run-kith.ts';
import { type SystemForTest, startSystemForTest } from './src/start-system-for-test.ts';

const PASSWORD = 'imported-people';
const READERS = 25;

// One system and one story: each test goes on where the one before it ended.
let system: SystemForTest;

beforeAll(async () => {
  system = await startSystemForTest({ gateways: 1 });
  const file = await realSocialGraph(system.kithData);
  const { code, stderr } = await runKith(system, ['import', file, '--password', PASSWORD, '--json']).ended;
  if (code !== 0) throw new Error(stderr);
  await everythingPublished();
}, 300_000);
afterAll(async () => {
  await system?.stop();
});

async function kith(...args: string[]) {
  const { code, stdout, stderr } = await runKith(system, [...args, '--json']).ended;
  return { code, stderr, lines: jsonLines(stdout) };
}

const everythingPublished = () =>
  eventually(
    'everything is published and handled',
    async () => {
      const status = (await kith('events', 'status')).lines[0];
      const waiting = [
        ...status.outboxes.map(({ unpublished }: { unpublished: number }) => unpublished),
        ...status.consumers.map(({ lag, unacked }: { lag: number; unacked: number }) => lag + unacked),
      ];
      return waiting.every((count) => count === 0);
    },
    { withinMs: 90_000, everyMs: 500 },
  );

test('a stream that was deleted comes back out of the outboxes, and whatever was behind with it', async () => {
  for (let n = 0; n < READERS; n += 1) await readPage(await signIn(system.gatewayUrls[0]!, `n${n}`, PASSWORD));
  // What is not in the stream any more, although it is said to be published; views and copies that fell behind.
  const { friendDatabase } = system;
  const { rows: copies } = await friendDatabase.query('SELECT user_id FROM profile ORDER BY user_id LIMIT 10');
  const lost = copies.map((row) => row.user_id);
  await loseStreams(system, async () => {
    await friendDatabase.query('DELETE FROM profile WHERE user_id = ANY($1)', [lost]);
    await friendDatabase.query("DELETE FROM inbox WHERE consumer = 'friend-profile-copy'");
  });
  await everythingPublished();

  const before = await kith('events', 'reconcile');
  expect(before.code).toBe(1);
  const { result } = before.lines.at(-1);
  expect(result.differences).toBeGreaterThan(GRAPH.people + 2 * GRAPH.friendships);

  const startedAt = performance.now();
  const republished = await kith('events', 'republish', '--since', '1d');
  expect(republished.code).toBe(0);
  expect(republished.lines[0].republished).toMatchObject({ user: GRAPH.people });
  expect(republished.lines[0].republished.friend).toBeGreaterThanOrEqual(2 * GRAPH.friendships);
  const repaired = await kith('events', 'reconcile', '--repair');
  const tookMs = performance.now() - startedAt;
  process.stdout.write(`republish and reconcile --repair: ${(tookMs / 1_000).toFixed(1)} s\n`);
  expect(repaired.lines.at(-1)).toMatchObject({ result: { differences: 0 } });
  expect(repaired.code).toBe(0);
  const { rows: back } = await friendDatabase.query('SELECT count(*)::int AS n FROM profile WHERE user_id = ANY($1)', [
    lost,
  ]);
  expect(back[0].n).toBe(lost.length);
}, 400_000);

test('an event that a consumer gave up on is seen, and redriven, with the command', async () => {
  const subject = 'friend.added.00000000-0000-7000-8000-000000000000';
  await putIntoStream(system, subject, '{"this is": "no event');
  const letter = await eventually('it is dead', async () => (await kith('events', 'dead', 'list')).lines[0]);
  expect(letter).toMatchObject({ consumer: 'friend-list-view', reason: 'MALFORMED_ENVELOPE', origin: { subject } });
  const status = await kith('events', 'status');
  expect(status.code).toBe(1);
  expect(status.lines[0].dead).toEqual({ total: 1, byReason: { MALFORMED_ENVELOPE: 1 } });

  const { stdout } = await runKith(system, ['events', 'dead', 'show', String(letter.sequence)]).ended;
  expect(stdout).toContain('{"this is": "no event');
  const redriven = await kith('events', 'dead', 'redrive', String(letter.sequence));
  expect(redriven.lines[0]).toMatchObject({ letter: letter.sequence, outcome: 'redriven' });
  const again = await eventually('it is dead again, under another name', async () => {
    const found = (await kith('events', 'dead', 'list')).lines[0];
    return found && found.sequence !== letter.sequence && found;
  });
  expect((await kith('events', 'dead', 'drop', String(again.sequence))).code).toBe(0);
  expect((await kith('events', 'dead', 'list')).lines).toEqual([]);
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
