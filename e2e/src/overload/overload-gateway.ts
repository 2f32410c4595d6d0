import { eventually } from '@kith/local';
import { dataOf } from '../ask-gateway.ts';
import { signUp } from '../person.ts';
import type { SystemForTest } from '../start-system-for-test.ts';
import { type LoadReport, loadGateway } from './load-gateway.ts';

export interface OverloadReport {
  /** Operations a second that the system answers when it has all it can do. */
  readonly capacityPerSecond: number;
  readonly normal: LoadReport;
  readonly overloaded: LoadReport;
  /** From the end of the overload until an operation was answered as fast as normal. */
  readonly recoveredAfterMs: number;
  /** Of the gateway, in MB. */
  readonly memoryMb: { readonly before: number; readonly peak: number };
}

const QUERY = '{ me { id username nickname } }';
/** Enough to be busy, few enough not to queue. */
const NORMAL_SHARE = 0.5;
const TIMES = 10;
const PROBE_S = 3;

/** Finds out what the system carries, then sends ten times as much for so many seconds, and watches it come back. */
export async function overloadGateway(system: SystemForTest, seconds: number): Promise<OverloadReport> {
  const [url] = system.gatewayUrls as [string];
  const { token } = await signUp(url, 'busy');
  const load = { url, token, body: JSON.stringify({ query: QUERY }) };
  const many = { perSecond: 100_000, connections: 32 };
  // Compiled code is several times as fast as code that runs for the first time.
  await loadGateway({ ...load, ...many, seconds: PROBE_S });
  const { acceptedPerSecond } = await loadGateway({ ...load, ...many, seconds: PROBE_S });
  const normalRate = { perSecond: acceptedPerSecond * NORMAL_SHARE, connections: 100 };
  const normal = await loadGateway({ ...load, ...normalRate, seconds: Math.max(PROBE_S, seconds / 4) });

  const before = await memoryMb(url);
  let peak = before;
  const watching = setInterval(
    () =>
      void memoryMb(url).then(
        (now) => {
          peak = Math.max(peak, now);
        },
        () => undefined,
      ),
    1_000,
  );
  const overload = { perSecond: acceptedPerSecond * TIMES, connections: 400 };
  const overloaded = await loadGateway({ ...load, ...overload, seconds });
  clearInterval(watching);

  const endedAt = performance.now();
  const goodMs = Math.max(50, normal.p99Ms * 2);
  await eventually('an operation is answered as fast as before', async () => {
    const startedAt = performance.now();
    await dataOf(url, { query: QUERY, token });
    return performance.now() - startedAt < goodMs;
  });
  const recoveredAfterMs = performance.now() - endedAt;
  return { capacityPerSecond: acceptedPerSecond, normal, overloaded, recoveredAfterMs, memoryMb: { before, peak } };
}

async function memoryMb(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Math.round(Number(/^process_resident_memory_bytes (\S+)/m.exec(metrics)?.[1]) / 1024 / 1024);
}
