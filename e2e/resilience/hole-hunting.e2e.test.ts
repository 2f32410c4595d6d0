import { afterAll, beforeAll, expect, test } from 'vitest';
import { HUNT_ENV, huntHoles } from '../src/hunt/hunt-holes.ts';
import { reportHunt } from '../src/hunt/report-hunt.ts';
import { type CirclesProcess, joinCircles, startCircles } from '../src/system/start-circles.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

// At the size that is promised, for three minutes: npx -y pnpm@12 hunt
const SHORT = { seconds: 20, clients: 40, lists: 4, changesPerSecond: 20, longNatsFreeze: false };

let system: SystemForTest;
let circles: CirclesProcess;
beforeAll(async () => {
  system = await startSystemForTest({ env: HUNT_ENV });
  circles = await startCircles(system);
  await joinCircles(system, circles);
});
afterAll(async () => {
  await circles?.close();
  await system?.stop();
});

test('whatever breaks, every client ends with the list in Postgres, and saw each change once and in order', async () => {
  const report = await huntHoles({ ...system, circles }, SHORT);
  process.stdout.write(reportHunt(report));
  expect(report.pushed).toBeGreaterThan(0);
  // Friend lists, the members of circles, and people's own circles.
  expect(report.lists).toBe(3 * SHORT.lists);
}, 600_000);
