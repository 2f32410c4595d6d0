import { startSystemForTest } from '../system/start-system-for-test.ts';
import { type OverloadReport, overloadGateway } from './overload-gateway.ts';

// `pnpm overload [seconds]`: what the machine carries, then ten times as much for 60 s.
const seconds = Number(process.argv[2] ?? 60);
const system = await startSystemForTest({ gateways: 1, env: { LOG_LEVEL: 'warn' } });
try {
  const report = await overloadGateway(system, seconds);
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n${besideTheGoals(report)}\n`);
} finally {
  await system.stop();
}

function besideTheGoals({
  capacityPerSecond,
  timesDue,
  timesOffered,
  normal,
  overloaded,
  neighbour,
  recoveredAfterMs,
}: OverloadReport) {
  const times = (one: number, other: number) => (one / other).toFixed(1);
  const others = Object.values(overloaded.other).reduce((sum, n) => sum + n, 0);
  return [
    `asked for ${timesDue} times the ${capacityPerSecond} operations a second that it carries (goal 10); ${timesOffered} times were sent, for whoever was refused knew it after up to ${overloaded.refusedP99Ms} ms (p99) and asked no second thing meanwhile`,
    `accepted ${overloaded.acceptedPerSecond}/s, p99 ${overloaded.p99Ms} ms: ${times(overloaded.p99Ms, normal.p99Ms)} times normal (goal 5)`,
    `to its neighbour p99 ${neighbour.overloaded.p99Ms} ms: ${times(neighbour.overloaded.p99Ms, neighbour.normal.p99Ms)} times normal (goal 5)`,
    `refused ${overloaded.refused}; neither answered nor refused ${others} (goal 0)`,
    `recovered within ${Math.ceil(recoveredAfterMs)} ms (goal 5000)`,
  ].join('\n');
}
