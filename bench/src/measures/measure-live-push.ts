import { join } from 'node:path';
import { type RunningSystem, type ServiceProcess, startSystem } from '@kith/local';
import { collectGarbageOf, withInspector } from '../processes/collect-garbage.ts';
import { startHelper } from '../processes/helper-process.ts';
import type { Figure, Measurement, Workplace } from '../report/measurement.ts';
import { percentile } from '../report/percentile.ts';
import { openPool } from '../system/open-pool.ts';
import { REFUSE_NOTHING } from '../system/refuse-nothing.ts';
import { signTokens } from '../system/sign-tokens.ts';
import { makeUsers } from '../system/talk-to-system.ts';
import { memoryPerClient, type PushCosts, type PushServer, pushCosts } from './push-costs.ts';

const IDLE_CLIENTS = [1_000, 5_000] as const;
const MOST_CLIENTS = Math.max(...IDLE_CLIENTS);
const ROUNDS = 3;
const LOAD = { clients: 1_000, seconds: 3, onTheirWay: 1_000, pacePerSecond: 1_000 };
const PACE = `${LOAD.pacePerSecond.toLocaleString('en')}/s`;

const WATCH = `subscription { friendListChanged { __typename revision cursor occurredAt
  ... on FriendChanged { friend { displayName remark user { id nickname avatarUrl } } } } }`;

export const measureLivePush: Measurement = {
  name: 'live-push',
  title: 'Live push',
  explained: `Sockets with a subscription each to a list of their own. Idle cost, at ${inWords(IDLE_CLIENTS)} of them: resident memory of the server's process, with its garbage collected, less what it was with no socket, for each. Events a second, at ${LOAD.clients.toLocaleString('en')}: changes announced on NATS for one list after the other, ${LOAD.onTheirWay.toLocaleString('en')} on their way at once, for ${LOAD.seconds} s. Each server has ${ROUNDS} turns, one after the other and again, of which the median counts. At ${PACE}: from publishing the announcement until the client has its frame, both in one process. Kith is the gateway with all it checks (revisions without a hole, sessions, limits, the poll); beside it, fed by the same changes over the same NATS, without what tells whose list they are of: the floor, a raw \`ws\` server that sends on what it hears, and a plain graphql-yoga with graphql-ws.`,

  async run(place) {
    const { folder, started, step } = place;
    step('starting a system');
    const env = { ...REFUSE_NOTHING, SOCKETS_PER_ADDRESS: String(2 * MOST_CLIENTS) };
    const system = await withInspector(() => startSystem({ kithData: folder, durable: true, env }));
    started.defer(() => system.stop());
    const owners = await makeUsers(system, 'watcher', MOST_CLIENTS);
    const [gateway] = system.gateways;
    const clients = { natsUrl: system.natsUrl, owners, query: WATCH };

    const tokens = await signTokens(folder, owners);
    const timeline = await currentTimeline(system, started);
    const servers = [await startAnewAfterRest(place, gateway!, { ...clients, tokens, timeline })];
    for (const [name, program] of [
      ['raw ws', 'raw-websocket-server.ts'],
      ['yoga + graphql-ws', 'yoga-server.ts'],
    ] as const) {
      step(`${name} at rest`);
      const process = started.use(startHelper(new URL(`../baselines/${program}`, import.meta.url)));
      const url = await process.ask<string>('serve', { natsUrl: system.natsUrl });
      const server = { ...clients, name, tokens: owners, url, pid: process.pid };
      const kbPerClient = await memoryPerClient(server, () => process.ask('collectGarbage'), IDLE_CLIENTS);
      servers.push({ ...server, kbPerClient });
    }
    const turns = servers.map((): PushCosts[] => []);
    for (let round = 1; round <= ROUNDS; round++) {
      for (const [at, server] of servers.entries()) {
        step(`${server.name} at work, ${round} of ${ROUNDS}`);
        turns[at]!.push(await pushCosts(server, LOAD));
      }
    }
    const [kith, ...peers] = servers.map(({ name, kbPerClient }, at) => ({ name, kbPerClient, turns: turns[at]! }));
    const figure = (what: string, unit: Figure['unit'], of: (measured: Measured) => number): Figure => ({
      what,
      unit,
      value: of(kith!),
      beside: peers.map((peer) => ({ what: peer.name, value: of(peer) })),
    });
    const median = (of: (costs: PushCosts) => number) => (measured: Measured) => percentile(measured.turns.map(of), 50);
    const delay = (p: number) => (measured: Measured) =>
      percentile(
        measured.turns.flatMap(({ delaysMs }) => delaysMs),
        p,
      );
    return [
      ...IDLE_CLIENTS.map((count, at) =>
        figure(`idle client, of ${count.toLocaleString('en')}`, 'KB', ({ kbPerClient }) => kbPerClient[at]!),
      ),
      figure(
        'own topics',
        'events/s',
        median(({ eventsPerSecond }) => eventsPerSecond),
      ),
      figure(
        'CPU of the server',
        'µs CPU/event',
        median(({ cpuUsPerEvent }) => cpuUsPerEvent),
      ),
      figure(`p50 at ${PACE}`, 'ms', delay(50)),
      figure(`p99 at ${PACE}`, 'ms', delay(99)),
    ];
  },
};

async function currentTimeline(system: RunningSystem, started: AsyncDisposableStack): Promise<string> {
  const { rows } = await openPool(started, system.friendDatabaseUrl, 1).query('SELECT id FROM timeline');
  return rows[0].id;
}

function inWords(numbers: readonly number[]): string {
  return numbers.map((number) => number.toLocaleString('en')).join(' and ');
}

interface AtRest {
  readonly name: string;
  /** For each number of clients. */
  readonly kbPerClient: readonly number[];
}
type Measured = AtRest & { readonly turns: readonly PushCosts[] };

/** Measures its memory, with an inspector that collects its garbage; then starts it anew without. */
async function startAnewAfterRest(
  { folder, step }: Workplace,
  gateway: ServiceProcess,
  clients: Omit<PushServer, 'url' | 'pid'>,
): Promise<PushServer & AtRest> {
  const url = `${gateway.url.replace('http', 'ws')}/graphql`;
  step('Kith at rest');
  const kbPerClient = await memoryPerClient(
    { ...clients, url, pid: gateway.pid },
    () => collectGarbageOf(join(folder, 'logs', 'gateway.log')),
    IDLE_CLIENTS,
  );
  await gateway.stop();
  await gateway.start();
  return { ...clients, name: 'Kith', url, pid: gateway.pid, kbPerClient };
}
