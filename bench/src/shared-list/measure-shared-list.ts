import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSystem } from '@kith/local';
import { collectGarbageOf, withInspector } from '../processes/collect-garbage.ts';
import { type HelperProcess, startHelper } from '../processes/helper-process.ts';
import { readCpuTimeMs, readMemoryKb } from '../processes/read-process-costs.ts';
import type { Figure, Measurement, Workplace } from '../report/measurement.ts';
import { percentile } from '../report/percentile.ts';
import { REFUSE_NOTHING } from '../system/refuse-nothing.ts';
import { signTokens } from '../system/sign-tokens.ts';
import { composeWithSharedList, SHARED_LIST, SHARED_LIST_SERVICE, WATCH_SHARED_LIST } from './shared-list.ts';

const WATCHERS = [100, 1_000, 10_000];
/** So many frames at each number of watchers, so that the processor's time is told in ticks enough. */
const FRAMES = 200_000;
const EVENTS = { atLeast: 20, atMost: 1_000 };
const WARM_UP = { watchers: 20, events: 500 };
const SETTLE_MS = 1_000;

export const measureSharedList: Measurement = {
  name: 'shared-list',
  title: 'Shared list',
  onlyByName: true,
  takesNumbers: true,
  explained: `One list that many people watch through one gateway, each with a token and a socket of their own, all with one document: ${inWords(WATCHERS)} of them, or as many as are said behind the name. Changes are announced on NATS as its service would, each when all watchers have the one before. CPU of the gateway's process for a change, and for each who is sent it; how often an announcement was parsed and a result made of it, by the gateway's own counters, beside the one of each that it takes; from publishing until the last watcher has it, clients in one process of their own. Idle cost: resident memory of the gateway with its garbage collected, less what it was without them, for each. The gateway has an inspector all the time, for its garbage.`,

  async run(place, numbers) {
    const counts = numbers.length > 0 ? numbers.toSorted((one, other) => one - other) : WATCHERS;
    const gateway = await startGatewayOfSharedList(place, Math.max(...counts));
    place.step('warming up');
    await gateway.watchAs(WARM_UP.watchers);
    await gateway.announce(WARM_UP.events);
    const atRest = { memoryKb: await gateway.quietMemoryKb(), watchers: WARM_UP.watchers };
    const figures: Figure[] = [];
    for (const count of counts) {
      place.step(`${inWords([count])} watchers arrive`);
      await gateway.watchAs(count);
      const kbEach = ((await gateway.quietMemoryKb()) - atRest.memoryKb) / (count - atRest.watchers);
      place.step(`a list of ${inWords([count])} watchers changes`);
      figures.push(...figuresOf(count, { kbEach, ...(await gateway.announce(eventsFor(count))) }));
    }
    return figures;
  },
};

const eventsFor = (watchers: number) =>
  Math.min(EVENTS.atMost, Math.max(EVENTS.atLeast, Math.round(FRAMES / watchers)));

interface Costs {
  readonly events: number;
  readonly cpuMs: number;
  readonly parsed: number;
  readonly projected: number;
  /** From publishing until the last has it. */
  readonly tookMs: readonly number[];
}

function figuresOf(count: number, costs: Costs & { readonly kbEach: number }): Figure[] {
  const { events, cpuMs, parsed, projected, tookMs, kbEach } = costs;
  const cpuUs = (cpuMs * 1000) / events;
  const among = `${inWords([count])} watchers`;
  const once = { beside: [{ what: 'one', value: 1 }], goal: { atMost: 1 } };
  return [
    { what: `a change for ${among}`, unit: 'µs CPU/event', value: cpuUs },
    { what: `for each of ${among}`, unit: 'µs CPU/watcher', value: cpuUs / count },
    { what: `parses of a change for ${among}`, unit: 'times', value: parsed / events, ...once },
    { what: `projections of a change for ${among}`, unit: 'times', value: projected / events, ...once },
    { what: `p50 until the last of ${among} has it`, unit: 'ms', value: percentile(tookMs, 50) },
    { what: `idle watcher, of ${inWords([count])}`, unit: 'KB', value: kbEach },
  ];
}

function inWords(numbers: readonly number[]): string {
  return numbers.map((number) => number.toLocaleString('en')).join(', ');
}

/** A system whose graph has one more service, with the shared list; and those who watch it. */
async function startGatewayOfSharedList({ folder, started, step }: Workplace, mostWatchers: number) {
  step('starting a system');
  const service = started.use(startHelper(new URL('./serve-shared-list.ts', import.meta.url)));
  const joined = { urls: [await service.ask<string>('serve')], readyPath: '/health' };
  await writeFile(join(folder, 'subgraphs.json'), JSON.stringify({ subgraphs: { [SHARED_LIST_SERVICE]: joined } }));
  const supergraph = await composeWithSharedList();
  const env = { ...REFUSE_NOTHING, SOCKETS_PER_ADDRESS: String(2 * mostWatchers) };
  const system = await withInspector(() => startSystem({ kithData: folder, durable: true, supergraph, env }));
  started.defer(() => system.stop());
  const [gateway] = system.gateways;
  const clients = started.use(startHelper(new URL('./watch-and-announce.ts', import.meta.url)));
  await clients.ask('connect', { natsUrl: system.natsUrl });
  return {
    ...watchersOf({ clients, service }, { url: gateway!.url, pid: gateway!.pid }, (userIds) =>
      signTokens(folder, userIds),
    ),
    async quietMemoryKb(): Promise<number> {
      for (let round = 0; round < 3; round++) {
        await sleep(SETTLE_MS);
        await collectGarbageOf(join(folder, 'logs', 'gateway.log'));
      }
      return readMemoryKb(gateway!.pid);
    },
  };
}

function watchersOf(
  { clients, service }: Record<'clients' | 'service', HelperProcess>,
  gateway: { readonly url: string; readonly pid: number },
  sign: (userIds: readonly string[]) => Promise<string[]>,
) {
  const at = { url: `${gateway.url.replace('http', 'ws')}/graphql`, query: WATCH_SHARED_LIST };
  let watching = 0;
  let announced = 0;
  return {
    /** As many as these watch from now on; none of those before has left. */
    async watchAs(count: number): Promise<void> {
      const tokens = await sign(Array.from({ length: Math.max(0, count - watching) }, () => randomUUID()));
      await clients.ask('watch', { ...at, tokens });
      watching += tokens.length;
    },
    async announce(events: number): Promise<Costs> {
      const before = await readCosts(gateway);
      const tookMs = await clients.ask<number[]>('announce', { count: events, list: SHARED_LIST });
      const after = await readCosts(gateway);
      announced += events;
      await service.ask('standAt', announced);
      return {
        ...{ events, tookMs, cpuMs: after.cpuMs - before.cpuMs },
        ...{ parsed: after.parsed - before.parsed, projected: after.projected - before.projected },
      };
    },
  };
}

async function readCosts({ url, pid }: { readonly url: string; readonly pid: number }) {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const counted = (name: string) => {
    const value = new RegExp(`^${name} (\\d+)`, 'm').exec(metrics)?.[1];
    if (value === undefined) throw new Error(`The gateway does not count ${name}.`);
    return Number(value);
  };
  return {
    cpuMs: readCpuTimeMs(pid),
    parsed: counted('kith_live_parsed_announcements_total'),
    projected: counted('kith_live_projections_total'),
  };
}
