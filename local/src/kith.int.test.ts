import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeProgram, workspaceRoot } from './system/run-program-with-node-24.ts';

async function kith(args: readonly string[], options: { readerLeaves?: boolean } = {}) {
  const child = spawn(nodeProgram(), [join(workspaceRoot, 'local/src/kith.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stderr.on('data', (chunk) => {
    said.stderr += chunk;
  });
  if (options.readerLeaves) child.stdout.destroy();
  else {
    child.stdout.on('data', (chunk) => {
      said.stdout += chunk;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}

test('help names every command, and is no failure', async () => {
  const { code, stdout, stderr } = await kith(['--help']);
  expect([code, stderr]).toEqual([0, '']);
  for (const command of ['import', 'status', 'events reconcile', 'views rebuild', 'keys rotate']) {
    expect(stdout).toContain(`kith ${command} `);
  }
});

test('a command that there is none of is named, and used wrongly', async () => {
  const { code, stdout, stderr } = await kith(['views', 'burn']);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^There is no command kith views burn\./);
});

test('a reader who leaves early is no failure', async () => {
  expect(await kith(['--help'], { readerLeaves: true })).toEqual({ code: 0, stdout: '', stderr: '' });
});
