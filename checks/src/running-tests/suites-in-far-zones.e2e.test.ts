import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nodeProgram, workspaceRoot } from '@kith/local';
import { endWhenThisProcessDies } from '@kith/local-servers';
import { expect, onTestFinished, test } from 'vitest';

const RUN_WITHIN_MS = 900_000;
/** What is asked how fast it is, and what is about load alone, is for the ordinary run. */
const LEFT_OUT = ['--testNamePattern=^(?!.* ms$)', '--exclude=**/well-connected.int.test.ts'];
/** Says that the server, too, was in the zone: without it a run would prove half. */
const SERVER_IS_IN_THE_ZONE = 'the server was made in the zone of the process';

interface Report {
  testResults: { name: string; status: string; assertionResults: { title: string; status: string }[] }[];
}

/** A run of its own, with a Postgres of its own, which initdb makes in the zone that it finds. */
async function runSuites(zone: string, paths: readonly string[]): Promise<{ report: Report; said: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'kith-zone-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'report.json');
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  // What vitest tells its own workers is not for another vitest.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST$|NODE_ENV$)/.test(name)),
  );
  const child = spawn(
    nodeProgram(),
    [
      vitest,
      'run',
      '--project',
      'int',
      '--maxWorkers=2',
      ...LEFT_OUT,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
      ...paths,
    ],
    { cwd: workspaceRoot, stdio: ['ignore', 'pipe', 'pipe'], env: { ...env, TZ: zone } },
  );
  endWhenThisProcessDies(child, 'SIGTERM');
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  await new Promise((resolve) => child.once('close', resolve));
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Error(`The run left no report:\n${said}`);
  });
  return { report: JSON.parse(text) as Report, said };
}

test.each(['Asia/Kathmandu', 'Pacific/Marquesas'])(
  'the suites of the user and the friend service pass where server and process are in %s',
  async (zone) => {
    const { report } = await runSuites(zone, ['services/user', 'services/friend']);
    // A zone fails a test each time; what a busy machine fails once is for the ordinary run to tell.
    const again = report.testResults.filter(({ status }) => status === 'failed').map(({ name }) => name);
    if (again.length > 0) {
      const second = await runSuites(zone, again);
      const failed = second.report.testResults.filter(({ status }) => status === 'failed');
      if (failed.length > 0) process.stderr.write(second.said);
      expect(failed.map(({ name }) => name)).toEqual([]);
      expect(second.report.testResults).toHaveLength(again.length);
    }
    const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
    expect(tests.find(({ title }) => title === SERVER_IS_IN_THE_ZONE)?.status).toBe('passed');
    for (const service of ['services/user/', 'services/friend/']) {
      const files = report.testResults.filter(({ name }) => name.includes(service));
      expect(files.length).toBeGreaterThan(10);
    }
  },
  RUN_WITHIN_MS,
);
