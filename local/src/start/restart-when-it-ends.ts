import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceProcess } from '../servers/run-restartable.ts';

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 10_000;
/** A process that ran this long counts as healthy: the delay is reset. */
const WELL_AFTER_MS = 60_000;

/**
 * Supervisor with exponential backoff: restarts a process each time it ends unexpectedly, after 250 ms, then twice as
 * long each time in a row, up to 10 s.
 *
 * @param onRestarted called after each successful restart, before it is logged
 * @returns stop restarting; it resolves when no restart is under way any more
 */
export function restartWhenItEnds(
  process: ServiceProcess,
  say: (line: string) => void,
  onRestarted: () => Promise<void>,
): () => Promise<void> {
  const stopping = new AbortController();
  let delayMs = FIRST_DELAY_MS;
  let startedAt = performance.now();
  let restarting: Promise<void> = Promise.resolve();

  const restart = async (how: number | string): Promise<void> => {
    if (performance.now() - startedAt > WELL_AFTER_MS) delayMs = FIRST_DELAY_MS;
    let why = `ended (${how})`;
    while (!stopping.signal.aborted) {
      say(`${process.name} ${why}; it is started again in ${delayMs / 1000} s.`);
      await delay(delayMs, undefined, { signal: stopping.signal }).catch(() => {});
      delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
      if (stopping.signal.aborted) return;
      try {
        await process.start();
        startedAt = performance.now();
        await onRestarted();
        say(`${process.name} runs again.`);
        return;
      } catch (error) {
        why = `did not start (${(error as Error).message.split('\n')[0]})`;
      }
    }
  };
  process.onUnexpectedEnd((how) => {
    restarting = restart(how);
  });
  return async () => {
    stopping.abort();
    await restarting;
  };
}
