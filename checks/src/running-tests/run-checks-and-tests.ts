import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { nodeProgram, workspaceRoot } from '@kith/local';
import { compileCache } from '@kith/local/compile-cache';
import { countTests, type JsonReport, type TestCounts } from './count-tests.ts';

const CHECKS = [
  { name: 'types', command: 'tsc', args: ['--noEmit'] },
  { name: 'types of the web client', command: 'tsc', args: ['--noEmit', '--project', 'web'] },
  { name: 'style', command: 'biome', args: ['check', '.'] },
] as const;

/** Runs each check; one that passes says nothing. */
export async function runChecks(): Promise<TestCounts> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { name, command, args } of CHECKS) {
    const program = join(workspaceRoot, 'node_modules', '.bin', command);
    const ok = (await run(program, args)) === 0;
    process.stdout.write(`check ${name}: ${ok ? 'passed' : 'FAILED'}\n`);
    counts[ok ? 'passed' : 'failed'] += 1;
  }
  return counts;
}

/** Runs vitest with its usual output; the counts come from its JSON report. */
export async function runVitest(args: readonly string[]): Promise<TestCounts> {
  const folder = await mkdtemp(join(tmpdir(), 'kith-report-'));
  const report = join(folder, 'report.json');
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  try {
    const exitCode = await run(nodeProgram(), [vitest, 'run', ...reporters, ...args]);
    const text = await readFile(report, 'utf8').catch(() => undefined);
    return countTests(text === undefined ? undefined : (JSON.parse(text) as JsonReport), exitCode);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Resolves with the exit code; 1 for a program that ended by a signal or could not be started. */
function run(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const path = `${dirname(nodeProgram())}${delimiter}${process.env.PATH ?? ''}`;
    // Tests talk to this machine alone: no proxy is between. They start Node again and again: it compiles once.
    const env = { ...process.env, PATH: path, NODE_USE_ENV_PROXY: undefined, NODE_COMPILE_CACHE: compileCache };
    const child = spawn(program, args, { cwd: workspaceRoot, stdio: 'inherit', env });
    child.once('error', (error) => {
      process.stderr.write(`${program}: ${error.message}\n`);
      resolve(1);
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
