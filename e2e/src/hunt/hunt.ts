import { startSystemForTest } from '../system/start-system-for-test.ts';
import { HUNT_ENV, huntHoles } from './hunt-holes.ts';
import { CAUGHT_UP_AFTER_FAULT_MS, reportHunt, slowestCatchUp } from './report-hunt.ts';

// `pnpm hunt [seconds] [clients] [lists] [mutations a second]`: breaks everything again and again under live lists, in a
// system of its own. Ends with 0 when the promise was kept and every client had caught up in time; SEED=n repeats a run.
const [seconds = 180, clients = 200, lists = 5, changesPerSecond = 20] = process.argv.slice(2).map(Number);
const system = await startSystemForTest({ env: HUNT_ENV });
try {
  const report = await huntHoles(system, { seconds, clients, lists, changesPerSecond, longNatsFreeze: true });
  process.stdout.write(reportHunt(report));
  if (slowestCatchUp(report).ms > CAUGHT_UP_AFTER_FAULT_MS) process.exitCode = 1;
} catch (error) {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exitCode = 1;
} finally {
  await system.stop();
}
