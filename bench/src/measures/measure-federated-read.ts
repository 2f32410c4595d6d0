import { startSystem } from '@kith/local';
import { loadOverHttp } from '../load/load-over-http.ts';
import { startHelper } from '../processes/helper-process.ts';
import { readCpuTimeMs } from '../processes/read-process-costs.ts';
import type { Measurement } from '../report/measurement.ts';
import { REFUSE_NOTHING } from '../system/refuse-nothing.ts';
import { befriend, makeUsers, signIn } from '../system/talk-to-system.ts';

const QUERY =
  '{ me { id nickname friends(first: 20) { edges { node { remark since user { id nickname avatarUrl } } } } } }';
const FRIENDS = 25;
const CONNECTIONS = 16;
const WARM_UP_S = 3;
const MEASURE_S = 8;

export const measureFederatedRead: Measurement = {
  name: 'federated-read',
  title: 'Federated read',
  explained: `\`${QUERY}\` for one viewer with ${FRIENDS} friends, over ${CONNECTIONS} connections for ${MEASURE_S} s after ${WARM_UP_S} s of warming up; every answer is compared byte for byte. CPU is what each process used, over the number of answers. Floor: node:http that answers the same bytes, prebuilt, under the same load.`,
  tellsRegressions: true,

  async run({ folder, started, step }) {
    step('starting a system');
    const system = await startSystem({ kithData: folder, durable: true, env: REFUSE_NOTHING });
    started.defer(() => system.stop());
    const [viewer, ...others] = await makeUsers(system, 'reader', FRIENDS + 1);
    await befriend(
      system,
      others.map((other) => [viewer!, other]),
    );
    const token = await signIn(system, 'reader0');
    const url = `${system.gateways[0]!.url}/graphql`;
    const headers = { authorization: `Bearer ${token}` };
    const body = JSON.stringify({ query: QUERY });
    const expected = await answerOf(url, headers, body);

    const processes = { gateway: system.gateways[0]!, user: system.user, friend: system.friend };
    const load = { headers, body, expected, connections: CONNECTIONS };
    step('warming up');
    await loadOverHttp({ ...load, url, seconds: WARM_UP_S });
    step('reading through the gateway');
    const read = await measured({ ...load, url }, Object.values(processes));

    const floorServer = startHelper(new URL('../baselines/answer-prebuilt-bytes.ts', import.meta.url));
    started.use(floorServer);
    const floorUrl = await floorServer.ask<string>('serve', expected);
    step('reading prebuilt bytes');
    await loadOverHttp({ ...load, url: floorUrl, seconds: 1 });
    const floor = await measured({ ...load, url: floorUrl }, [floorServer]);

    const floorName = 'node:http, prebuilt bytes';
    return [
      {
        what: `${CONNECTIONS} connections`,
        value: read.perSecond,
        unit: 'req/s',
        beside: [{ what: floorName, value: floor.perSecond }],
      },
      ...Object.keys(processes).map((name, index) => ({
        what: `CPU of the ${name} process`,
        value: read.cpuMsPerRequest[index]!,
        unit: 'ms CPU/req' as const,
        beside: [{ what: floorName, value: floor.cpuMsPerRequest[0]! }],
      })),
    ];
  },
};

async function measured(load: Omit<Parameters<typeof loadOverHttp>[0], 'seconds'>, processes: { pid: number }[]) {
  const before = processes.map(({ pid }) => readCpuTimeMs(pid));
  const { perSecond, total } = await loadOverHttp({ ...load, seconds: MEASURE_S });
  const cpuMsPerRequest = processes.map(({ pid }, index) => (readCpuTimeMs(pid) - before[index]!) / total);
  return { perSecond, cpuMsPerRequest };
}

async function answerOf(url: string, headers: Record<string, string>, body: string): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body,
  });
  const text = await response.text();
  const friends = (JSON.parse(text) as { data?: { me?: { friends: { edges: unknown[] } } } }).data?.me?.friends.edges;
  if (friends?.length !== 20) throw new Error(`Not a page of 20 friends: ${text.slice(0, 300)}`);
  return text;
}
