import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { eventually } from '@kith/local-servers';
import { nodeProgram, workspaceRoot } from '../system/run-program-with-node-24.ts';

export type Ended = { code: number | null; stdout: string; stderr: string };

/** A `start.ts` of a test, and what it said so far. */
export type StartUnderTest = {
  process: ChildProcess;
  said: { stdout: string; stderr: string };
  ended: Promise<Ended>;
};

/** `through`: what runs it, such as `setpriv` with its arguments. `args`: its own. */
export function runStart(
  env: Record<string, string>,
  { through = [], args = [] }: { through?: readonly string[]; args?: readonly string[] } = {},
): StartUnderTest {
  const whole = [...through, nodeProgram(), join(workspaceRoot, 'local/src/start.ts'), ...args];
  const child = spawn(whole[0] ?? '', whole.slice(1), {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (bytes) => (said.stdout += bytes));
  child.stderr.on('data', (bytes) => (said.stderr += bytes));
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, ...said })));
  return { process: child, said, ended };
}

/** Resolves when it has printed that everything runs. */
export async function untilItRuns(start: StartUnderTest): Promise<void> {
  let ended: Ended | undefined;
  void start.ended.then((how) => {
    ended = how;
  });
  await eventually('start says that Kith runs', () => start.said.stdout.includes('Kith runs') || ended !== undefined, {
    withinMs: 180_000,
    everyMs: 50,
  });
  if (ended) throw new Error(`start ended with ${ended.code}: ${ended.stderr}`);
}

/** Runs `kith` to its end. */
export function runKith(env: Record<string, string>, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env.PATH, ...env } };
    const child = execFile(
      nodeProgram(),
      [join(workspaceRoot, 'operator/src/kith.ts'), ...args],
      options,
      (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}
