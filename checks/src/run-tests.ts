import { buildWebClientWhenStale, findOrInstallServers } from '@kith/local';
import { SetupProblem } from '@kith/local-servers';
import { countsLine, sumOf } from './running-tests/count-tests.ts';
import { runChecks, runVitest } from './running-tests/run-checks-and-tests.ts';
import { startBusyLoops } from './running-tests/start-busy-loops.ts';

// `pnpm test [arguments of vitest]`: installs what the tests need, runs the checks and the tests, and prints the true
// counts as the last line. Each check counts as one test. With `--beside-busy-loops` two other processes use a core each
// meanwhile: a test that passes only on a quiet machine is a flaky one. With `--cluster` the contracts of broker and view
// run over clusters of NATS and Redis, and a whole cluster is hunted. With `--pooler` every suite that has a database, and
// every whole system, runs with a PgBouncer in transaction mode before its Postgres, and nothing else.
const BESIDE_BUSY_LOOPS = '--beside-busy-loops';
const ON_CLUSTERS = '--cluster';
const THROUGH_A_POOLER = '--pooler';
try {
  await findOrInstallServers(
    ['nats', 'redis', 'haproxy', 'chromium'],
    (line) => process.stderr.write(`${line}\n`),
    false,
  );
  // Its types are checked with the code that the build generates.
  await buildWebClientWhenStale((line) => process.stderr.write(`${line}\n`));
} catch (error) {
  if (!(error instanceof SetupProblem)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
const args = process.argv.slice(2);
const ours = [BESIDE_BUSY_LOOPS, ON_CLUSTERS, THROUGH_A_POOLER];
const onClusters = args.includes(ON_CLUSTERS);
if (onClusters) process.env.TEST_ON_CLUSTERS = '1';
const throughPooler = args.includes(THROUGH_A_POOLER);
if (throughPooler) process.env.TEST_THROUGH_POOLER = '1';
const wanted = [...(onClusters ? ['on-clusters', 'cluster'] : []), ...(throughPooler ? ['int-pooled', 'e2e'] : [])];
const projects = wanted.flatMap((project) => ['--project', project]);
const loops = startBusyLoops(args.includes(BESIDE_BUSY_LOOPS) ? 2 : 0);
const counts = sumOf([await runChecks(), await runVitest([...projects, ...args.filter((arg) => !ours.includes(arg))])]);
await loops.stop();
process.stdout.write(`${countsLine(counts)}\n`);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
