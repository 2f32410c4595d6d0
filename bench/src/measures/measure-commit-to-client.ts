import { startSystem } from '@kith/local';
import { eventually, missesNothing } from '@kith/local-servers';
import { Pool } from 'undici';
import { keepPace } from '../load/keep-pace.ts';
import type { Seen } from '../load/live-clients.ts';
import { startHelper } from '../processes/helper-process.ts';
import { readCpuTimeMs } from '../processes/read-process-costs.ts';
import { startWallClock } from '../processes/wall-clock.ts';
import type { Figure, Measurement } from '../report/measurement.ts';
import { percentile } from '../report/percentile.ts';
import { noteCommits } from '../system/note-commits.ts';
import { REFUSE_NOTHING } from '../system/refuse-nothing.ts';
import { signTokens } from '../system/sign-tokens.ts';
import { befriend, makeUsers } from '../system/talk-to-system.ts';

const PAIRS = 50;
const CHANGES_PER_SECOND = 200;
const WARM_UP_S = 3;
const MEASURE_S = 10;

const WATCH = `subscription { friendListChanged { __typename revision cursor
  ... on FriendChanged { occurredAt friend { displayName remark user { id nickname avatarUrl } } } } }`;
const CHANGE = `mutation Change($input: UpdateFriendInput!) {
  updateFriend(input: $input) { listCursor friend { remark } } }`;

export const measureCommitToClient: Measurement = {
  name: 'commit-to-client',
  title: 'Commit → client',
  explained: `${PAIRS} people watch their lists over WebSocket, in a process of their own, and change a remark through the same gateway, together ${CHANGES_PER_SECOND} times a second for ${MEASURE_S} s after ${WARM_UP_S} s of warming up (an open loop: a slow answer delays no other change). The commit is when Postgres writes it (its commit timestamp), before it is on disk and anybody can know of it. The client's time is when its frame has arrived. "Sent" is when the mutation was sent, "answered" when its answer has arrived. All changes must arrive, each once and in order. Floor: a raw \`ws\` echo of as many bytes, there and back.`,

  async run({ folder, started, step }) {
    step('starting a system');
    const system = await startSystem({ kithData: folder, durable: true, env: REFUSE_NOTHING });
    started.defer(() => system.stop());
    const commitsNoted = await noteCommits(system);
    await eventually('the friend service answers again', () => missesNothing(system.friend.url));
    const ids = await makeUsers(system, 'watcher', PAIRS * 2);
    const owners = ids.slice(0, PAIRS);
    const friendOf = (index: number) => ids[PAIRS + index]!;
    await befriend(
      system,
      owners.map((owner, index) => [owner, friendOf(index)]),
    );
    const tokens = await signTokens(folder, owners);
    const clients = started.use(startHelper(new URL('../load/live-clients.ts', import.meta.url)));
    const gatewayUrl = system.gateways[0]!.url;
    step('opening sockets');
    await clients.ask('watch', { url: `${gatewayUrl.replace('http', 'ws')}/graphql`, query: WATCH, tokens });

    step(`${CHANGES_PER_SECOND} changes/s`);
    const processes = { gateway: system.gateways[0]!, friend: system.friend };
    const cpuBefore = Object.values(processes).map(({ pid }) => readCpuTimeMs(pid));
    const { sentAtMs, answeredAtMs } = await makeChanges(gatewayUrl, tokens, friendOf);
    await eventually('every change has arrived', async () => (await clients.ask<number>('count')) >= sentAtMs.length, {
      withinMs: 20_000,
    });
    const cpuMs = Object.values(processes).map(({ pid }, index) => readCpuTimeMs(pid) - cpuBefore[index]!);
    const seen = await clients.ask<Seen>('seen');
    mustBeWhole(seen, sentAtMs.length, PAIRS);
    const committedAtMs = await commitsNoted();
    const committedOf = (place: number) =>
      committedAtMs.get(`${owners[seen.clients[place]!]} ${seen.revisions[place]}`)!;
    const { sinceCommit, sinceSent, untilAnswered } = timesOf(seen, { sentAtMs, answeredAtMs, committedOf });

    step('echo');
    const echoServer = started.use(startHelper(new URL('../baselines/echo-over-websocket.ts', import.meta.url)));
    const url = await echoServer.ask<string>('serve');
    const load = { url, bytes: seen.frameBytes, perSecond: CHANGES_PER_SECOND };
    await clients.ask('echo', { ...load, seconds: 1 });
    const echoes = await clients.ask<number[]>('echo', { ...load, seconds: 3 });

    const figure = (what: string, times: number[], p: number, goal?: Figure['goal']): Figure => ({
      what: `${what}, p${p} at ${CHANGES_PER_SECOND}/s`,
      value: percentile(times, p),
      unit: 'ms',
      beside: [{ what: `raw ws echo, p${p}`, value: percentile(echoes, p) }],
      ...(goal && { goal }),
    });
    return [
      figure('commit → client', sinceCommit, 50, { atMost: 4 }),
      figure('commit → client', sinceCommit, 99, { atMost: 15 }),
      figure('sent → answered', untilAnswered, 50),
      figure('sent → answered', untilAnswered, 99),
      figure('sent → client', sinceSent, 50),
      figure('sent → client', sinceSent, 99),
      ...Object.keys(processes).map((name, index) => ({
        what: `CPU of the ${name} process, mutation and push`,
        value: cpuMs[index]! / sentAtMs.length,
        unit: 'ms CPU/change' as const,
      })),
    ];
  },
};

