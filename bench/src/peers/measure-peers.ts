import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { printSubgraphs, startSystem } from '@kith/local';
import type { Answered, ManyViewers } from '../load/ask-as-many-viewers.ts';
import { type HelperProcess, startHelper } from '../processes/helper-process.ts';
import { readCpuTimeMs } from '../processes/read-process-costs.ts';
import type { Figure, Measurement } from '../report/measurement.ts';
import { percentile } from '../report/percentile.ts';
import { REFUSE_NOTHING } from '../system/refuse-nothing.ts';
import { answersFor, dataIn, FEDERATED_READ, FRIENDS, makeViewers, VIEWERS } from '../system/viewers-in-a-circle.ts';
import { OTHER_GATEWAYS } from './other-gateways.ts';
import type { ServicesBehind } from './peer.ts';
import { startPeer } from './start-peer.ts';

const CONNECTIONS = 16;
const WARM_UP_S = 10;
const TURN_S = 3;
const ROUNDS = 5;

export const measurePeers: Measurement = {
  name: 'peers',
  title: 'Peers',
  explained: `\`${FEDERATED_READ}\` for ${VIEWERS} viewers in turn with ${FRIENDS} friends each, over ${CONNECTIONS} connections, through Kith's gateway and through others in its place, before the same running services. No request is like the one before it, so nobody can answer one for two. The data of every viewer are the same through each gateway, and every answer is compared with the first one byte for byte. ${WARM_UP_S} s of warming up for each; then ${ROUNDS} rounds of turns of ${TURN_S} s one after the other; the medians count. CPU is what the gateway's process used, and what both services used, over the number of answers. The others are set up for speed: no logs, traces or checks that can be left out; Kith runs with all of its own. Their packages are fetched from npm at the first run.`,
  onlyByName: true,

  async run({ folder, started, step }) {
    step('starting a system');
    const system = await startSystem({ kithData: folder, durable: true, env: REFUSE_NOTHING });
    started.defer(() => system.stop());
    const tokens = await makeViewers(system, folder);
    const behind: ServicesBehind = {
      supergraph: await readFile(join(folder, 'supergraph.graphql'), 'utf8'),
      services: (await printSubgraphs()).map((service) => ({
        ...service,
        url: `${service.name === 'user' ? system.user.url : system.friend.url}/graphql`,
      })),
      headers: { 'x-kith-gateway-key': system.gatewayKey },
    };
    const services = [system.user.pid, system.friend.pid];
    const kith = { name: 'Kith', url: `${system.gateways[0]!.url}/graphql`, pid: system.gateways[0]!.pid };
    const clients = startHelper(new URL('../load/ask-as-many-viewers.ts', import.meta.url));
    started.use(clients);

    const gateways = [await contenderFor(kith, tokens)];
    for (const peer of OTHER_GATEWAYS) {
      step(`starting ${peer.name}`);
      try {
        const running = started.use(await startPeer(peer, behind, folder));
        const contender = await contenderFor({ name: peer.name, url: running.url, pid: running.pid }, tokens);
        gateways.push(sameData(contender, gateways[0]!));
      } catch (error) {
        process.stderr.write(`${peer.name} is left out: ${(error as Error).message}\n`);
      }
    }
    for (const gateway of gateways) {
      step(`${gateway.name}: warming up`);
      await turn(clients, gateway, services, WARM_UP_S);
    }
    for (let round = 1; round <= ROUNDS; round++) {
      for (const gateway of gateways) {
        step(`${gateway.name}, ${round} of ${ROUNDS}`);
        gateway.turns.push(await turn(clients, gateway, services, TURN_S));
      }
    }
    return figuresOf(gateways);
  },
};

interface Contender {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly load: Omit<ManyViewers, 'seconds'>;
  readonly turns: Turn[];
}

interface Turn {
  readonly perSecond: number;
  readonly gatewayCpuMs: number;
  readonly servicesCpuMs: number;
}

/** Takes the answer of each viewer, which all later ones must be. */
async function contenderFor(
  gateway: { name: string; url: string; pid: number },
  tokens: readonly string[],
): Promise<Contender> {
  const expected = await answersFor(gateway.url, tokens);
  const body = JSON.stringify({ query: FEDERATED_READ });
  return { ...gateway, load: { url: gateway.url, body, tokens, expected, connections: CONNECTIONS }, turns: [] };
}

/** Throws when it answers anybody with other data. */
function sameData(contender: Contender, kith: Contender): Contender {
  const other = contender.load.expected.findIndex(
    (text, at) => JSON.stringify(dataIn(text)) !== JSON.stringify(dataIn(kith.load.expected[at]!)),
  );
  if (other >= 0) throw new Error(`other data for viewer ${other}: ${contender.load.expected[other]!.slice(0, 300)}`);
  return contender;
}

async function turn(
  clients: HelperProcess,
  { pid, load }: Contender,
  services: readonly number[],
  seconds: number,
): Promise<Turn> {
  const cpuMs = () => [readCpuTimeMs(pid), services.reduce((sum, service) => sum + readCpuTimeMs(service), 0)] as const;
  const before = cpuMs();
  const { total, perSecond } = await clients.ask<Answered>('ask', { ...load, seconds } satisfies ManyViewers);
  const after = cpuMs();
  return {
    perSecond,
    gatewayCpuMs: (after[0] - before[0]) / total,
    servicesCpuMs: (after[1] - before[1]) / total,
  };
}

function figuresOf([kith, ...others]: readonly Contender[]): Figure[] {
  const figure = (what: string, unit: Figure['unit'], of: (turn: Turn) => number): Figure => {
    const median = ({ turns }: Contender) => percentile(turns.map(of), 50);
    const beside = others.map((other) => ({ what: other.name, value: median(other) }));
    return { what, unit, value: median(kith!), beside };
  };
  return [
    figure('CPU of the gateway process', 'ms CPU/req', ({ gatewayCpuMs }) => gatewayCpuMs),
    figure('CPU of both services', 'ms CPU/req', ({ servicesCpuMs }) => servicesCpuMs),
    figure(`${CONNECTIONS} connections`, 'req/s', ({ perSecond }) => perSecond),
  ];
}
