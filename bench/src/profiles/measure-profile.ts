import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startSystem, workspaceRoot } from '@kith/local';
import type { Answered, ManyViewers } from '../load/ask-as-many-viewers.ts';
import { startHelper } from '../processes/helper-process.ts';
import { readCpuTimeMs } from '../processes/read-process-costs.ts';
import type { Figure, Measurement } from '../report/measurement.ts';
import { REFUSE_NOTHING } from '../system/refuse-nothing.ts';
import { answersFor, FEDERATED_READ, makeViewers, VIEWERS } from '../system/viewers-in-a-circle.ts';
import { drawFlameGraph } from './draw-flame-graph.ts';
import { type CpuProfile, readCallTree, timeByOwner } from './read-cpu-profile.ts';

const CONNECTIONS = 16;
const WARM_UP_S = 20;
const MEASURE_S = 8;
/** Owners with a smaller share are told together. */
const SHARE_AT_LEAST = 0.02;
const FLAME_GRAPHS = join(workspaceRoot, 'docs', 'performance');

const PROCESSES = {
  gateway: 'gateway/src/main.ts',
  user: 'services/user/src/main.ts',
  friend: 'services/friend/src/main.ts',
};
type Name = keyof typeof PROCESSES;

export const measureProfile: Measurement = {
  name: 'profile',
  title: 'Profile',
  explained: `\`${FEDERATED_READ}\` for ${VIEWERS} viewers in turn over ${CONNECTIONS} connections, for ${MEASURE_S} s after ${WARM_UP_S} s of warming up, while V8's profiler looks at the gateway and both services. What each read costs in each process, by whose code it is: a room of Kith's, a package, Node, V8, or the kernel, which is entered to write to sockets. Flame graphs are written to docs/performance/.`,
  onlyByName: true,

  async run({ folder, started, step }) {
    step('starting a system');
    const profiles = join(folder, 'profiles');
    const system = await whileProfiled(profiles, () =>
      startSystem({ kithData: folder, durable: true, env: REFUSE_NOTHING }),
    );
    started.defer(() => system.stop());
    const tokens = await makeViewers(system, folder);
    const url = `${system.gateways[0]!.url}/graphql`;
    const expected = await answersFor(url, tokens);
    const clients = startHelper(new URL('../load/ask-as-many-viewers.ts', import.meta.url));
    started.use(clients);
    const load = { url, body: JSON.stringify({ query: FEDERATED_READ }), tokens, expected, connections: CONNECTIONS };
    step('warming up');
    await clients.ask<Answered>('ask', { ...load, seconds: WARM_UP_S } satisfies ManyViewers);
    step('looking at a read');
    const pids = { gateway: system.gateways[0]!.pid, user: system.user.pid, friend: system.friend.pid };
    const before = {
      gateway: readCpuTimeMs(pids.gateway),
      user: readCpuTimeMs(pids.user),
      friend: readCpuTimeMs(pids.friend),
    };
    const { total } = await clients.ask<Answered>('ask', { ...load, seconds: MEASURE_S } satisfies ManyViewers);
    const perRead = (name: Name) => (readCpuTimeMs(pids[name]) - before[name]) / total;
    const cpuMs = { gateway: perRead('gateway'), user: perRead('user'), friend: perRead('friend') };
    // A profile is written when its process ends.
    await Promise.all([system.gateways[0]!.stop(), system.user.stop(), system.friend.stop()]);
    return figuresOf(profiles, cpuMs);
  },
};

async function whileProfiled<Result>(folder: string, start: () => Promise<Result>): Promise<Result> {
  const { NODE_OPTIONS = '' } = process.env;
  process.env.NODE_OPTIONS = `${NODE_OPTIONS} --cpu-prof --cpu-prof-interval 500 --cpu-prof-dir=${folder}`.trim();
  try {
    return await start();
  } finally {
    process.env.NODE_OPTIONS = NODE_OPTIONS;
  }
}

async function figuresOf(profiles: string, cpuMs: Readonly<Record<Name, number>>): Promise<Figure[]> {
  await mkdir(FLAME_GRAPHS, { recursive: true });
  const figures: Figure[] = [];
  for (const file of await readdir(profiles)) {
    const profile = JSON.parse(await readFile(join(profiles, file), 'utf8')) as CpuProfile;
    const name = (Object.keys(PROCESSES) as Name[]).find((each) =>
      profile.nodes.some(({ callFrame }) => callFrame.url.endsWith(PROCESSES[each])),
    );
    // Others are the gateway's planners.
    if (!name) continue;
    const tree = readCallTree(profile, MEASURE_S * 1000);
    await writeFile(join(FLAME_GRAPHS, `${name}.svg`), drawFlameGraph(`A federated read in the ${name} process`, tree));
    const parts = timeByOwner(tree).map(([owner, us]) => [owner, us / tree.total] as const);
    const told = parts.filter(([, share]) => share >= SHARE_AT_LEAST);
    const rest = 1 - told.reduce((sum, [, share]) => sum + share, 0);
    const figure = (what: string, share: number): Figure => ({
      ...{ what: `${name}: ${what}`, value: share * cpuMs[name], unit: 'ms CPU/req' },
      beside: [{ what: 'all of the process', value: cpuMs[name] }],
    });
    figures.push(...told.map(([owner, share]) => figure(owner, share)), figure('all others', rest));
  }
  if (figures.length === 0) throw new Error('No process left a profile.');
  return figures;
}
