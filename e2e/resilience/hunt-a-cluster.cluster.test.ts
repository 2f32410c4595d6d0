import { afterAll, beforeAll, expect, test } from 'vitest';
import { HUNT_ENV } from '../src/hunt/hunt-holes.ts';
import { huntCluster, whyNoCluster } from '../src/hunt-cluster/hunt-cluster.ts';
import { reportClusterHunt, seenByClients, startsThatFailed } from '../src/hunt-cluster/report-cluster-hunt.ts';
import { type ClusterForTest, startClusterForTest } from '../src/system/start-cluster-for-test.ts';
import { PATIENT_GATEWAYS } from '../src/system/start-system-for-test.ts';

// Ten minutes, with every kind of fault: npx -y pnpm@12 hunt --cluster
const SHORT = { seconds: 90, clients: 24, lists: 4, changesPerSecond: 5, eachOnce: false };
const say = (line: string) => process.stdout.write(`${line}\n`);

const why = whyNoCluster();
if (why) say(why);

let system: ClusterForTest;
beforeAll(async () => {
  if (!why) system = await startClusterForTest({ env: { ...HUNT_ENV, ...PATIENT_GATEWAYS }, say });
});
afterAll(() => system?.stop());

test.skipIf(why !== undefined)(
  'whichever node of anything breaks, nothing acknowledged is lost, and each client saw each change once and in order',
  async () => {
    const report = await huntCluster(system, { ...SHORT, say });
    say(reportClusterHunt(report));
    expect(report.pushed).toBeGreaterThan(0);
    expect(report.faults.length).toBeGreaterThan(0);
    expect(seenByClients(report.faults)).toEqual([]);
    expect(startsThatFailed(report.faults)).toEqual([]);
  },
);