/** What each change took once all was warm, in ms. */
function timesOf(
  { changes, atMs }: Seen,
  of: { sentAtMs: readonly number[]; answeredAtMs: readonly number[]; committedOf(place: number): number },
) {
  const measured = [...changes.entries()].filter(([, change]) => change >= CHANGES_PER_SECOND * WARM_UP_S);
  return {
    sinceCommit: measured.map(([place]) => atMs[place]! - of.committedOf(place)),
    sinceSent: measured.map(([place, change]) => atMs[place]! - of.sentAtMs[change]!),
    untilAnswered: measured.map(([, change]) => of.answeredAtMs[change]! - of.sentAtMs[change]!),
  };
}

/** Sends the mutations and waits for their answers; when each was sent and answered. */
async function makeChanges(gatewayUrl: string, tokens: readonly string[], friendOf: (index: number) => string) {
  const pool = new Pool(gatewayUrl, { connections: 32 });
  const clock = startWallClock();
  const sentAtMs: number[] = [];
  const answeredAtMs: number[] = [];
  const answers: Promise<void>[] = [];
  try {
    await keepPace(CHANGES_PER_SECOND, WARM_UP_S + MEASURE_S, (index) => {
      const owner = index % tokens.length;
      sentAtMs.push(clock());
      const answer = change(pool, tokens[owner]!, { userId: friendOf(owner), remark: `change ${index}` });
      answers.push(
        answer.then(() => {
          answeredAtMs[index] = clock();
        }),
      );
    });
    await Promise.all(answers);
  } finally {
    await pool.destroy();
  }
  return { sentAtMs, answeredAtMs };
}

async function change(pool: Pool, token: string, input: { userId: string; remark: string }): Promise<void> {
  const { body } = await pool.request({
    path: '/graphql',
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: CHANGE, variables: { input } }),
  });
  const text = await body.text();
  if (!text.includes(`"${input.remark}"`)) throw new Error(`A change failed: ${text.slice(0, 300)}`);
}

/** Throws when a change came twice, out of order, or not at all. */
function mustBeWhole(seen: Seen, changeCount: number, ownerCount: number): void {
  // The befriending was each list's revision 1.
  const revisions = Array.from({ length: ownerCount }, () => 1);
  seen.clients.forEach((client, place) => {
    revisions[client]! += 1;
    const revision = seen.revisions[place];
    if (revision !== revisions[client])
      throw new Error(`A client saw ${revision} when it was due ${revisions[client]}.`);
  });
  if (new Set(seen.changes).size !== changeCount) throw new Error('Not every change was seen.');
}
