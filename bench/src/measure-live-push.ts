import { setTimeout as sleep } from 'node:timers/promises';
import { startSystem } from '@kith/local';
import { startHelper } from './helper-process.ts';
import type { Figure, Measurement, Workplace } from './measurement.ts';
import { percentile } from './percentile.ts';
import { readCpuTimeMs, readMemoryKb } from './read-process-costs.ts';
import { REFUSE_NOTHING } from './refuse-nothing.ts';
import { signTokens } from './sign-tokens.ts';
import { makeUsers } from './talk-to-system.ts';

const CLIENTS = 1_000;
const WARM_UP_CLIENTS = 100;
const SETTLE_MS = 5_000;
const PUSH_S = 4;
const ON_THEIR_WAY = 1_000;
const PACE = 1_000;

const WATCH = `subscription { friendListChanged { __typename revision cursor occurredAt
  ... on FriendChanged { friend { displayName remark user { id nickname avatarUrl } } } } }`;

export const measureLivePush: Measurement = {
  name: 'live-push',
  title: 'Live push',
  explained: `${CLIENTS.toLocaleString('en')} sockets, each with a subscription to a list of its own. Idle cost: resident memory of the server's process, the least within ${SETTLE_MS / 1000} s of quiet (garbage is collected when V8 thinks fit), less what it was with no socket, for each. Events a second: changes announced on NATS for one list after the other, ${ON_THEIR_WAY.toLocaleString('en')} on their way at once, for ${PUSH_S} s. At ${PACE.toLocaleString('en')}/s: from publishing the announcement until the client has its frame, both in one process. Kith is the gateway with all it checks (revisions without a hole, sessions, limits, the poll); beside it, fed by the same announcements over the same NATS: the floor, a raw \`ws\` server that sends on what it hears, and a plain graphql-yoga with graphql-ws.`,

  async run(place) {
    const { folder, started, step } = place;
    step('starting a system');
    const system = await startSystem({ kithData: folder, durable: true, env: REFUSE_NOTHING });
    started.defer(() => system.stop());
    const owners = await makeUsers(system, 'watcher', CLIENTS);
    const [gateway] = system.gateways;
    const clients = { natsUrl: system.natsUrl, owners };

    const kith = await measureServer(place, {
      ...clients,
      name: 'Kith',
      pid: gateway!.pid,
      url: `${gateway!.url.replace('http', 'ws')}/graphql`,
      tokens: await signTokens(folder, owners),
    });
    const peers: Costs[] = [];
    for (const [name, program] of [
      ['raw ws', 'raw-websocket-server.ts'],
      ['yoga + graphql-ws', 'yoga-server.ts'],
    ] as const) {
      const server = started.use(startHelper(new URL(`./push-servers/${program}`, import.meta.url)));
      const url = await server.ask<string>('serve', { natsUrl: system.natsUrl });
      peers.push(await measureServer(place, { ...clients, name, pid: server.pid, url, tokens: owners }));
    }
    const figure = (what: string, unit: Figure['unit'], of: (costs: Costs) => number): Figure => ({
      what,
      unit,
      value: of(kith),
      beside: peers.map((peer) => ({ what: peer.name, value: of(peer) })),
    });
    return [
      figure('idle client', 'KB', ({ kbPerClient }) => kbPerClient),
      figure('own topics', 'events/s', ({ eventsPerSecond }) => eventsPerSecond),
      figure('CPU of the server', 'µs CPU/event', ({ cpuUsPerEvent }) => cpuUsPerEvent),
      figure(`p50 at ${PACE.toLocaleString('en')}/s`, 'ms', ({ delaysMs }) => percentile(delaysMs, 50)),
      figure(`p99 at ${PACE.toLocaleString('en')}/s`, 'ms', ({ delaysMs }) => percentile(delaysMs, 99)),
    ];
  },
};

interface Server {
  readonly name: string;
  readonly pid: number;
  readonly url: string;
  readonly natsUrl: string;
  readonly owners: readonly string[];
  readonly tokens: readonly string[];
}

interface Costs {
  readonly name: string;
  readonly kbPerClient: number;
  readonly eventsPerSecond: number;
  readonly cpuUsPerEvent: number;
  readonly delaysMs: readonly number[];
}

async function measureServer({ step }: Workplace, { name, pid, url, natsUrl, owners, tokens }: Server): Promise<Costs> {
  await using clients = startHelper(new URL('./push-clients.ts', import.meta.url));
  await clients.ask('connect', { natsUrl });
  const watch = (count: number) =>
    clients.ask('watch', { url, query: WATCH, owners: owners.slice(0, count), tokens: tokens.slice(0, count) });

  step(`${name}, ${CLIENTS} sockets`);
  await watch(WARM_UP_CLIENTS);
  await clients.ask('pushFast', { seconds: 1, onTheirWay: 100 });
  await watch(0);
  const kbBefore = await quietMemoryKb(pid);
  await watch(CLIENTS);
  const kbPerClient = ((await quietMemoryKb(pid)) - kbBefore) / CLIENTS;

  step(`${name}, as fast as it goes`);
  await clients.ask('pushFast', { seconds: 1, onTheirWay: ON_THEIR_WAY });
  const cpuBefore = readCpuTimeMs(pid);
  const { perSecond, count } = await clients.ask<{ perSecond: number; count: number }>('pushFast', {
    seconds: PUSH_S,
    onTheirWay: ON_THEIR_WAY,
  });
  const cpuUsPerEvent = ((readCpuTimeMs(pid) - cpuBefore) * 1000) / count;
  step(`${name}, ${PACE} a second`);
  const delaysMs = await clients.ask<number[]>('pushAtPace', { perSecond: PACE, seconds: PUSH_S });
  return { name, kbPerClient, eventsPerSecond: perSecond, cpuUsPerEvent, delaysMs };
}

/** The least of a while without work: what was needed only to get there is given back in the meantime, or some of it. */
async function quietMemoryKb(pid: number): Promise<number> {
  const until = performance.now() + SETTLE_MS;
  let least = readMemoryKb(pid);
  while (performance.now() < until) {
    await sleep(250);
    least = Math.min(least, readMemoryKb(pid));
  }
  return least;
}
