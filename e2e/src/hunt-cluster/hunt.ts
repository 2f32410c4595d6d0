import { HUNT_ENV, huntHoles } from '../hunt/hunt-holes.ts';
import { CAUGHT_UP_AFTER_FAULT_MS, reportHunt, slowestCatchUp } from '../hunt/report-hunt.ts';
import { type CirclesProcess, joinCircles, startCircles } from '../system/start-circles.ts';
import { startClusterForTest } from '../system/start-cluster-for-test.ts';
import { startSystemForTest } from '../system/start-system-for-test.ts';
import { huntCluster, whyNoCluster } from './hunt-cluster.ts';
import { BadHuntArguments, type HuntArguments, readHuntArguments } from './read-hunt-arguments.ts';
import { reportClusterHunt, shortcomings } from './report-cluster-hunt.ts';

// `pnpm hunt [seconds] [clients] [lists] [mutations a second]`: breaks everything again and again under live lists, in a
// system of its own; with `--cluster`, in a cluster, every node of anything. Ends with 0 when the promise was kept and
// every client had caught up in time; SEED=n repeats a run.
const say = (line: string) => process.stderr.write(`${line}\n`);
try {
  const { cluster, ...options } = readHuntArguments(process.argv.slice(2));
  process.exitCode = (await (cluster ? huntACluster(options) : huntASystem(options))) ? 0 : 1;
} catch (error) {
  say(error instanceof BadHuntArguments ? error.message : `${(error as Error).stack}`);
  process.exitCode = error instanceof BadHuntArguments ? 2 : 1;
}

async function huntASystem(options: Omit<HuntArguments, 'cluster'>): Promise<boolean> {
  const system = await startSystemForTest({ env: HUNT_ENV });
  let circles: CirclesProcess | undefined;
  try {
    circles = await startCircles(system);
    await joinCircles(system, circles);
    const report = await huntHoles({ ...system, circles }, { ...options, longNatsFreeze: true });
    process.stdout.write(reportHunt(report));
    return slowestCatchUp(report).ms <= CAUGHT_UP_AFTER_FAULT_MS;
  } finally {
    await circles?.close();
    await system.stop();
  }
}

async function huntACluster(options: Omit<HuntArguments, 'cluster'>): Promise<boolean> {
  const why = whyNoCluster();
  if (why) throw new BadHuntArguments(why);
  const system = await startClusterForTest({ env: HUNT_ENV, say });
  try {
    const report = await huntCluster(system, { ...options, eachOnce: true, say });
    process.stdout.write(reportClusterHunt(report));
    return shortcomings(report).length === 0;
  } finally {
    await system.stop();
  }
}
