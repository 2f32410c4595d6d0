import { eventually } from '@kith/local-servers';
import { dataOf } from '../people/ask-gateway.ts';
import { signUp } from '../people/person.ts';
import type { SystemForTest } from '../system/start-system-for-test.ts';
import { loadGateway } from './load-gateway.ts';
import type { LoadReport } from './send-at-rate.ts';

export interface OverloadReport {
  /** Operations a second that the system answers when it has all it can do. */
  readonly capacityPerSecond: number;
  /** How many times that was to be sent in the overload. */
  readonly timesDue: number;
  /** How many times that was sent: nobody asks a second thing before the first is answered, or refused. */
  readonly timesOffered: number;
  readonly normal: LoadReport;
  readonly overloaded: LoadReport;
  /** Somebody else meanwhile, who asks for little and from a process with nothing else to do. */
  readonly neighbour: { readonly normal: LoadReport; readonly overloaded: LoadReport };
  /** From the end of the overload until an operation was answered as fast as normal. */
  readonly recoveredAfterMs: number;
  /** Of the gateway, in MB. */
  readonly memoryMb: { readonly before: number; readonly peak: number };
}

const QUERY = '{ me { id username nickname } }';
/** Enough to be busy, few enough not to queue. */
const NORMAL = { share: 0.5, connections: 100 };
const CROWD = { times: 10, connections: 4_000 };
const FULL = { connections: 32 };
const NEIGHBOUR = { perSecond: 50, connections: 10 };
const PROBE_S = 3;

/** Finds out what the system carries, then sends ten times as much for so many seconds, and watches it come back. */
export async function overloadGateway(system: SystemForTest, seconds: number): Promise<OverloadReport> {
  const [url] = system.gatewayUrls as [string];
  const { token } = await signUp(url, 'busy');
  const load = { url, token, body: JSON.stringify({ query: QUERY }) };
  const withNeighbour = (crowd: { perSecond: number; connections: number; seconds: number }) =>
    Promise.all([loadGateway({ ...load, ...crowd }), loadGateway({ ...load, ...NEIGHBOUR, seconds: crowd.seconds })]);
  // Compiled code is several times as fast as code that runs for the first time.
  await loadGateway({ ...load, ...FULL, seconds: PROBE_S });
  const { acceptedPerSecond: capacityPerSecond } = await loadGateway({ ...load, ...FULL, seconds: PROBE_S });
  const [normal, neighbourNormal] = await withNeighbour({
    perSecond: capacityPerSecond * NORMAL.share,
    connections: NORMAL.connections,
    seconds: Math.max(PROBE_S, seconds / 4),
  });

  const memory = await watchMemory(url);
  const [overloaded, neighbourOverloaded] = await withNeighbour({
    perSecond: capacityPerSecond * CROWD.times,
    connections: CROWD.connections,
    seconds,
  });
  const endedAt = performance.now();
  const goodMs = Math.max(50, normal.p99Ms * 2);
  await eventually('an operation is answered as fast as before', async () => {
    const startedAt = performance.now();
    await dataOf(url, { query: QUERY, token });
    return performance.now() - startedAt < goodMs;
  });
  const recoveredAfterMs = performance.now() - endedAt;
  const times = (perSecond: number) => Math.round((perSecond / capacityPerSecond) * 10) / 10;
  return {
    capacityPerSecond,
    timesDue: times(overloaded.offeredPerSecond + overloaded.unsent / seconds),
    timesOffered: times(overloaded.offeredPerSecond),
    normal,
    overloaded,
    neighbour: { normal: neighbourNormal, overloaded: neighbourOverloaded },
    recoveredAfterMs,
    memoryMb: memory.stop(),
  };
}

async function watchMemory(url: string): Promise<{ stop(): { before: number; peak: number } }> {
  const before = await memoryMb(url);
  let peak = before;
  const look = async () => {
    peak = Math.max(peak, await memoryMb(url));
  };
  const looking = setInterval(() => void look().catch(() => undefined), 1_000);
  return {
    stop() {
      clearInterval(looking);
      return { before, peak };
    },
  };
}

async function memoryMb(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Math.round(Number(/^process_resident_memory_bytes (\S+)/m.exec(metrics)?.[1]) / 1024 / 1024);
}
