import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { SystemForTest } from './start-system-for-test.ts';

export const WORKSPACE = join(import.meta.dirname, '..', '..', '..');

export interface KithRun {
  readonly child: ChildProcess;
  /** Its exit code, or the signal that ended it, and all it said. */
  readonly ended: Promise<{ code: number | string; stdout: string; stderr: string }>;
}

/** Spawns the operator's command, as a person calls it, for this system. */
export function runKith(
  system: Pick<SystemForTest, 'user' | 'friend' | 'webhook' | 'operatorKey'>,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): KithRun {
  const child = spawn(process.execPath, [join(WORKSPACE, 'operator/src/kith.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      USER_URL: system.user.url,
      FRIEND_URL: system.friend.url,
      ...(system.webhook && { WEBHOOK_URL: system.webhook.url }),
      OPERATOR_KEY: system.operatorKey,
      ...env,
    },
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  const ended = new Promise<{ code: number | string; stdout: string; stderr: string }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: code ?? signal ?? 'unknown', ...texts }));
  });
  return { child, ended };
}

/** What a run with --json printed: one object a line. */
// biome-ignore lint/suspicious/noExplicitAny: each command has a shape of its own.
export function jsonLines(stdout: string): any[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
