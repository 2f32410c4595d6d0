import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A loop that nobody ended has an end of its own. */
const AT_MOST_MS = 90 * 60_000;
/** Checks the clock and its parent now and then: it ends with its parent. */
const BUSY = `
  const until = Date.now() + ${AT_MOST_MS};
  while (Date.now() < until && process.ppid === Number(process.argv[1])) {
    for (let n = 0; n < 1e8; n += 1);
  }
`;

/** Processes that each use a core for as long as the tests run: what fails beside them has judged the clock. */
export function startBusyLoops(count: number): { stop(): Promise<void> } {
  const loops = Array.from({ length: count }, () =>
    spawn(process.execPath, ['--eval', BUSY, String(process.pid)], { stdio: 'ignore' }),
  );
  return {
    async stop() {
      await Promise.all(
        loops.map(async (loop) => {
          if (loop.exitCode !== null || loop.signalCode !== null) return;
          const ended = once(loop, 'exit');
          loop.kill('SIGKILL');
          await ended;
        }),
      );
    },
  };
}
