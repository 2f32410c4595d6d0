import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { isAlive } from '../child-process/run-child-server.ts';
import { eventually } from '../waiting/eventually.ts';
import { childrenOf, signalAllProcesses } from './signal-all-processes.ts';

test('processes that are stopped are all killed, those of a parent that is gone at once too', async () => {
  for (let round = 0; round < 25; round += 1) {
    const parent = spawn('sh', ['-c', 'for n in 1 2 3; do sleep 1000 & done; wait'], { stdio: 'ignore' });
    const pid = parent.pid as number;
    await eventually('it has its children', () => childrenOf(pid).length === 3);
    const children = childrenOf(pid);
    signalAllProcesses(pid, 'SIGSTOP');
    const ended = once(parent, 'exit');
    signalAllProcesses(pid, 'SIGKILL');
    await ended;
    try {
      await eventually('its children have ended', () => !children.some(isAlive), { withinMs: 10_000 });
    } finally {
      for (const child of children.filter(isAlive)) process.kill(child, 'SIGKILL');
    }
    expect(isAlive(pid)).toBe(false);
  }
});
